import { describe, expect, test } from "vitest";
import { placeBox } from "../src/callouts";
import { placeWords, valueAt } from "../src/crosshair";
import { emptyPath } from "../src/reduce";
import type { Run } from "../src/state";
import { surface } from "./surfaces";

const at = (a: number, b: number) => ({ a, b, run: null, step: null });

describe("crosshair", () => {
  const slope = surface(4, 3, (a, b) => (a === 3 && b === 2 ? NaN : a + 10 * b), { field_label: "loss" });
  test("values are bilinear between cells, unknown outside and beside a hole", () => {
    expect(valueAt(slope, 0.5, 0.25)).toBeCloseTo(3, 6);
    expect(valueAt(slope, 3, 1)).toBe(13);
    expect(valueAt(slope, 2.5, 1.5)).toBeNaN();
    expect(valueAt(slope, -0.1, 0)).toBeNaN();
  });
  test("and what the map says of them", () => {
    const none = new Map<number, Run>();
    expect(placeWords(slope, at(1, 1), none)).toEqual(["loss 11"]);
    expect(placeWords(slope, at(3, 2), none)).toEqual(["not a number"]);
    expect(placeWords(slope, at(2.2, 1.2), none)).toEqual(["beside a hole"]);
    expect(placeWords(slope, at(9, 0), none)).toEqual(["not computed here"]);
    expect(placeWords(surface(2, 2, () => Infinity), at(0, 0), none)).toEqual(["infinite"]);
  });
  test("on a run, its step and its true loss", () => {
    const path = { ...emptyPath(4), size: 2 };
    path.step.set([0, 10]);
    path.loss.set([1, 0.25]);
    const runs = new Map([[7, { run: 7, name: "Adam, lr 0.02", path } as Run]]);
    expect(placeWords(slope, { a: 0, b: 0, run: 7, step: 10 }, runs)).toEqual(["Adam, lr 0.02, step 10", "loss 0.25"]);
    expect(placeWords(slope, { a: 0, b: 0, run: 8, step: 10 }, runs)).toEqual(["loss 0"]);
  });
});

describe("callouts", () => {
  const rect = { x: 0, y: 0, width: 200, height: 100 };
  test("to the right, or where there is room", () => {
    expect(placeBox(50, 50, 60, 20, rect, [])).toEqual({ x: 59, y: 40, width: 60, height: 20 });
    expect(placeBox(180, 50, 60, 20, rect, [])).toEqual({ x: 111, y: 40, width: 60, height: 20 });
    expect(placeBox(50, 50, 60, 20, rect, [{ x: 60, y: 45, width: 5, height: 5 }, { x: 0, y: 45, width: 40, height: 5 }])).toEqual({
      x: 20, y: 59, width: 60, height: 20, // below: above it would be too near to them
    });
  });
  test("off the paths, if it can be", () => {
    expect(placeBox(50, 50, 30, 20, rect, [], [[70, 50]])!.x).toBe(11);
  });
  test("what is named at the border stays in the picture, pushed back", () => {
    expect(placeBox(2, 2, 150, 90, { x: 0, y: 0, width: 155, height: 100 }, [])).toEqual({ x: 5, y: 0, width: 150, height: 90 });
  });
  test("without room, nowhere", () => expect(placeBox(50, 50, 300, 20, rect, [])).toBeNull());
});
