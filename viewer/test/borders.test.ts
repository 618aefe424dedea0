import { expect, test } from "vitest";
import { bordersOf } from "../src/borders";

const lines = (flat: number[]) => Array.from({ length: flat.length / 4 }, (_, i) => flat.slice(4 * i, 4 * i + 4));

test("two basins side by side have one straight border", () => {
  expect(lines(bordersOf(Int32Array.from([0, 0, 1, 0, 0, 1, 0, 0, 1]), 3))).toEqual([[1.5, -0.5, 1.5, 2.5]]);
});
test("a basin within another has four, and a hole is a basin of its own", () => {
  const found = lines(bordersOf(Int32Array.from([0, 0, 0, 0, -1, 0, 0, 0, 0]), 3));
  expect(found).toEqual([[0.5, 0.5, 0.5, 1.5], [1.5, 0.5, 1.5, 1.5], [0.5, 0.5, 1.5, 0.5], [0.5, 1.5, 1.5, 1.5]]);
});
test("one basin has none", () => expect(bordersOf(new Int32Array(12), 4)).toEqual([]));
