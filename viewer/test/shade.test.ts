import { describe, expect, test } from "vitest";
import { filled, lightOn, parts, quantile, shareOf } from "../src/shade";

const f = (...values: number[]) => Float32Array.from(values);
const near = (found: Float32Array, wanted: number[], digits = 4) =>
  [...found].forEach((value, i) => expect(value).toBeCloseTo(wanted[i]!, digits));

describe("shade", () => {
  test("parts of the limits", () => {
    near(parts([1, 10, 100, 1000], { scale: "log", limits: [1, 100] }), [0, 0.5, 1, 1.5], 6);
    near(parts([1, 10], { scale: "linear", limits: [0, 4] }), [0.25, 2.5], 6);
    expect([...parts([-1, NaN], { scale: "log", limits: [1, 100] })]).toEqual([NaN, NaN]);
    expect(shareOf(12, { scale: "linear", limits: [0, 4] })).toBe(1);
  });
  test("holes take the mean of their known neighbors, ring by ring", () => {
    const holes = f(1, NaN, 3, NaN, NaN, NaN, 5, NaN, NaN);
    expect([...filled(holes, 3)]).toEqual([1, 2, 3, 3, 3.25, 3, 5, 5, 4]); // as plots/shade.py
    expect(holes[1]).toBeNaN();
    expect([...filled(f(NaN, NaN), 2)]).toEqual([0, 0]);
  });
  test("quantiles as numpy's", () => {
    expect(quantile(f(4, 1, 3, 2), 0.5)).toBe(2.5);
    expect(quantile(f(0, 10), 0.95)).toBeCloseTo(9.5, 6);
  });
  test("level ground is neither bright nor dark; what faces the upper left is bright", () => {
    const axis = f(0, 1, 2);
    expect(lightOn(f(1, 1, 1, 1, 1, 1, 1, 1, 1), axis, axis, true)).toEqual(new Float32Array(9));
    const down = lightOn(f(2, 1, 0, 3, 2, 1, 4, 3, 2), axis, axis, true); // falls to the right and down
    const up = lightOn(f(0, 1, 2, 0, 1, 2, 0, 1, 2), axis, axis, true); // rises to the right: faces left
    expect(Math.max(...down)).toBeLessThan(0);
    expect(Math.min(...up)).toBeGreaterThan(0);
  });
  test("the light of a bent surface on uneven axes, as plots/shade.py has it", () => {
    const heights = f(0, 0.2, 0.5, 0.6, 0.1, 0.4, 0.4, 0.9, 0.3, 0.2, 0.8, 1);
    const [a, b] = [f(0, 1, 2, 4), f(0, 1, 3)];
    near(lightOn(heights, a, b, true), [
      -0.0461, -0.3034, 0.375, -0.8269, -0.0314, -0.0766, 0.1749, -0.3467, -0.6332, 0.3571, -0.2346, 0.042,
    ]);
    near(lightOn(heights, a, b, false), [
      0.0187, -0.1851, 0.3475, -0.6681, 0.0151, -0.0022, 0.1805, -0.2199, -0.5873, 0.3268, -0.1564, 0.0824,
    ]);
  });
});
