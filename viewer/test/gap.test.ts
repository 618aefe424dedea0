import { expect, test } from "vitest";
import { gapShare, rangeOf, truthWords } from "../src/gap";
import { emptyPath } from "../src/reduce";
import type { Held } from "../src/state";

const linear = { log: false, low: 0, high: 4 };

function path(distance: number, loss: number, plane: number) {
  const made = emptyPath(1);
  [made.distance[0], made.loss[0], made.plane_loss[0], made.size] = [distance, loss, plane, 1];
  return made;
}

test("the gap is a share of the range, in the scale that is drawn", () => {
  expect(gapShare(3, 1, linear)).toBe(0.5);
  expect(gapShare(1, 10, { log: true, low: 0.1, high: 1000 })).toBeCloseTo(0.25, 12);
  expect(gapShare(1, 0, { log: true, low: 0.1, high: 10 })).toBe(Infinity);
  expect(gapShare(1, 1, { log: false, low: 2, high: 2 })).toBeNaN();
});

test("the range is that of what can be drawn", () => {
  const values = Float32Array.of(NaN, 3, Infinity, 0.5, -1, 0);
  const head = { arrays: { values } } as unknown as Held<"surface">;
  expect(rangeOf({ ...head, scale: "linear" })).toEqual({ log: false, low: -1, high: 3 });
  const again = { ...head, arrays: { values: values.slice() }, scale: "log" } as Held<"surface">;
  expect(rangeOf(again)).toEqual({ log: true, low: 0.5, high: 3 });
});

test("the words say how far and how true", () => {
  expect(truthWords(path(1.234, 1.1, 1), 0, linear)).toBe("1.2 out of the plane; the picture is true to within 3 % of its range");
  expect(truthWords(path(0, 1, 1), 0, linear)).toBe("in the plane; the picture is exact");
  expect(truthWords(path(1.4e-15, 1, 1), 0, null)).toBe("in the plane");
  expect(truthWords(path(7, 900, 1), 0, linear)).toMatch(/; the picture is off by [0-9]+ times its range$/);
  expect(truthWords(path(7, 9, 1), 0, linear)).toBe("7 out of the plane; the picture is off by 200 % of its range");
  expect(truthWords(path(2, 1.5, 1), 0, linear)).toBe("2 out of the plane; the picture is off by 13 % of its range");
  expect(truthWords(path(NaN, 9, 1), 0, null)).toBe("distance unknown");
  expect(truthWords(path(1, NaN, 1), 0, linear)).toBe("1 out of the plane; the picture cannot show its loss");
  expect(truthWords(path(1, 1, 1), -1, linear)).toBe("");
});
