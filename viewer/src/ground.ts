/**
 * Ground: a surface as a height field. The world is one unit wide along the longer side of the
 * map; x grows with a, z falls with b (so that b points away from a viewer in the south), y is up.
 */

import type { Held, State } from "./state";

/** How losses become heights. */
export interface Relief {
  scale: "linear" | "log";
  low: number; // the limits of the colors: y 0 and y TALL
  high: number;
  /** The y of a loss, cut to the neighborhood of the limits; NaN for what is not finite. */
  lift(loss: number): number;
}

export interface Ground {
  na: number;
  nb: number;
  a: Float32Array; // (na,)
  b: Float32Array; // (nb,)
  x: Float32Array; // (na,) increasing
  z: Float32Array; // (nb,) decreasing
  y: Float32Array; // (nb * na,) NaN in holes
  cut: Uint8Array; // (nb * na,) 1 where the height was cut
  relief: Relief;
  peaks: boolean; // whether anything was cut above
}

export const TALL = 0.34; // of the width: how high the range of the colors is drawn
export const FLOOR = -0.14; // y of the block's underside
const OVER = 1.3; // shares of the range at which heights are cut
const UNDER = -0.2;
export const OVERTOP = TALL * OVER; // y of what is cut

export function reliefOf(surface: Held<"surface">, height: State["height"]): Relief {
  const [low, high] = surface.limits;
  const wanted = height === "auto" ? surface.scale : height;
  const scale = wanted === "log" && low > 0 && high > low ? "log" : "linear";
  const from = scale === "log" ? Math.log(low) : low;
  const span = (scale === "log" ? Math.log(high) : high) - from || 1;
  const lift = (loss: number) => {
    if (!Number.isFinite(loss)) return NaN;
    const value = scale === "linear" ? loss : loss > 0 ? Math.log(loss) : -Infinity;
    return TALL * Math.min(OVER, Math.max(UNDER, (value - from) / span));
  };
  return { scale, low, high, lift };
}

export function groundOf(surface: Held<"surface">, height: State["height"]): Ground {
  const a = surface.arrays.a as Float32Array;
  const b = surface.arrays.b as Float32Array;
  const values = surface.arrays.values as Float32Array;
  const mask = surface.arrays.mask as Uint8Array;
  const relief = reliefOf(surface, height);
  const y = new Float32Array(values.length);
  const cut = new Uint8Array(values.length);
  let peaks = false;
  for (let k = 0; k < values.length; k++) {
    y[k] = mask[k] ? NaN : relief.lift(values[k]!);
    if (y[k]! >= OVERTOP * 0.9999) {
      cut[k] = 1;
      peaks = true;
    }
  }
  const place = placing(a, b, surface.equal);
  const x = a.map((value) => place.x(value));
  const z = b.map((value) => place.z(value));
  return { na: a.length, nb: b.length, a, b, x, z, y, cut, relief, peaks };
}

/** Maps coordinates of the plane to the world and back. */
export interface Placing {
  x(a: number): number;
  z(b: number): number;
  a(x: number): number;
  b(z: number): number;
}

export function placing(a: ArrayLike<number>, b: ArrayLike<number>, equal: boolean): Placing {
  const [a0, a1, b0, b1] = [a[0]!, a[a.length - 1]!, b[0]!, b[b.length - 1]!];
  const longest = Math.max(a1 - a0, b1 - b0) || 1;
  const wide = (equal ? longest : a1 - a0) || 1;
  const deep = (equal ? longest : b1 - b0) || 1;
  return {
    x: (value) => (value - (a0 + a1) / 2) / wide,
    z: (value) => -(value - (b0 + b1) / 2) / deep,
    a: (x) => x * wide + (a0 + a1) / 2,
    b: (z) => -z * deep + (b0 + b1) / 2,
  };
}

/** Whether the two triangles of the cell at row i, column j stand; a corner in a hole fells one. */
function standing(ground: Ground, i: number, j: number): [boolean, boolean] {
  const { na, nb, y } = ground;
  if (i < 0 || j < 0 || i >= nb - 1 || j >= na - 1) return [false, false];
  const v = i * na + j;
  const both = Number.isFinite(y[v + 1]! + y[v + na]!);
  return [both && Number.isFinite(y[v]!), both && Number.isFinite(y[v + na + 1]!)];
}

/**
 * Indices of the ground's triangles, counterclockwise from above. With a `step` above 1, blocks
 * of step x step cells without a hole become two triangles; around holes nothing is coarsened.
 */
export function triangles(ground: Ground, step = 1): Uint32Array {
  const { na, nb } = ground;
  const out = new Uint32Array((na - 1) * (nb - 1) * 6);
  let size = 0;
  const two = (v: number, right: number, up: number, first: boolean, second: boolean) => {
    if (first) for (const k of [v, v + right, v + up]) out[size++] = k;
    if (second) for (const k of [v + right, v + right + up, v + up]) out[size++] = k;
  };
  for (let i = 0; i < nb - 1; i += step) {
    for (let j = 0; j < na - 1; j += step) {
      const high = Math.min(step, nb - 1 - i);
      const wide = Math.min(step, na - 1 - j);
      if (step > 1 && whole(ground, i, j, high, wide)) {
        two(i * na + j, wide, high * na, true, true);
        continue;
      }
      for (let p = i; p < i + high; p++) {
        for (let q = j; q < j + wide; q++) two(p * na + q, 1, na, ...standing(ground, p, q));
      }
    }
  }
  return out.slice(0, size);
}

function whole(ground: Ground, i: number, j: number, high: number, wide: number): boolean {
  for (let p = i; p <= i + high; p++) {
    for (let q = j; q <= j + wide; q++) if (!Number.isFinite(ground.y[p * ground.na + q]!)) return false;
  }
  return true;
}

/**
 * The rims of the ground: its outer border and the borders of its holes, as directed edges
 * (2 m,) of vertex numbers with the ground on their left, seen from above.
 */
export function rims(ground: Ground): Uint32Array {
  const { na, nb } = ground;
  const out: number[] = [];
  for (let i = 0; i < nb - 1; i++) {
    for (let j = 0; j < na - 1; j++) {
      const v = i * na + j;
      const [first, second] = standing(ground, i, j);
      if (first) {
        if (!standing(ground, i - 1, j)[1]) out.push(v, v + 1);
        if (!second) out.push(v + 1, v + na);
        if (!standing(ground, i, j - 1)[1]) out.push(v + na, v);
      }
      if (second) {
        if (!standing(ground, i, j + 1)[0]) out.push(v + 1, v + na + 1);
        if (!standing(ground, i + 1, j)[0]) out.push(v + na + 1, v + na);
        if (!first) out.push(v + na, v + 1);
      }
    }
  }
  return Uint32Array.from(out);
}

/** Row or column of the cell of an increasing or decreasing axis that holds `value`; -1 outside. */
export function cellOf(axis: Float32Array, value: number): number {
  const last = axis.length - 1;
  const sign = axis[last]! >= axis[0]! ? 1 : -1;
  if (!(sign * (value - axis[0]!) >= 0) || !(sign * (axis[last]! - value) >= 0)) return -1;
  let low = 0;
  let high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (sign * (value - axis[middle]!) >= 0) low = middle;
    else high = middle;
  }
  return low;
}

/** The height of the ground at a place of the world; NaN off the ground and in holes. */
export function heightAt(ground: Ground, x: number, z: number): number {
  const j = cellOf(ground.x, x);
  const i = cellOf(ground.z, z);
  if (i < 0 || j < 0 || ground.na < 2 || ground.nb < 2) return NaN;
  const u = (x - ground.x[j]!) / (ground.x[j + 1]! - ground.x[j]!);
  const v = (z - ground.z[i]!) / (ground.z[i + 1]! - ground.z[i]!);
  const k = i * ground.na + j;
  const right = ground.y[k + 1]!;
  const up = ground.y[k + ground.na]!;
  if (u + v <= 1) return ground.y[k]! * (1 - u - v) + right * u + up * v;
  return ground.y[k + ground.na + 1]! * (u + v - 1) + right * (1 - v) + up * (1 - u);
}
