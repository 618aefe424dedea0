import { expect, test } from "vitest";
import { here, numbersOf, pictureOf } from "../src/underneath";

const place = (a: number) => ({ a, b: 0, run: null, step: null });

test("here is where one looks, then the pointer, then the middle", () => {
  expect(here({ looked: place(1), pointer: place(2) }).a).toBe(1);
  expect(here({ looked: null, pointer: place(2) }).a).toBe(2);
  expect(here({ looked: null, pointer: null }).a).toBe(0);
});

test("eigenvalues are sorted and the negative ones apart", () => {
  const { x, lines } = pictureOf(Float32Array.of(3, -2, 0, 1), 1, "red", "blue");
  expect(x).toEqual([1, 2, 3, 4]);
  expect(lines.map(({ values }) => values)).toEqual([[-2, undefined, undefined, undefined], [undefined, 0, 1, 3]]);
});

test("a critical point in numbers", () => {
  expect(numbersOf({ index: 3, nullity: 0, loss: 0.5312, distance: 1.23 })).toBe("index 3, loss 0.531, 1.2 out of the plane");
  expect(numbersOf({ index: null, nullity: 2, loss: 1, distance: 0 })).toBe("nullity 2, loss 1, 0 out of the plane");
});
