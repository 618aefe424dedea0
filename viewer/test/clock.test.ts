import { expect, test } from "vitest";
import { advance, begins, stepped } from "../src/clock";

test("time goes on by speed times what elapsed", () => {
  expect(advance(10, 500, 60, 600)).toBe(40);
  expect(advance(10, 16, 1, 600)).toBeCloseTo(10.016, 12);
  expect(advance(590, 1000, 10, 600)).toBeNull();
  expect(advance(589, 1000, 10, 600)).toBe(599);
});

test("the greatest speed shows all of it in four seconds, but short runs faster", () => {
  expect(advance(0, 1000, 0, 10000)).toBe(2500);
  expect(advance(0, 1000, 0, 600)).toBe(300);
});

test("playing begins where it stands, at the end from the beginning", () => {
  expect([begins(null, 9), begins(9, 9), begins(4, 9)]).toEqual([0, 0, 4]);
});

test("steps stay within the run, and the end is the newest", () => {
  expect([stepped(null, -1, 9), stepped(0, -1, 9), stepped(7, 1, 9), stepped(8, 1, 9), stepped(null, 1, 9)]).toEqual([
    8, 0, 8, null, null,
  ]);
  expect(stepped(20, -1, 9)).toBe(8);
});
