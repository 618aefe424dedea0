import { expect, test } from "vitest";
import { rowAt } from "../src/row";

test("the last row that is not after the step", () => {
  const steps = [0, 10, 20, 30, 99, 99];
  expect([-1, 0, 9, 10, 25, 30, 1000].map((step) => rowAt(steps, 4, step))).toEqual([-1, 0, 0, 1, 2, 3, 3]);
  expect(rowAt(steps, 4, null)).toBe(3);
  expect(rowAt(steps, 0, null)).toBe(-1);
  expect(rowAt(steps, 0, 5)).toBe(-1);
});
