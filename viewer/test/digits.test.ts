import { expect, test } from "vitest";
import { bothTicks, count, fromTo, percent, short, ticks, unbroken } from "../src/digits";

test("numbers keep the digits that count", () => {
  expect([0.61234, -14.2345, 1234.5, 0.5, 100, 0.00012345].map((v) => short(v))).toEqual([
    "0.612", "−14.2", "1,230", "0.5", "100", "0.000123",
  ]);
  expect([1.2e6, -4.567e-5, 99999, 1e-12].map((v) => short(v))).toEqual(["1.2 × 10⁶", "−4.57 × 10⁻⁵", "1 × 10⁵", "1 × 10⁻¹²"]);
  expect([0, -0, NaN, Infinity, -Infinity].map((v) => short(v))).toEqual(["0", "0", "NaN", "∞", "−∞"]);
  expect([short(1.2345, 2), short(0.9999), short(12500, 6)]).toEqual(["1.2", "1", "12,500"]);
});

test("a count keeps all its digits", () => {
  expect([count(7), count(12345), count(1000000)]).toEqual(["7", "12,345", "1,000,000"]);
});

test("an error as a share is rounded up, never down", () => {
  expect([0, 0.0004, 0.001, 0.0201, 0.03, 0.5].map(percent)).toEqual(["0 %", "0.1 %", "0.1 %", "3 %", "3 %", "50 %"]);
});

test("ticks are round and inside", () => {
  expect(ticks(0, 1, false, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  expect(ticks(-0.3, 0.3, false, 3)).toEqual([-0.2, 0, 0.2]);
  expect(ticks(0.31, 0.69, true, 4)).toEqual([0.4, 0.5, 0.6]);
  expect(ticks(2, 2, false, 4)).toEqual([2]);
});

test("ticks of a logarithmic axis are powers of ten, divided where there is room", () => {
  expect(ticks(0.02, 3, true, 5)).toEqual([0.1, 1]);
  expect(ticks(0.02, 3, true, 8)).toEqual([0.02, 0.05, 0.1, 0.2, 0.5, 1, 2]);
  expect(ticks(1e-12, 1, true, 4)).toEqual([1e-12, 1e-9, 1e-6, 1e-3, 1]);
});

test("ticks of both signs are powers of ten around zero, where there is room", () => {
  expect(bothTicks(-0.5, 30, 0.01, 12)).toEqual([-0.1, 0, 0.1, 1, 10]);
  expect(bothTicks(-0.4, 6, 0.01, 5.7)).toEqual([-0.1, 0, 0.1, 1]);
  expect(bothTicks(0, 30, 0.1, 20)).toEqual([0, 0.1, 1, 10]);
});

test("the ends of a span are told apart", () => {
  expect(fromTo(0.688, 1.0098)).toEqual(["0.688", "1.01"]);
  expect(fromTo(0.692096, 0.692432)).toEqual(["0.692096", "0.692432"]);
  expect(fromTo(1e-9, 3e-9)).toEqual(["1 × 10⁻⁹", "3 × 10⁻⁹"]);
  expect(fromTo(2, 2)).toEqual(["2", "2"]);
});

test("no line ends between a number and what belongs to it", () => {
  expect(unbroken("62 % of 400, 1.2 × 10⁻⁶ and 3 × 4")).toBe("62\u00a0% of 400, 1.2\u00a0×\u00a010⁻⁶ and 3 × 4");
});
