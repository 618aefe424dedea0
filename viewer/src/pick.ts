/** Pick: where a ray meets the ground, by a walk from cell to cell of the height field. */

import { cellOf, FLOOR, type Ground } from "./ground";

export type Vector = readonly [number, number, number];

const EPS = 1e-9;

/**
 * Return the first point of the ground on a ray, seen from above; null where the ray misses,
 * falls through a hole or meets one of the block's cut sides first.
 */
export function pick(ground: Ground, origin: Vector, ray: Vector): Vector | null {
  const { x, z, y, na, nb } = ground;
  if (na < 2 || nb < 2) return null;
  let [from, to] = span(origin[0], ray[0], x[0]!, x[na - 1]!, 0, Infinity);
  [from, to] = span(origin[2], ray[2], z[nb - 1]!, z[0]!, from, to);
  if (!(from <= to)) return null;
  const at = (t: number): Vector => [origin[0] + t * ray[0], origin[1] + t * ray[1], origin[2] + t * ray[2]];
  // The cell of a point a little inside: an entry on a grid line belongs to the cell ahead.
  const inside = at(from + Math.min(1e-7, (to - from) / 2));
  let j = cellOf(x, clamp(inside[0], x[0]!, x[na - 1]!));
  let i = cellOf(z, clamp(inside[2], z[nb - 1]!, z[0]!));
  const right = Math.sign(ray[0]);
  const up = -Math.sign(ray[2]); // z falls with the row
  let t = from;
  while (i >= 0 && j >= 0 && i < nb - 1 && j < na - 1 && t <= to) {
    const nextX = right ? (x[right > 0 ? j + 1 : j]! - origin[0]) / ray[0] : Infinity;
    const nextZ = up ? (z[up > 0 ? i + 1 : i]! - origin[2]) / ray[2] : Infinity;
    const end = Math.min(nextX, nextZ, to === Infinity ? drop(origin, ray) : to);
    const v = i * na + j;
    const corners: Corners = [y[v]!, y[v + 1]!, y[v + na]!, y[v + na + 1]!];
    const [wide, deep] = [x[j + 1]! - x[j]!, z[i + 1]! - z[i]!];
    const low: Local = (s) => [(origin[0] + s * ray[0] - x[j]!) / wide, (origin[2] + s * ray[2] - z[i]!) / deep];
    const found = cross(corners, low, (s) => origin[1] + s * ray[1], t, Math.max(t, end));
    if (found !== "on") return found === "wall" ? null : at(found);
    if (nextX === Infinity && nextZ === Infinity) return null;
    if (nextX <= nextZ) j += right;
    if (nextZ <= nextX) i += up;
    t = Math.max(t, end);
  }
  return null;
}

type Corners = readonly [number, number, number, number];
type Local = (t: number) => [number, number];

/** Within one cell, between t0 and t1: the crossing of either triangle, in the order of the ray. */
function cross(corners: Corners, local: Local, height: (t: number) => number, t0: number, t1: number): number | "wall" | "on" {
  const s0 = local(t0)[0] + local(t0)[1] - 1;
  const s1 = local(t1)[0] + local(t1)[1] - 1;
  const parts: [number, number, boolean][] = [];
  if (s0 * s1 < 0) {
    const middle = t0 + ((t1 - t0) * s0) / (s0 - s1);
    parts.push([t0, middle, s0 > 0], [middle, t1, s1 > 0]);
  } else parts.push([t0, t1, s0 + s1 > 0]);
  for (const [begin, end, upper] of parts) {
    const above = (t: number) => {
      const [u, v] = local(t);
      const [near, right, up, far] = corners;
      const plane = upper ? far * (u + v - 1) + right * (1 - v) + up * (1 - u) : near * (1 - u - v) + right * u + up * v;
      return height(t) - plane;
    };
    const [first, last] = [above(begin), above(end)];
    if (!Number.isFinite(first + last)) continue; // a hole
    if (first < -EPS) return "wall";
    if (last <= EPS) return first - last > 0 ? begin + ((end - begin) * Math.max(0, first)) / (first - last) : begin;
  }
  return "on";
}

/** Where a vertical ray has passed everything that stands. */
function drop(origin: Vector, ray: Vector): number {
  return ray[1] < 0 ? (FLOOR - origin[1]) / ray[1] : Infinity;
}

/** The part of [from, to] in which one coordinate lies in [low, high]. */
function span(origin: number, ray: number, low: number, high: number, from: number, to: number): [number, number] {
  if (ray === 0) return origin >= low && origin <= high ? [from, to] : [1, 0];
  const [near, far] = [(low - origin) / ray, (high - origin) / ray];
  return [Math.max(from, Math.min(near, far)), Math.min(to, Math.max(near, far))];
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
