/** Gap: how true the picture is at a step of a run, in words. */

import { percent, short } from "./digits";
import type { Held, Path } from "./state";

export const ROUNDING = 1e-7; // a distance that comes from the digits of numbers
const TRUE_BELOW = 0.1; // as in views/path.py
const EXACT = 1e-6; // of the range: the rounding of what was sent
const MANY = 10; // times the range: no percentage any more

export interface Range {
  log: boolean;
  low: number;
  high: number;
}

const ranges = new WeakMap<object, Range>();

/** The range of what the surface shows; kept, since a surface has many thousand values. */
export function rangeOf(surface: Held<"surface">): Range {
  const values = surface.arrays.values as Float32Array;
  const known = ranges.get(values);
  if (known) return known;
  const log = surface.scale === "log";
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value) || (log && value <= 0)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const range = { log, low, high };
  ranges.set(values, range);
  return range;
}

/** The gap as a share of the range, both in the scale that is drawn; NaN where unknown. */
export function gapShare(loss: number, planeLoss: number, { log, low, high }: Range): number {
  const scale = log ? Math.log10 : (value: number) => value;
  if (!(high > low)) return NaN;
  return Math.abs(scale(loss) - scale(planeLoss)) / (scale(high) - scale(low));
}

/** "1.2 out of the plane; the picture is true to within 3 % of its range". */
export function truthWords(path: Path, row: number, range: Range | null): string {
  if (row < 0) return "";
  const distance = path.distance[row]!;
  const where = Number.isFinite(distance) ? outWords(distance) : "distance unknown";
  if (!range) return where;
  const share = gapShare(path.loss[row]!, path.plane_loss[row]!, range);
  if (!Number.isFinite(share)) return `${where}; the picture cannot show its loss`;
  if (share < EXACT) return `${where}; the picture is exact`;
  if (share < TRUE_BELOW) return `${where}; the picture is true to within ${percent(share)} of its range`;
  return `${where}; the picture is off by ${share > MANY ? `${short(share, 2)} times its range` : `${percent(share)} of its range`}`;
}

function outWords(distance: number): string {
  return distance > ROUNDING ? `${short(distance, 2)} out of the plane` : "in the plane";
}
