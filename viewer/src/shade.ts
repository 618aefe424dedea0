/** Shade: the values of a surface as heights, and the light that falls on them. */

import type { Heads } from "./protocol";

const STEEP = 1.6; // slope that 95 % of the surface stay below, after scaling
const MOST = 1.5; // gentle surfaces stay gentle: slopes are never scaled up more than this
const UPPER_LEFT = [-0.5, 0.5, 0.7071] as const;

export type ColorScale = Pick<Heads["surface"], "scale" | "limits">;

/** Return values as parts of the limits, not clipped; NaN where the scale has no place for one. */
export function parts(values: ArrayLike<number>, { scale, limits }: ColorScale): Float32Array {
  const [low, high] = limits;
  const out = new Float32Array(values.length);
  const width = scale === "log" ? Math.log(high / low) : high - low;
  for (let i = 0; i < out.length; i++) {
    const value = values[i]!;
    const up = scale === "log" ? Math.log(value / low) : value - low;
    out[i] = Number.isFinite(up) ? up / width : NaN;
  }
  return out;
}

/** Return where a value is on the scale of the colors, 0 to 1. */
export function shareOf(value: number, scale: ColorScale): number {
  return Math.min(1, Math.max(0, parts([value], scale)[0]!));
}

/** Return values (nb, na) with every NaN replaced by the mean of its known neighbors. */
export function filled(values: Float32Array, columns: number): Float32Array {
  const out = values.slice();
  const rows = out.length / columns;
  const around = (i: number) => {
    const c = i % columns;
    const near: number[] = [];
    if (i >= columns) near.push(i - columns);
    if (i < (rows - 1) * columns) near.push(i + columns);
    if (c > 0) near.push(i - 1);
    if (c < columns - 1) near.push(i + 1);
    return near;
  };
  const queued = new Uint8Array(out.length);
  let ring: number[] = [];
  const queue = (i: number, into: number[]) => {
    if (!Number.isNaN(out[i]!) || queued[i]) return;
    queued[i] = 1;
    into.push(i);
  };
  if (!out.some(Number.isNaN)) return out;
  for (let i = 0; i < out.length; i++) if (!Number.isNaN(out[i]!)) for (const j of around(i)) queue(j, ring);
  if (!ring.length) return out.fill(0);
  while (ring.length) {
    const means = ring.map((i) => {
      const known = around(i).filter((j) => !Number.isNaN(out[j]!));
      return known.reduce((sum, j) => sum + out[j]!, 0) / known.length;
    });
    const next: number[] = [];
    ring.forEach((i, k) => (out[i] = means[k]!));
    for (const i of ring) for (const j of around(i)) queue(j, next);
    ring = next;
  }
  return out;
}

/**
 * Return the light, -1 (dark) to 1 (bright), 0 where it is level, on heights (nb, na) without NaN.
 * It comes from the upper left; steepness is scaled so that it stays gentle.
 */
export function lightOn(heights: Float32Array, a: Float32Array, b: Float32Array, equal: boolean): Float32Array {
  const spans = [spanOf(a), spanOf(b)] as const;
  const wide = Math.max(...spans);
  const alongA = slopes(heights, a, 1, a.length, equal ? wide : spans[0]);
  const alongB = slopes(heights, b, a.length, a.length, equal ? wide : spans[1]);
  const steep = alongA.map((slope, i) => Math.hypot(slope, alongB[i]!));
  const usual = quantile(steep, 0.95);
  const factor = usual > 0 ? Math.min(STEEP / usual, MOST) : 0;
  return alongA.map((slope, i) => {
    const x = -slope * factor;
    const y = -alongB[i]! * factor;
    const toward = x * UPPER_LEFT[0] + y * UPPER_LEFT[1] + UPPER_LEFT[2];
    return Math.min(1, Math.max(-1, (toward / Math.sqrt(x * x + y * y + 1) - UPPER_LEFT[2]) / 0.7));
  });
}

/** Return the difference quotients along one axis; `stride` is from one cell to the next along it. */
function slopes(heights: Float32Array, axis: Float32Array, stride: number, columns: number, span: number): Float32Array {
  const out = new Float32Array(heights.length);
  const count = axis.length;
  if (count < 2) return out;
  for (let i = 0; i < out.length; i++) {
    const at = stride === 1 ? i % columns : Math.floor(i / columns);
    const low = Math.max(0, at - 1);
    const high = Math.min(count - 1, at + 1);
    const before = heights[i - (at - low) * stride]!;
    const after = heights[i + (high - at) * stride]!;
    if (low === at || high === at) {
      out[i] = ((after - before) * span) / (axis[high]! - axis[low]!);
      continue;
    }
    const hs = axis[at]! - axis[low]!;
    const hd = axis[high]! - axis[at]!;
    const weighted = hs * hs * after + (hd * hd - hs * hs) * heights[i]! - hd * hd * before;
    out[i] = (weighted * span) / (hs * hd * (hd + hs));
  }
  return out;
}

/** Return a quantile, by linear interpolation between the sorted values. */
export function quantile(values: Float32Array, part: number): number {
  const sorted = values.slice().sort();
  const at = part * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low]! + (sorted[high]! - sorted[low]!) * (at - low);
}

function spanOf(axis: Float32Array): number {
  return axis[axis.length - 1]! - axis[0]! || 1;
}
