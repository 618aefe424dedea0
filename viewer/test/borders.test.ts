import { expect, test } from "vitest";
import { bordersOf } from "../src/borders";

const places = (line: number[]) => Array.from({ length: line.length / 2 }, (_, k) => [line[2 * k]!, line[2 * k + 1]!] as const);

test("two basins side by side have one straight border, from side to side", () => {
  const [line, ...others] = bordersOf(Int32Array.from([0, 0, 1, 0, 0, 1, 0, 0, 1]), 3);
  expect(others).toEqual([]);
  expect(new Set(places(line!).map(([x]) => x))).toEqual(new Set([1.5]));
  expect(places(line!).map(([, y]) => y).sort((p, q) => p - q)).toEqual([-0.5, 0, 1, 2, 2.5]);
});
test("a basin within another, or a hole, is gone around", () => {
  const [line, ...others] = bordersOf(Int32Array.from([0, 0, 0, 0, -1, 0, 0, 0, 0]), 3);
  expect(others).toEqual([]);
  expect(places(line!)).toHaveLength(5);
  expect(places(line!)[0]).toEqual(places(line!)[4]);
  for (const [x, y] of places(line!)) expect(Math.abs(x - 1) + Math.abs(y - 1)).toBe(0.5);
});
test("stairs become a slope", () => {
  const basin = Int32Array.from({ length: 64 }, (_, v) => (v % 8 > Math.floor(v / 8) ? 1 : 0));
  const [line, ...others] = bordersOf(basin, 8);
  expect(others).toEqual([]);
  for (const [x, y] of places(line!).slice(1, -1)) expect(x - y).toBeCloseTo(0.5, 12); // halfway between cells on and off
});
test("three basins that meet have three borders, which keep the place where they meet", () => {
  const lines = bordersOf(Int32Array.from([0, 0, 0, 0, 1, 1, 2, 2, 1, 1, 2, 2, 1, 1, 2, 2].slice(0, 16)), 4);
  expect(lines).toHaveLength(3);
  const ends = lines.flatMap((line) => [places(line)[0]!, places(line).at(-1)!]).map(String);
  expect(ends.filter((end) => end === "1.5,0.5")).toHaveLength(3);
});
test("one basin has none", () => expect(bordersOf(new Int32Array(12), 4)).toEqual([]));
