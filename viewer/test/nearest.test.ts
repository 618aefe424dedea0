import { expect, test } from "vitest";
import { nearestMark } from "../src/nearest";

const where = { window: { a0: 0, a1: 10, b0: 0, b1: 10 }, rect: { x: 20, y: 10, width: 100, height: 100 } };
const points = [{ a: 5, b: 5 }, { a: 5.5, b: 5 }, { a: NaN, b: 5 }];

test("the nearer of two marks counts, with its number", () => {
  expect(nearestMark(points, where, 71, 60)).toMatchObject({ a: 5, b: 5, found: 0 });
  expect(nearestMark(points, where, 74, 60)).toMatchObject({ a: 5.5, b: 5, found: 1 });
});
test("who points at the origin means it, unless a mark is there", () => {
  const middle = { a: 0, b: 0, run: null, step: null };
  expect(nearestMark([], where, 22, 108)).toEqual(middle);
  expect(nearestMark([], where, 25, 110)).toBeNull();
  expect(nearestMark([{ a: 0.1, b: 0 }], where, 20, 110)).toMatchObject({ a: 0.1, found: 0 });
});
test("far from all there is none", () => {
  expect(nearestMark(points, where, 70, 71)).toBeNull();
  expect(nearestMark([], where, 70, 60)).toBeNull();
});
