import { describe, expect, test } from "vitest";
import { border, dotEvery, exitsOf, headRow, nearestRow, wayOut } from "../src/pathlines";
import { emptyPath } from "../src/reduce";
import type { Path } from "../src/state";

const where = { window: { a0: 0, a1: 1, b0: 0, b1: 1 }, rect: { x: 0, y: 0, width: 100, height: 100 } };

function pathOf(places: readonly (readonly [number, number])[], stride = 1): Path {
  const path = { ...emptyPath(places.length), size: places.length };
  places.forEach(([a, b], i) => {
    path.step[i] = i * stride;
    path.a[i] = a;
    path.b[i] = b;
  });
  return path;
}

describe("pathlines", () => {
  test("the head is the last step with a place", () => {
    const path = pathOf([[0, 0], [0.5, 0.5], [NaN, 1], [Infinity, 0]]);
    expect([headRow(path, 3), headRow(path, 1), headRow(path, 0)]).toEqual([1, 1, 0]);
    expect(headRow(pathOf([[NaN, 0]]), 0)).toBe(-1);
  });
  test("where a way crosses the border", () => {
    expect(border(where.rect, 50, 50, 150, 50)).toEqual([100, 50]);
    expect(border(where.rect, 50, 50, 250, -50)).toEqual([100, 25]);
    expect(border(where.rect, 50, 50, 60, 250)).toEqual([52.5, 100]);
  });
  test("exits point outward; the last one is final when the run stays out", () => {
    const exits = exitsOf(pathOf([[0.5, 0.5], [1.5, 0.5], [0.5, 0.9], [0.5, 1.3], [0.5, 3]]), 4, where);
    expect(exits).toHaveLength(2);
    expect(exits[0]).toEqual({ x: 100, y: 50, angle: 0, final: false });
    expect(exits[1]).toEqual({ x: 50, y: 0, angle: (3 * Math.PI) / 2, final: true });
  });
  test("many crossings at one place are one mark", () => {
    const swing = Array.from({ length: 20 }, (_, i) => [i % 2 ? 1.2 : 0.8, 0.5] as const);
    expect(exitsOf(pathOf(swing), 18, where)).toEqual([{ x: 100, y: 50, angle: 0, final: false }]);
    expect(exitsOf(pathOf(swing), 19, where)[0]!.final).toBe(true);
  });
  test("a run that never was inside is marked where it is", () => {
    expect(exitsOf(pathOf([[-3, 0.5], [-4, 0.5]]), 1, where)).toEqual([{ x: 0, y: 50, angle: Math.PI, final: true }]);
  });
  test("no step, no exit", () => expect(exitsOf(pathOf([[0.5, 0.5]]), 0, where)).toEqual([]));
  test("which way a place lies outside", () => {
    expect([wayOut(where, 2, 0.5), wayOut(where, -1, 3), wayOut(where, 0.5, -1), wayOut(where, 0.5, 0.5)]).toEqual([
      "to the right", "to the left and up", "down", "",
    ]);
  });
  test("the nearest step, up to a time", () => {
    const trail = { row: [0, 4, 9], x: [0, 10, 12], y: [0, 0, 0], look: [-1, 0, 0] };
    expect(nearestRow(trail, 9, 12, 3, 8)).toEqual({ row: 9, away: 3 });
    expect(nearestRow(trail, 8, 12, 0, 8)).toEqual({ row: 4, away: 2 });
    expect(nearestRow(trail, 9, 50, 0, 8).row).toBe(-1);
  });
  test("dots at equal times, the same while a run is under way as at its end", () => {
    const every = (size: number, length: number, stride = 1) =>
      dotEvery({ length, path: pathOf(Array.from({ length: size }, () => [0, 0] as const), stride) });
    expect([every(600, 600), every(20, 600), every(10, 10)]).toEqual([15, 15, 1]);
    expect(every(60, 600, 10)).toBe(2); // recorded every tenth step
  });
});
