import { expect, test } from "vitest";
import { spread } from "../src/spread";

test("names with room stay where they are", () => {
  expect(spread([10, 50, 30], 15, 0, 100)).toEqual([10, 50, 30]);
});

test("crowded names move apart, in their order and inside", () => {
  expect(spread([50, 50, 50], 15, 0, 100)).toEqual([50, 65, 80]);
  expect(spread([98, 95, 120], 15, 0, 100)).toEqual([85, 70, 100]);
  expect(spread([-10, 2], 15, 0, 100)).toEqual([0, 15]);
});

test("too many share the room", () => {
  expect(spread([1, 2, 3, 4, 5], 15, 0, 40)).toEqual([0, 10, 20, 30, 40]);
  expect(spread([], 15, 0, 40)).toEqual([]);
});
