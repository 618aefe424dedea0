import { expect, test } from "vitest";
import { classColors, shaded } from "../src/shading";

const pixels = (out: Uint8ClampedArray) => Array.from({ length: out.length / 4 }, (_, i) => [...out.slice(4 * i, 4 * i + 4)]);

test("the lowest row comes last, sureness is opacity, doubt is clear", () => {
  const out = shaded(Float32Array.of(0, 1, 0.5, NaN), 2, ["#000102", "#ff0a00"]);
  expect(pixels(out)).toEqual([
    [255, 10, 0, 0],
    [0, 0, 0, 0],
    [0, 1, 2, 110],
    [255, 10, 0, 110],
  ]);
});

test("more classes have a color each, equally strong", () => {
  const out = shaded(Float32Array.of(0, 1, 2, 2), 3, ["#010000", "#020000", "#030000"]);
  expect(pixels(out).map(([red, , , alpha]) => [red, alpha])).toEqual([[3, 110], [3, 110], [1, 110], [2, 110]]);
});

test("every class has a color in both themes, and the first two differ", () => {
  for (const dark of [true, false]) {
    const colors = classColors(dark, 8);
    expect(colors.every((color) => /^#[0-9A-F]{6}$/i.test(color))).toBe(true);
    expect(colors[0]).not.toBe(colors[1]);
  }
});
