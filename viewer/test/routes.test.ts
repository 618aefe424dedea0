import { describe, expect, test } from "vitest";
import { captured, costOf, thinnedTo, within } from "../src/routes";
import type { Trail } from "../src/traces";

const trailOf = (places: readonly (readonly [number, number, number])[]): Trail => ({
  row: places.map((_, i) => i),
  x: places.map(([x]) => x),
  y: places.map(([, y]) => y),
  look: places.map(([, , look]) => look),
});
/** Jumps to and fro in a square of `side` pixels. */
function noise(count: number, side: number): Trail {
  let seed = 1;
  const random = () => (side * (seed = (seed * 16807) % 2147483647)) / 2147483647;
  return trailOf(Array.from({ length: count }, (_, i) => [random(), random(), i ? 0 : -1] as const));
}
const strokes = ({ look }: Trail) => look.filter((one) => one >= 0).length;

describe("routes", () => {
  test("the cost: the length of what is drawn, and 8 pixels a stroke", () => {
    expect(costOf(trailOf([[0, 0, -1], [3, 4, 0], [50, 50, -1], [50, 60, 2]]))).toBe(5 + 10 + 2 * 8);
  });
  test("what is cheap enough stays as it is", () => {
    const trail = noise(50, 90);
    expect(within(trail, costOf(trail))).toEqual({ cell: 0, trail });
  });
  test("small steps become fewer, in one line from end to end", () => {
    const trail = thinnedTo(trailOf(Array.from({ length: 401 }, (_, i) => [i / 2, 7, i ? 0 : -1] as const)), 4);
    expect(trail.look.filter((look) => look < 0)).toHaveLength(1);
    expect([trail.x[0], trail.x.at(-1)]).toEqual([0, 200]);
    expect(strokes(trail)).toBe(34); // 33 of the first half pixel beyond 4 x 1.42, and what remains
    expect(trail.x.every((x, k) => x === trail.row[k]! / 2)).toBe(true);
  });
  test("a stroke over what is covered already goes, but not in another look", () => {
    const trail = trailOf([[0, 5, -1], [90, 5, 0], [1, 5, 0], [89, 5, 6], [89, 90, 6]]);
    expect(thinnedTo(trail, 4)).toEqual({ row: [0, 1, 2, 3, 4], x: [0, 90, 1, 89, 89], y: [5, 5, 5, 5, 90], look: [-1, 0, -1, 6, 6] });
  });
  test("a long stroke into the open stays, however much is covered where it began", () => {
    const made = noise(4000, 50);
    made.row.push(4000);
    made.x.push(300);
    made.y.push(25);
    made.look.push(0);
    expect(thinnedTo(made, 5).x.at(-1)).toBe(300);
  });
  test("ten thousand jumps come down to the cost asked for, and reach all of the square", () => {
    const { cell, trail } = within(noise(10_000, 200), 4000);
    expect(costOf(trail)).toBeLessThanOrEqual(4000);
    expect(strokes(trail)).toBeGreaterThan(10);
    expect(cell).toBeLessThan(40);
    for (const axis of [trail.x, trail.y]) expect(Math.max(...axis) - Math.min(...axis)).toBeGreaterThan(160);
  });
  test("up to any row it is what a path that ends there gives", () => {
    const whole = noise(3000, 150);
    const part = (count: number): Trail => ({
      row: whole.row.slice(0, count), x: whole.x.slice(0, count), y: whole.y.slice(0, count), look: whole.look.slice(0, count),
    });
    const [all, some] = [thinnedTo(whole, 3), thinnedTo(part(1200), 3)];
    expect(all.row.slice(0, some.row.length - 1)).toEqual(some.row.slice(0, -1));
  });
  test("what is captured: never 100 % before it is", () => {
    expect([0.5, 0.996, 0.9985, 0.9995, 1].map(captured)).toEqual(["50 %", "99 %", "99 %", "100 %", "100 %"]);
  });
});
