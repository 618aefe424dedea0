import { describe, expect, test } from "vitest";
import { colorOf, inkOn, LIGHT, luminance, mixed, readable, rgbOf } from "../src/colors";

const contrast = (one: string, other: string) => {
  const [p, q] = [luminance(rgbOf(one)), luminance(rgbOf(other))];
  return (Math.max(p, q) + 0.05) / (Math.min(p, q) + 0.05);
};

describe("colors", () => {
  test("the ends of viridis, and what lies beyond", () => {
    expect(colorOf(0)).toEqual([68, 1, 84]);
    expect(colorOf(1)).toEqual([253, 231, 37]);
    expect(colorOf(-3)).toEqual(colorOf(0));
    expect(colorOf(7)).toEqual(colorOf(1));
    expect(colorOf(0.5)).toEqual([33, 145, 140]);
  });
  test("luminance by its definition", () => {
    expect(luminance([255, 255, 255])).toBeCloseTo(1, 12);
    expect(luminance([0, 255, 0])).toBeCloseTo(0.7152, 12);
    expect(luminance([128, 128, 128])).toBeCloseTo(0.2158605, 6);
  });
  test("mixing", () => {
    expect(mixed("#000000", "#ffffff", 0.2)).toBe("#cccccc");
    expect(mixed("#f00", "#00f", 1)).toBe("#ff0000");
    expect(rgbOf("rebeccapurple")).toEqual([128, 128, 128]);
  });
  test("lines are light on dark and dark on light", () => {
    expect(inkOn(0)).toBe("rgba(255,255,255,0.60)");
    expect(inkOn(1)).toBe("rgba(13,18,26,0.50)");
  });
  test("small type reads on paper, and a color that does already stays", () => {
    for (const color of ["#E69F00", "#56B4E9", "#009E73", "#CC79A7"]) {
      expect(contrast(color, LIGHT.paper)).toBeLessThan(5);
      expect(contrast(readable(color, LIGHT), LIGHT.paper)).toBeGreaterThanOrEqual(5);
    }
    expect(readable("#0072B2", LIGHT)).toBe("#0072b2");
  });
});
