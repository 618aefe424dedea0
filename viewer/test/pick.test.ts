import { describe, expect, test } from "vitest";
import { type Ground, groundOf, heightAt } from "../src/ground";
import { pick, type Vector } from "../src/pick";
import { surface } from "./surfaces";

const level = (height: number) => groundOf(surface(5, 5, () => height), "auto");
const near = (hit: Vector | null, want: Vector) => {
  expect(hit).not.toBeNull();
  hit!.forEach((value, n) => expect(value).toBeCloseTo(want[n]!, 6));
};

/** Every triangle by Moller and Trumbore's formula: the nearest hit from above. */
function tried(ground: Ground, o: Vector, d: Vector): number {
  const { na, nb, x, y, z } = ground;
  const corner = (v: number): Vector => [x[v % na]!, y[v]!, z[Math.floor(v / na)]!];
  const minus = (p: Vector, q: Vector): Vector => [p[0] - q[0], p[1] - q[1], p[2] - q[2]];
  const dot = (p: Vector, q: Vector) => p[0] * q[0] + p[1] * q[1] + p[2] * q[2];
  const cross = (p: Vector, q: Vector): Vector => [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]];
  let best = Infinity;
  for (let i = 0; i < nb - 1; i++) {
    for (let j = 0; j < na - 1; j++) {
      const v = i * na + j;
      for (const [p, q, r] of [[v, v + 1, v + na], [v + 1, v + na + 1, v + na]] as const) {
        const [e, f] = [minus(corner(q), corner(p)), minus(corner(r), corner(p))];
        const h = cross(d, f);
        const det = dot(e, h);
        const s = minus(o, corner(p));
        const u = dot(s, h) / det;
        const w = dot(d, cross(s, e)) / det;
        const t = dot(f, cross(s, e)) / det;
        if (u >= 0 && w >= 0 && u + w <= 1 && t > 0) best = Math.min(best, t);
      }
    }
  }
  return best;
}

describe("pick", () => {
  test("level ground, exactly", () => {
    const ground = level(5);
    const y = ground.y[0]!;
    near(pick(ground, [0.1, 2, 0.2], [0, -1, 0]), [0.1, y, 0.2]);
    near(pick(ground, [-1, 1 + y, 0.3], [1, -1, 0]), [0, y, 0.3]);
    near(pick(ground, [0.5, y + 1, 1.5], [-0.4, -1, -1.3]), [0.1, y, 0.2]);
    near(pick(ground, [0, y + 1, 0.75], [0, -1, -1]), [0, y, -0.25]); // along a grid line
    near(pick(ground, [-1, y + 1, -1], [0.75, -1, 0.75]), [-0.25, y, -0.25]); // through corners
    near(pick(ground, [-1, y + 1, 1], [0.75, -1, -0.75]), [-0.25, y, 0.25]); // along diagonals
  });
  test("misses: beside, upward, away, behind", () => {
    const ground = level(5);
    expect(pick(ground, [0.6, 2, 0], [0, -1, 0])).toBeNull();
    expect(pick(ground, [0, 2, 0], [0, 1, 0])).toBeNull();
    expect(pick(ground, [2, 2, 0], [1, -0.1, 0])).toBeNull();
    expect(pick(ground, [-2, 1, 0], [1, -0.01, 0])).toBeNull(); // over it all
  });
  test("a cut side hides the ground behind it", () => {
    const ground = groundOf(surface(5, 5, (a) => (a < 2 ? 8 : 0)), "auto"); // high west, low east
    expect(pick(ground, [-2, 0.1, 0], [1, -0.02, 0])).toBeNull();
    expect(pick(ground, [0, -1, 0], [0, 1, 0])).toBeNull(); // from below
  });
  test("through a hole: nothing there, and its walls hide what lies behind", () => {
    const ground = groundOf(surface(9, 9, (a, b) => (a === 4 && b === 4 ? NaN : 5)), "auto");
    const y = ground.y[0]!;
    expect(pick(ground, [0.01, 2, 0.01], [0, -1, 0])).toBeNull();
    expect(pick(ground, [-0.5, y + 0.5, 0.02], [1, -1, 0])).toBeNull();
    near(pick(ground, [-0.8, y + 0.5, 0.02], [1, -1, 0]), [-0.3, y, 0.02]);
  });
  test("a hill in front is met before the valley behind it", () => {
    const ground = groundOf(surface(9, 3, (a) => (a === 4 ? 10 : 0)), "auto");
    const hit = pick(ground, [-2, 0.6, 0.01], [2, -0.4, 0]);
    near(hit, [hit![0], 0.6 - 0.2 * (hit![0] + 2), 0.01]);
    expect(hit![0]).toBeGreaterThan(-0.125);
    expect(hit![0]).toBeLessThan(0);
  });
  test("as all triangles say, on rough ground with holes", () => {
    let seed = 7;
    const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
    const ground = groundOf(surface(12, 9, () => (random() < 0.06 ? NaN : 10 * random())), "auto");
    let hits = 0;
    for (let n = 0; n < 400; n++) {
      const origin: Vector = [4 * random() - 2, 1 + random(), 4 * random() - 2];
      const aim: Vector = [random() - 0.5, 0.2 * random(), (random() - 0.5) * 0.7];
      const ray: Vector = [aim[0] - origin[0], aim[1] - origin[1], aim[2] - origin[2]];
      const t = tried(ground, origin, ray);
      const hit = pick(ground, origin, ray);
      if (!hit) continue; // beside it, or a side, which the formula does not know
      hits++;
      near(hit, [origin[0] + t * ray[0], origin[1] + t * ray[1], origin[2] + t * ray[2]]);
      expect(heightAt(ground, hit[0], hit[2])).toBeCloseTo(hit[1], 5);
    }
    expect(hits).toBeGreaterThan(200);
  });
});
