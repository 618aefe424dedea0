import { describe, expect, test } from "vitest";
import { groundOf, OVERTOP, placing, TALL } from "../src/ground";
import { emptyPath } from "../src/reduce";
import type { Path } from "../src/state";
import { nearest, placeOf, STRIDE, trailOf } from "../src/trails";
import { surface } from "./surfaces";

const ground = groundOf(surface(11, 11, () => 5), "auto");
const where = placing(ground.a, ground.b, true);

function path(size: number, fill: (k: number) => Partial<Record<"a" | "b" | "loss" | "band" | "step", number>>): Path {
  const made = { ...emptyPath(size + 5), size };
  for (let k = 0; k < size; k++) {
    made.step[k] = k;
    for (const [name, value] of Object.entries(fill(k))) made[name as "a"][k] = value;
  }
  return made;
}

const column = (trail: Float32Array, n: number) => Array.from({ length: trail.length / STRIDE }, (_, k) => trail[k * STRIDE + n]!);
const trail = (of: Path, tolerance: number, most = 1e6) => trailOf(of, where, ground.relief, tolerance, most);

describe("trails", () => {
  test("steps lie at their true loss, not at the plane's", () => {
    const line = path(1, () => ({ a: 10, b: 5, loss: 10 }));
    expect(placeOf(line, 0, where, ground.relief)).toEqual([0.5, TALL, -0]);
    expect(placeOf(path(1, () => ({ loss: Infinity })), 0, where, ground.relief)[1]).toBe(OVERTOP);
  });
  test("without tolerance all is kept, with the way along it", () => {
    const made = trail(path(4, (k) => ({ a: k, b: 0, loss: 5 })), 0);
    expect(column(made, 3)).toEqual([0, 1, 2, 3]);
    column(made, 5).forEach((way, k) => expect(way).toBeCloseTo(k / 10, 6));
  });
  test("thinned: no kept step is nearer than the tolerance, both ends stay", () => {
    const made = trail(path(1001, (k) => ({ a: k / 100, b: 5, loss: 5 })), 0.0495);
    const x = column(made, 0);
    expect([x[0], x.at(-1)]).toEqual([-0.5, 0.5]);
    expect(x.length).toBe(21); // every 50th of 1000 steps of a thousandth
  });
  test("where the picture begins or ceases to be true is kept", () => {
    const made = trail(path(100, (k) => ({ a: k / 1000, b: 5, loss: 5, band: k >= 40 && k < 60 ? 4 : 0 })), 1);
    expect(column(made, 3)).toEqual([0, 40, 60, 99]);
  });
  test("ten thousand jumping steps are brought down to the number asked for", () => {
    const made = trail(path(10_000, (k) => ({ a: (k * 7919) % 11, b: (k * 104729) % 10, loss: k % 10 })), 0.001, 900);
    expect(made.length / STRIDE).toBeLessThanOrEqual(900);
    expect(made.length / STRIDE).toBeGreaterThan(10);
  });
  test("what is off the map or nowhere is gone, and no way leads through it", () => {
    const odd = [1, NaN, 3, 1e30, 5];
    const made = trail(path(5, (k) => ({ a: odd[k]!, b: 5, loss: 5 })), 0);
    expect(column(made, 4)).toEqual([0, 9, 0, 9, 0]);
    expect(column(made, 5)).toEqual([0, 0, 0, 0, 0]);
    expect(made.every(Number.isFinite)).toBe(true);
    expect(column(trail(path(2, () => ({ loss: NaN })), 0), 4)).toEqual([9, 9]);
  });
  test("nothing from nothing", () => {
    expect(trail(path(0, () => ({})), 0.1).length).toBe(0);
  });
  test("the nearest drawn step: not the later ones, not those that are gone", () => {
    const made = trail(path(5, (k) => ({ a: k === 2 ? NaN : 2 * k, b: 5, loss: 5 })), 0);
    const project = (x: number) => [x * 100, 0] as const;
    expect(nearest(made, Infinity, project, [11, 4])).toEqual({ step: 3, away: expect.closeTo(Math.hypot(1, 4), 5) });
    expect(nearest(made, 2, project, [11, 0]).step).toBe(1);
    expect(nearest(made, -1, project, [11, 0]).step).toBe(-1);
  });
});
