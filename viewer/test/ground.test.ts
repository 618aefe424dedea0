import { describe, expect, test } from "vitest";
import { cellOf, type Ground, groundOf, heightAt, OVERTOP, placing, reliefOf, rims, TALL, triangles } from "../src/ground";
import { surface } from "./surfaces";

/** Twice the area of all triangles in cells of the map, and the least of them. */
function areas(ground: Ground, index: Uint32Array): [number, number] {
  const at = (v: number) => [v % ground.na, Math.floor(v / ground.na)] as const;
  let [sum, least] = [0, Infinity];
  for (let n = 0; n < index.length; n += 3) {
    const [p, q, r] = [at(index[n]!), at(index[n + 1]!), at(index[n + 2]!)];
    const area = (q[0] - p[0]) * (r[1] - p[1]) - (r[0] - p[0]) * (q[1] - p[1]);
    sum += area;
    least = Math.min(least, area);
  }
  return [sum, least];
}

describe("relief", () => {
  test("limits are drawn at 0 and TALL, linear and log", () => {
    for (const scale of ["linear", "log"] as const) {
      const { lift } = reliefOf(surface(2, 2, () => 1, { limits: [0.01, 100], scale }), "auto");
      expect(lift(0.01)).toBeCloseTo(0, 12);
      expect(lift(100)).toBeCloseTo(TALL, 12);
      expect(lift(1)).toBeCloseTo(scale === "log" ? TALL / 2 : TALL * (0.99 / 99.99), 12);
    }
  });
  test("the visitor's scale wins, except where a loss may be 0", () => {
    expect(reliefOf(surface(2, 2, () => 1, { limits: [1, 2] }), "log").scale).toBe("log");
    expect(reliefOf(surface(2, 2, () => 1, { limits: [0, 2] }), "log").scale).toBe("linear");
  });
  test("huge values are cut, zero in a log scale too; what is not finite has no height", () => {
    const { lift } = reliefOf(surface(2, 2, () => 1, { limits: [1, 10], scale: "log" }), "auto");
    expect(lift(3e38)).toBeCloseTo(OVERTOP, 12);
    expect(lift(0)).toBeCloseTo(-0.2 * TALL, 12);
    expect([lift(NaN), lift(Infinity)]).toEqual([NaN, NaN]);
  });
  test("equal limits give level ground", () => {
    expect(reliefOf(surface(2, 2, () => 5, { limits: [5, 5] }), "auto").lift(5)).toBe(0);
  });
});

describe("placing", () => {
  test("true to shape, one unit along the longer side, north is -z", () => {
    const { x, z } = groundOf(surface(5, 3, () => 1), "auto");
    expect([...x]).toEqual([-0.5, -0.25, 0, 0.25, 0.5]);
    expect([...z].map((v) => v + 0)).toEqual([0.25, 0, -0.25]);
  });
  test("axes without a common unit fill a square; back is the inverse", () => {
    const place = placing([0, 4], [10, 12], false);
    expect([place.x(4), place.z(12)]).toEqual([0.5, -0.5]);
    expect([place.a(place.x(1)), place.b(place.z(11.5))]).toEqual([1, 11.5]);
  });
});

describe("triangles", () => {
  test("cover the map once, all counterclockwise, at each step", () => {
    const ground = groundOf(surface(6, 8, (a, b) => a + b), "auto");
    for (const step of [1, 2, 3, 7]) {
      const [sum, least] = areas(ground, triangles(ground, step));
      expect(sum).toBe(2 * 5 * 7);
      expect(least).toBeGreaterThan(0);
    }
    expect(triangles(ground, 7).length).toBe(2 * 3); // 5 x 7 cells in one block
  });
  test("around a hole nothing is coarsened: the hole is as large at each step", () => {
    const ground = groundOf(surface(9, 9, (a, b) => (a === 3 && b === 4 ? NaN : 1)), "auto");
    for (const step of [1, 2, 4]) {
      const index = triangles(ground, step);
      expect([...index]).not.toContain(4 * 9 + 3);
      expect(areas(ground, index)[0]).toBe(2 * 64 - 6); // six triangles meet in a vertex
    }
  });
  test("a cell that is masked is a hole, whatever number it holds", () => {
    const made = surface(3, 3, () => 1);
    (made.arrays.mask as Uint8Array)[4] = 1; // pending
    expect(groundOf(made, "auto").y[4]).toBeNaN();
  });
  test("peaks that are cut are marked", () => {
    const ground = groundOf(surface(3, 1, (a) => [1, 12, 1e30][a]!), "auto");
    expect([...ground.cut]).toEqual([0, 0, 1]);
    expect(ground.peaks).toBe(true);
  });
});

describe("rims", () => {
  test("close around the map and around a hole, ground on the left", () => {
    const ground = groundOf(surface(7, 7, (a, b) => (a === 3 && b === 3 ? Infinity : 1)), "auto");
    const edges = rims(ground);
    let doubled = 0; // Green's formula: the area that the rims enclose
    const outs = new Map<number, number>();
    for (let n = 0; n < edges.length; n += 2) {
      const [p, q] = [edges[n]!, edges[n + 1]!];
      doubled += (p % 7) * Math.floor(q / 7) - (q % 7) * Math.floor(p / 7);
      outs.set(p, (outs.get(p) ?? 0) + 1);
      outs.set(q, (outs.get(q) ?? 0) - 1);
    }
    expect(doubled).toBe(2 * 36 - 6);
    expect([...outs.values()].every((sum) => sum === 0)).toBe(true);
    expect(edges.length / 2).toBe(4 * 6 + 6);
  });
  test("no ground, no rim", () => {
    expect(rims(groundOf(surface(4, 4, () => NaN), "auto")).length).toBe(0);
  });
});

describe("heights", () => {
  test("exact on planes, NaN off the ground and in holes", () => {
    const ground = groundOf(surface(5, 5, (a, b) => a + 1.5 * b), "auto");
    const where = placing(ground.a, ground.b, true);
    for (const [a, b] of [[0, 0], [4, 4], [1.25, 2.6], [3.9, 0.2]] as const) {
      expect(heightAt(ground, where.x(a), where.z(b))).toBeCloseTo((TALL * (a + 1.5 * b)) / 10, 6);
    }
    expect(heightAt(ground, 0.51, 0)).toBeNaN();
    expect(heightAt(groundOf(surface(3, 3, (a) => (a ? 1 : NaN)), "auto"), -0.4, 0)).toBeNaN();
  });
  test("cells of rising and falling axes", () => {
    const axis = Float32Array.of(0, 1, 4, 9);
    expect([-0.1, 0, 0.5, 1, 5, 9, 9.1, NaN].map((value) => cellOf(axis, value))).toEqual([-1, 0, 0, 1, 2, 2, -1, -1]);
    expect([9.1, 9, 5, 1, 0.5, 0, -1].map((value) => cellOf(axis.slice().reverse(), value))).toEqual([-1, 0, 0, 2, 2, 2, -1]);
  });
});
