import { describe, expect, test } from "vitest";
import { emptyPath } from "../src/reduce";
import type { Path } from "../src/state";
import { outside, reachOf, Tracer, widthClass } from "../src/traces";

// One unit is 100 pixels; b = 0 is at y = 100.
const where = { window: { a0: 0, a1: 1, b0: 0, b1: 1 }, rect: { x: 0, y: 0, width: 100, height: 100 } };

function pathOf(places: readonly (readonly [number, number])[], more: Partial<Record<"band" | "distance", number[]>> = {}): Path {
  const path = { ...emptyPath(places.length), size: places.length };
  places.forEach(([a, b], i) => {
    path.step[i] = i;
    path.a[i] = a;
    path.b[i] = b;
  });
  path.band.set(more.band ?? []);
  path.distance.set(more.distance ?? []);
  return path;
}
const trace = (path: Path) => new Tracer(where, [1, 1]).extend(path);

describe("traces", () => {
  test("steps too small to see are left out, but not their sum", () => {
    const trail = trace(pathOf(Array.from({ length: 1001 }, (_, i) => [i / 1000, 0.5])));
    expect(trail.row.length).toBeGreaterThan(90);
    expect(trail.row.length).toBeLessThanOrEqual(112);
    expect(trail.x[0]).toBe(0);
    expect(trail.x.at(-1)).toBeGreaterThan(99);
    expect(trail.look.filter((look) => look < 0)).toHaveLength(1); // one line, without a gap
  });
  test("a way gone again and again is drawn once", () => {
    const there: [number, number][] = Array.from({ length: 2000 }, (_, i) => [i % 2 ? 0.9 : 0.1, 0.5]);
    expect(trace(pathOf(there)).row.length).toBeLessThan(9);
  });
  test("but once more where it looks otherwise", () => {
    const band = [0, 0, 0, 4, 4, 4];
    const trail = trace(pathOf(Array.from({ length: 6 }, (_, i) => [i % 2 ? 0.9 : 0.1, 0.5]), { band }));
    expect(trail.look.filter((look) => look >= 0)).toEqual([0, 12]);
  });
  test("noise does not cost more than the pixels it covers", () => {
    let seed = 1;
    const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
    const trail = trace(pathOf(Array.from({ length: 10_000 }, () => [0.5 + 0.05 * random(), 0.5 + 0.05 * random()])));
    expect(trail.row.length).toBeLessThan(120);
  });
  test("nothing outside, and the way out and in again", () => {
    const trail = trace(pathOf([[0.5, 0.5], [0.9, 0.5], [1.5, 0.5], [2, 0.5], [1.5, 0.6], [0.9, 0.6]]));
    expect(trail.row).toEqual([0, 1, 2, 4, 5]);
    expect(trail.look).toEqual([-1, 0, 0, -1, 0]);
  });
  test("what passes the window by far is not drawn, what crosses it is", () => {
    expect(trace(pathOf([[-5, 2], [5, 2]])).row).toEqual([]);
    expect(trace(pathOf([[2, 0.5], [500, 0.5]])).row).toEqual([]);
    expect(trace(pathOf([[-5, 0.5], [5, 0.5]])).look).toEqual([-1, 0]);
  });
  test("NaN breaks the line", () => {
    const trail = trace(pathOf([[0.1, 0.1], [0.3, 0.1], [NaN, NaN], [0.6, 0.1], [0.8, 0.1]]));
    expect(trail.row).toEqual([0, 1, 3, 4]);
    expect(trail.look).toEqual([-1, 0, -1, 0]);
  });
  test("a path that grows gives what the whole would", () => {
    const places = Array.from({ length: 500 }, (_, i) => [0.5 + 0.4 * Math.cos(i / 9), 0.5 + 0.4 * Math.sin(i / 7)] as const);
    const whole = pathOf(places);
    const tracer = new Tracer(where, [1, 1]);
    for (const size of [1, 2, 40, 41, 300, 500]) tracer.extend({ ...whole, size });
    expect(tracer.trail).toEqual(trace(whole));
  });
  test("how far out of the plane, as a share of what the map spans", () => {
    expect(reachOf({ ...where, window: { a0: 0, a1: 2, b0: 0, b1: 1 } }, [3, 4])).toBe(6);
    expect([0, 0.09, 0.11, 0.29, 0.31, NaN].map((share) => widthClass(10 * share, 10))).toEqual([0, 0, 1, 1, 2, 0]);
    expect(trace(pathOf([[0.1, 0.1], [0.5, 0.1], [0.9, 0.1]], { band: [0, 3, 5], distance: [0, 0.2, 0.5] })).look).toEqual([-1, 10, 14]);
  });
  test("sides of a rectangle", () => {
    const side = outside(where.rect, 4);
    expect([side(50, 50), side(-3, 50), side(-5, 50), side(105, 105)]).toEqual([0, 0, 1, 10]);
  });
});
