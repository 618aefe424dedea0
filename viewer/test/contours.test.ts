import { describe, expect, test } from "vitest";
import { along, contoursOf, isolines } from "../src/contours";
import { surface } from "./surfaces";

const grid = (columns: number, rows: number, value: (x: number, y: number) => number) =>
  Float32Array.from({ length: columns * rows }, (_, i) => value(i % columns, Math.floor(i / columns)));
const points = (line: Float32Array) => Array.from({ length: line.length / 2 }, (_, i) => [line[2 * i]!, line[2 * i + 1]!] as const);
const closed = (line: Float32Array) => line[0] === line.at(-2) && line[1] === line.at(-1);

describe("contours", () => {
  test("a plane has one straight line a level, from border to border", () => {
    const [lines] = isolines(grid(6, 5, (x, y) => x + 2 * y), 6, [4.5]);
    expect(lines).toHaveLength(1);
    for (const [x, y] of points(lines![0]!)) expect(x + 2 * y).toBeCloseTo(4.5, 5);
    const ends = [points(lines![0]!)[0]!, points(lines![0]!).at(-1)!].sort((p, q) => p[0] - q[0]);
    expect(ends[0]![0]).toBeCloseTo(0, 6);
    expect(ends[0]![1]).toBeCloseTo(2.25, 6);
    expect(ends[1]![0]).toBeCloseTo(4.5, 6);
    expect(ends[1]![1]).toBeCloseTo(0, 6);
  });
  test("a paraboloid has one closed ring a level, on the circle", () => {
    const [lines] = isolines(grid(41, 41, (x, y) => (x - 20) ** 2 + (y - 20) ** 2), 41, [144]);
    expect(lines).toHaveLength(1);
    expect(closed(lines![0]!)).toBe(true);
    for (const [x, y] of points(lines![0]!)) expect(Math.hypot(x - 20, y - 20)).toBeCloseTo(12, 1);
    // Green's formula: the area within.
    const ring = points(lines![0]!);
    const area = ring.slice(1).reduce((sum, [x, y], i) => sum + (ring[i]![0] * y - x * ring[i]![1]) / 2, 0);
    expect(Math.abs(area)).toBeCloseTo(Math.PI * 144, -1);
  });
  test("the smallest ring, around one cell", () => {
    const [lines] = isolines(grid(3, 3, (x, y) => (x === 1 && y === 1 ? 1 : 0)), 3, [0.5]);
    expect(lines).toHaveLength(1);
    expect(points(lines![0]!)).toHaveLength(5);
    expect(closed(lines![0]!)).toBe(true);
  });
  test("in a saddle cell the middle decides which corners are joined", () => {
    const joined = (corners: number[], level: number) =>
      isolines(Float32Array.from(corners), 2, [level])[0]!.map((line) => points(line).map(([x, y]) => `${x},${y}`).sort().join(" ")).sort();
    // Corners: lower left, lower right, upper left, upper right; the high ones on one diagonal.
    expect(joined([1, 0, 0, 1], 0.25)).toEqual(["0,0.75 0.25,1", "0.75,0 1,0.25"]); // high middle: joined
    expect(joined([1, 0, 0, 1], 0.75)).toEqual(["0,0.25 0.25,0", "0.75,1 1,0.75"]); // low middle: apart
    expect(joined([0, 1, 1, 0], 0.25)).toEqual(["0,0.25 0.25,0", "0.75,1 1,0.75"]);
    expect(joined([0, 1, 1, 0], 0.75)).toEqual(["0,0.75 0.25,1", "0.75,0 1,0.25"]);
  });
  test("no line goes through a cell with a corner that is NaN", () => {
    const values = grid(5, 5, (x) => x);
    values[2 * 5 + 2] = NaN;
    const [lines] = isolines(values, 5, [1.5]);
    expect(lines).toHaveLength(2);
    const rows = lines!.flatMap(points).map(([, y]) => y).sort((p, q) => p - q);
    expect(rows).toEqual([0, 1, 3, 4]);
  });
  test("levels beyond the values have no line, and one level does not disturb the next", () => {
    const values = grid(4, 4, (x) => x);
    const found = isolines(values, 4, [-1, 0.5, 9, 1.5]);
    expect(found.map((lines) => lines.length)).toEqual([0, 1, 0, 1]);
    expect(points(found[3]![0]!).every(([x]) => x === 1.5)).toBe(true);
  });
  test("a surface's lines are in its own coordinates, on its own scale, and made once", () => {
    const made = surface(3, 2, (a) => 10 ** a, { scale: "log", limits: [1, 100], levels: [10 ** 0.5], level_texts: ["3.2"] });
    made.arrays.a!.set([0, 2, 10]);
    const [level] = contoursOf(made);
    expect(level!.share).toBeCloseTo(0.25, 6);
    expect(level!.text).toBe("3.2");
    for (const [a] of points(level!.lines[0]!)) expect(a).toBeCloseTo(1, 5);
    expect(contoursOf(made)).toBe(contoursOf(made));
  });
  test("a place along an uneven axis", () => {
    expect(along(Float32Array.from([0, 1, 5]), 1.25)).toBe(2);
    expect(along(Float32Array.from([0, 1, 5]), 2)).toBe(5);
  });
});
