import { describe, expect, test } from "vitest";
import { aOf, bOf, extentOf, fit, indexOf, inside, xOf, yOf } from "../src/projection";
import { surface } from "./surfaces";

const where = { window: { a0: -1, a1: 3, b0: 0, b1: 2 }, rect: { x: 10, y: 20, width: 400, height: 100 } };

describe("projection", () => {
  test("corners: a to the right, b upward", () => {
    expect([xOf(where, -1), xOf(where, 3), yOf(where, 2), yOf(where, 0)]).toEqual([10, 410, 20, 120]);
  });
  test("and back", () => {
    expect(aOf(where, xOf(where, 0.7))).toBeCloseTo(0.7, 12);
    expect(bOf(where, yOf(where, 1.3))).toBeCloseTo(1.3, 12);
  });
  test("equal units: the largest rectangle of the window's shape, in the middle", () => {
    const room = { x: 0, y: 0, width: 300, height: 300 };
    expect(fit(room, where.window, true)).toEqual({ x: 0, y: 75, width: 300, height: 150 });
    expect(fit({ ...room, width: 900 }, where.window, true)).toEqual({ x: 150, y: 0, width: 600, height: 300 });
    expect(fit(room, where.window, false)).toBe(room);
  });
  test("the extent of a surface; a lone row gets a width", () => {
    expect(extentOf(surface(5, 3, () => 1))).toEqual({ a0: 0, a1: 4, b0: 0, b1: 2 });
    expect(extentOf(surface(5, 1, () => 1))).toEqual({ a0: 0, a1: 4, b0: -2, b1: 2 });
    expect(extentOf(surface(1, 1, () => 1))).toEqual({ a0: -0.5, a1: 0.5, b0: -0.5, b1: 0.5 });
  });
  test("fractional indices on an uneven axis, kept on it", () => {
    const axis = Float32Array.from([0, 1, 5]);
    expect([-2, 0, 0.5, 1, 2, 5, 9].map((at) => indexOf(axis, at))).toEqual([0, 0, 0.5, 1, 1.25, 2, 2]);
    expect(indexOf(Float32Array.from([3]), 7)).toBe(0);
    expect(indexOf(axis, NaN)).toBe(0);
  });
  test("inside, borders included", () => {
    expect([inside(where.window, -1, 2), inside(where.window, 3.1, 1), inside(where.window, NaN, 1)]).toEqual([true, false, false]);
  });
});
