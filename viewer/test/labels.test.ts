import { describe, expect, test } from "vitest";
import { axesOf } from "../src/axes";
import { groundOf, TALL } from "../src/ground";
import { fitting, type Label } from "../src/labels";
import { costOf, FOLLOWING, qualityFor, ratioOf, TURNING } from "../src/pace";
import { surface } from "./surfaces";

const label = (right: number, down: number, more: Partial<Label> = {}): Label => ({ right, down, text: "0.5", look: "tick", align: "middle", ...more });

describe("labels", () => {
  test("earlier ones keep their place, later ones give way or are left out", () => {
    const [first, over, beside] = [label(50, 50), label(52, 53), label(90, 50)];
    expect(fitting([first, over, beside], 200, 100)).toEqual([first, beside]);
    const moves = label(52, 53, { or: [{ right: 51, down: 49, align: "middle" }, { right: 50, down: 80, align: "left" }] });
    expect(fitting([first, moves], 200, 100)[1]).toMatchObject({ right: 50, down: 80, align: "left" });
  });
  test("none is cut by the frame", () => {
    expect(fitting([label(2, 50), label(50, 2), label(199, 50, { align: "left" }), label(NaN, 50)], 200, 100)).toEqual([]);
  });
});

describe("axes", () => {
  const words = { a_label: "a, along direction 1 of the plane (1 = its norm)", b_label: "b", field_label: "loss", levels: [2, 4, 8], level_texts: ["2", "4", "8"] };
  const made = surface(5, 5, () => 1, words);
  const ground = groundOf(made, "auto");
  const map = ([x, y, z]: readonly [number, number, number]): [number, number] => [400 + 300 * x, 300 + 300 * z - 900 * y];

  test("ticks stand at the edges nearest to the eye", () => {
    const south = axesOf(ground, made, [1, 1, 2], map).labels.filter(({ look }) => look === "tick");
    const north = axesOf(ground, made, [-1, 1, -2], map).labels.filter(({ look }) => look === "tick");
    const foot = (labels: Label[], text: string) => labels.filter((each) => each.text === text).map(({ down }) => down);
    expect(Math.max(...foot(south, "1"))).toBeGreaterThan(Math.max(...foot(north, "1")));
    expect(south.map(({ text }) => text)).toEqual(expect.arrayContaining(["0", "1", "2", "3", "4"]));
  });
  test("captions are brief, the ruler tells the levels at their height", () => {
    const { labels, ruler } = axesOf(ground, made, [1, 1, 2], map);
    expect(labels.filter(({ look }) => look === "caption").map(({ text }) => text)).toEqual(["a", "b", "loss"]);
    const level = labels.find(({ text, align }) => text === "8" && align === "right")!;
    const zero = map([0, 0, ground.z[0]! * 1.03])[1];
    expect([zero, map([0, 0, ground.z[4]! * 1.03])[1]]).toContainEqual(expect.closeTo(level.down + 900 * TALL * 0.8, 6));
    expect(ruler.length % 12).toBe(0);
  });
});

describe("pace", () => {
  test("all of it while nothing moves, and always where that is fast", () => {
    expect(qualityFor(null, 400, 201, 2)).toEqual({ ratio: 2, step: 1, plain: false });
    expect(qualityFor(TURNING, 8, 201, 2)).toEqual({ ratio: 2, step: 1, plain: false });
  });
  test("what the processor draws costs more than the fence says", () => {
    expect([costOf(5, false), costOf(5, true), costOf(200, true)]).toEqual([5, 60, 200]);
    // At rest finer than the screen, unless the screen is fine itself.
    expect([1, 1.25, 1.5, 2, 3].map((ratio) => ratioOf(true, true, ratio))).toEqual([1.5, 1.875, 2, 2, 3]);
    expect([ratioOf(false, true, 1), ratioOf(true, false, 1), ratioOf(true, false, 2)]).toEqual([1, 1, 2]);
  });
  test("coarser while something moves where it is slow, but never a blur", () => {
    const quality = qualityFor(TURNING, 180, 201, 1);
    expect(quality).toEqual({ ratio: 0.5, step: 3, plain: true });
    expect(qualityFor(FOLLOWING, 64, 81, 2)).toEqual({ ratio: 1, step: 2, plain: true });
    expect(qualityFor(TURNING, 1e9, 81, 2)).toEqual({ ratio: 0.9, step: 1, plain: true });
    expect(qualityFor(TURNING, 1e9, 81, 1).ratio).toBe(0.5);
    expect(qualityFor(TURNING, null, 81, 1)).toEqual({ ratio: 0.5, step: 1, plain: true });
  });
});

test("a label without room says less rather than nothing", () => {
  const base = { right: 5, down: 20, look: "head", align: "left" } as const;
  const label: Label = { ...base, text: "Adam, lr 0.02 · 0.67 out of the plane", or: [{ text: "Adam, lr 0.02" }] };
  expect(fitting([label], 400, 40).map(({ text }) => text)).toEqual([label.text]);
  expect(fitting([label], 140, 40).map(({ text }) => text)).toEqual(["Adam, lr 0.02"]);
  expect(fitting([label], 40, 40)).toEqual([]);
});
