import { describe, expect, test } from "vitest";
import { layOut, type Room, roundBelow, wrapped } from "../src/maplayout";
import { surface } from "./surfaces";

const measure = (text: string) => 7 * text.length;
const captions = {
  a_label: "a, along direction 1 (unit length)", b_label: "b, along direction 2 (unit length)",
  field_label: "loss", lengths: [2, 2], levels: [2, 4, 6, 8], level_texts: ["2", "4", "6", "8"], note: "",
};
const made = (na: number, nb: number, more: object = {}) => surface(na, nb, (a) => a, { ...captions, ...more });
const room = (of: ReturnType<typeof made>, width: number, height: number): Room => ({
  surface: of, width, height, top: 30, measure,
  window: { a0: 0, a1: of.arrays.a!.length - 1, b0: 0, b1: of.arrays.b!.length - 1 },
});

describe("layout", () => {
  test("true to shape, and everything inside its box", () => {
    for (const [width, height] of [[390, 360], [700, 420], [300, 900]] as const) {
      const layout = layOut(room(made(11, 6), width, height));
      expect(layout.rect.width / layout.rect.height).toBeCloseTo(2, 9);
      expect(layout.height).toBeLessThanOrEqual(height + 1e-9);
      for (const { x, y, text, align, turned } of layout.texts) {
        const long = measure(text);
        const [low, high] = align === "left" ? [0, long] : align === "right" ? [-long, 0] : [-long / 2, long / 2];
        expect(turned ? x - 8 : x + low).toBeGreaterThanOrEqual(-4);
        expect(turned ? x + 8 : x + high).toBeLessThanOrEqual(width + 4);
        expect(turned ? y - high : y - 8).toBeGreaterThanOrEqual(0);
        expect(turned ? y - low : y + 8).toBeLessThanOrEqual(layout.height + 4);
      }
    }
  });
  test("the colors' scale goes where it leaves more map", () => {
    expect(layOut(room(made(21, 6), 300, 400)).bar?.flat).toBe(true);
    expect(layOut(room(made(11, 11), 700, 420)).bar?.flat).toBe(false);
  });
  test("the caption of b stands beside a high map and lies above a low one", () => {
    const caption = (width: number, height: number) =>
      layOut(room(made(11, 6), width, height)).texts.filter(({ role, text }) => role === "caption" && text.includes("b, along"));
    expect(caption(800, 600)[0]!.turned).toBe(true);
    expect(caption(390, 360)).toEqual([expect.objectContaining({ align: "left", text: expect.stringMatching(/^↑ b/) })]);
  });
  test("nothing known: no scale of colors, but axes and the note", () => {
    const layout = layOut(room(surface(6, 6, () => NaN, { ...captions, note: "hatched: 36 NaN" }), 400, 400));
    expect(layout.bar).toBeNull();
    expect(layout.texts.map(({ text }) => text)).toContain("hatched: 36 NaN");
    expect(layout.texts.filter(({ role }) => role === "tick").length).toBeGreaterThan(3);
  });
  test("the bar of distance has its length in parameter space", () => {
    const layout = layOut(room(made(11, 11), 700, 420));
    expect(layout.texts.map(({ text }) => text)).toContain("distance 5"); // at most 10 x 2 / 4
    const [x0, , x1] = layout.strokes.at(-3)!;
    expect(((x1 - x0) / layout.rect.width) * 10 * 2).toBeCloseTo(5, 9);
    const skewed = layOut(room(made(11, 11, { equal: false }), 700, 420));
    expect(skewed.texts.some(({ text }) => text.startsWith("distance"))).toBe(false);
  });
  test("a constant surface has one number on its scale", () => {
    const { texts } = layOut(room(made(5, 5, { levels: [], level_texts: [], limits: [0.9, 1.1] }), 500, 400));
    expect(texts.filter(({ role, text }) => role === "bar" && text === "1")).toHaveLength(1);
  });
  test("round lengths", () => {
    expect([9.99, 5, 4.9, 1.99, 0.0213, 300].map(roundBelow)).toEqual([5, 5, 2, 1, 0.02, 200]);
  });
  test("captions break before the unit, else between words, or not at all", () => {
    expect(wrapped("along d (unit)", 200, measure, 2)).toEqual(["along d (unit)"]);
    expect(wrapped("along d (unit)", 60, measure, 2)).toEqual(["along d", "(unit)"]);
    expect(wrapped("along d (unit)", 60, measure, 1)).toBeNull();
    expect(wrapped("along d", 30, measure, 2)).toBeNull();
    const long = "a, along filter-normalized random direction 1 (1 = the norm)";
    expect(wrapped(long, 200, measure, 3)).toEqual(["a, along filter-normalized", "random direction 1", "(1 = the norm)"]);
    expect(wrapped(long, 290, measure, 2)).toEqual(["a, along filter-normalized random", "direction 1 (1 = the norm)"]);
    expect(wrapped(long, 200, measure, 2)).toBeNull();
    const numbered = "from the first (0) to the second (1) (1 = length)";
    expect(wrapped(numbered, 260, measure, 2)).toEqual(["from the first (0) to the second (1)", "(1 = length)"]);
  });
  test("the captions of a map in a narrow column are whole", () => {
    const label = (axis: string) => `${axis}, along filter-normalized random direction 1 (1 = the norm of the weights)`;
    for (const [width, height] of [[348, 320], [366, 359], [384, 360]] as const) {
      const { texts } = layOut(room(made(11, 11, { a_label: label("a"), b_label: label("b") }), width, height));
      const told = texts.filter(({ role }) => role === "caption").map(({ text }) => text).join(" ");
      expect(told).not.toContain("…");
      for (const axis of ["a", "b"]) expect(told).toContain(label(axis));
    }
  });
});
