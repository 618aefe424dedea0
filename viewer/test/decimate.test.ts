import { expect, test } from "vitest";
import { places, thin } from "../src/decimate";

const u = undefined;

test("few steps keep a place each", () => {
  const at = places(4, 400);
  expect(at).toEqual({ x: [0, 1, 2, 3, 4], width: 1 });
  expect(thin([0, 2, 4], [5, NaN, 7], 3, at)).toEqual([5, u, null, u, 7]);
});

test("what is beyond the size of a growing array does not count", () => {
  expect(thin([0, 1, 0, 0], [5, 6, 9, 9], 2, places(2, 10))).toEqual([5, 6, u]);
});

test("a bucket keeps its least and its largest value, in their order", () => {
  const at = places(7, 2);
  expect(at).toEqual({ x: [0, 2, 4, 6], width: 4 });
  expect(thin([0, 1, 2, 3, 4, 5, 6, 7], [3, 9, 1, 4, 2, 2.5, 8, 5], 8, at)).toEqual([9, 1, 2, 8]);
});

test("a bucket of one value puts it into its half, one without any is a gap", () => {
  const at = places(15, 4);
  expect(thin([1, 7, 9], [5, 6, NaN], 3, at)).toEqual([5, u, u, 6, null, u, u, u]);
});

test("a logarithmic axis has no place for zero", () => {
  expect(thin([0, 1, 2], [0, 1, -1], 3, places(2, 10), true)).toEqual([null, 1, null]);
  expect(thin([0, 1, 2, 3], [0, 4, -1, 2], 4, places(3, 2), true)).toEqual([u, 4, u, 2]);
});

test("no extreme of ten thousand steps is lost, and the size is bounded", () => {
  const steps = Int32Array.from({ length: 10001 }, (_, i) => i);
  const values = Float32Array.from(steps, (i) => (i === 7777 ? 1000 : i === 3333 ? -1000 : Math.sin(i)));
  const at = places(10000, 400);
  const found = thin(steps, values, steps.length, at).filter((v) => typeof v === "number");
  expect(at.x.length).toBeLessThanOrEqual(800);
  expect(Math.max(...found)).toBe(1000);
  expect(Math.min(...found)).toBe(-1000);
  expect(at.x.every((x, i) => i === 0 || x > at.x[i - 1]!)).toBe(true);
});
