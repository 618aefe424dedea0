import { describe, expect, test } from "vitest";
import { colorOf } from "../src/colors";
import { colorPixels } from "../src/paint";
import { extentOf } from "../src/projection";
import { surface } from "./surfaces";

function pixelsOf(made: ReturnType<typeof surface>, width: number, height: number): (x: number, y: number) => number[] {
  const pixels = new Uint32Array(width * height);
  colorPixels(made, { window: extentOf(made), rect: { x: 0, y: 0, width, height } }, pixels);
  const bytes = new Uint8Array(pixels.buffer);
  return (x, y) => [...bytes.subarray(4 * (y * width + x), 4 * (y * width + x) + 4)];
}

describe("paint", () => {
  test("level ground has the color of its value, unshaded", () => {
    const at = pixelsOf(surface(4, 4, () => 10), 8, 8);
    expect(at(0, 0)).toEqual([...colorOf(1), 255]);
    expect(at(7, 3)).toEqual([...colorOf(1), 255]);
  });
  test("the first row of pixels is the largest b", () => {
    const at = pixelsOf(surface(3, 3, (_, b) => 5 * b), 6, 60);
    const green = (y: number) => at(3, y)[1]!;
    expect(green(0)).toBeGreaterThan(green(30));
    expect(green(30)).toBeGreaterThan(green(59));
  });
  test("colors are bilinear between cells, in the scale", () => {
    const flat = { equal: false, limits: [0, 1e6], levels: [] }; // so gentle that no light shows
    const at = pixelsOf(surface(2, 2, (a) => 1e6 * a, flat), 200, 2);
    const reds = Array.from({ length: 200 }, (_, x) => at(x, 0)[1]!);
    for (let x = 1; x < 200; x++) expect(reds[x]!).toBeGreaterThanOrEqual(reds[x - 1]!);
    expect(new Set(reds).size).toBeGreaterThan(100); // not two colors
  });
  test("the light: a slope toward the upper left is brighter than the same color level", () => {
    const slope = pixelsOf(surface(9, 9, (a, b) => (5 * (a - b)) / 8 + 5), 9, 9);
    const level = pixelsOf(surface(9, 9, () => 5), 9, 9);
    const sum = (color: number[]) => color[0]! + color[1]! + color[2]!;
    expect(sum(slope(4, 4))).toBeGreaterThan(sum(level(4, 4)));
  });
  test("holes are clear, cell by cell, and nothing is drawn across them", () => {
    const at = pixelsOf(surface(5, 5, (a, b) => (a === 2 && b === 3 ? NaN : 5)), 40, 40);
    expect(at(20, 10)[3]).toBe(0); // the middle of the cell: b = 3 lies in the upper half
    expect(at(20, 14)[3]).toBe(0);
    expect(at(20, 16)[3]).toBe(255); // beyond half the way to the next cell
    expect(at(20, 30)).toEqual([...colorOf(0.5), 255]);
  });
  test("nothing known: all clear", () => {
    const at = pixelsOf(surface(3, 3, () => NaN), 4, 4);
    expect(at(0, 0)).toEqual([0, 0, 0, 0]);
    expect(at(3, 3)).toEqual([0, 0, 0, 0]);
  });
});
