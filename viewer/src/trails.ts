/** Trails: the paths of runs in three dimensions, at their true loss. */

import { OVERTOP, type Placing, type Relief } from "./ground";
import type { Path } from "./state";

/** Numbers a vertex: x, y, z, step, band, length of the way so far. */
export const STRIDE = 6;
const GONE = 9; // a band that is not drawn: off the map, or nowhere
const BESIDE = 0.62; // of the width: how far off its middle a path is followed
const TRUE_TO = 3; // bands from here on are drawn as not true

/** Where a step is drawn: above its place in the plane, at its true loss. */
export function placeOf(path: Path, k: number, placing: Placing, relief: Relief): [number, number, number] {
  return [placing.x(path.a[k]!), rise(path.loss[k]!, relief), placing.z(path.b[k]!)];
}

/** The height of a loss; beyond all numbers is as high as anything is drawn. */
function rise(loss: number, relief: Relief): number {
  return loss === Infinity ? OVERTOP : relief.lift(loss);
}

/**
 * The vertices of a path, thinned: of steps nearer to each other than `tolerance` the first is
 * kept, and wherever the picture begins or ceases to be true; `tolerance` grows until at most
 * `most` remain.
 */
export function trailOf(path: Path, placing: Placing, relief: Relief, tolerance: number, most: number): Float32Array {
  const whole = new Float32Array(path.size * STRIDE);
  for (let k = 0; k < path.size; k++) {
    const [x, y, z] = placeOf(path, k, placing, relief);
    const known = Math.abs(x) < BESIDE && Math.abs(z) < BESIDE && Number.isFinite(y);
    const at = k * STRIDE;
    whole[at] = known ? x : 0;
    whole[at + 1] = known ? y : 0;
    whole[at + 2] = known ? z : 0;
    whole[at + 3] = path.step[k]!;
    whole[at + 4] = known ? path.band[k]! : GONE;
  }
  let rows = thinned(whole, Array.from({ length: path.size }, (_, k) => k), tolerance);
  for (let wider = tolerance * 1.5; rows.length > most && wider < 1; wider *= 1.5) rows = thinned(whole, rows, wider);
  return measured(whole, rows);
}

/** Of these rows those to keep. */
function thinned(whole: Float32Array, rows: readonly number[], tolerance: number): number[] {
  let kept = -1;
  return rows.filter((row, n) => {
    const inner = n > 0 && n < rows.length - 1 && kindOf(whole, row) === kindOf(whole, rows[n - 1]!);
    if (inner && apart(whole, kept, row) < tolerance) return false;
    kept = row;
    return true;
  });
}

/** Pick the rows and measure the way along them, without the gaps where the path is gone. */
function measured(whole: Float32Array, rows: readonly number[]): Float32Array {
  const trail = new Float32Array(rows.length * STRIDE);
  let along = 0;
  rows.forEach((row, n) => {
    trail.set(whole.subarray(row * STRIDE, row * STRIDE + 5), n * STRIDE);
    const both = n > 0 && trail[n * STRIDE + 4] !== GONE && trail[(n - 1) * STRIDE + 4] !== GONE;
    if (both) along += apart(trail, n - 1, n);
    trail[n * STRIDE + 5] = along;
  });
  return trail;
}

/** True, not true, or gone. */
function kindOf(whole: Float32Array, row: number): number {
  const band = whole[row * STRIDE + 4]!;
  return band === GONE ? 2 : band >= TRUE_TO ? 1 : 0;
}

function apart(whole: Float32Array, p: number, q: number): number {
  const [i, j] = [p * STRIDE, q * STRIDE];
  const [x, y, z] = [whole[i]! - whole[j]!, whole[i + 1]! - whole[j + 1]!, whole[i + 2]! - whole[j + 2]!];
  return Math.sqrt(x * x + y * y + z * z); // several times as fast as hypot
}

/**
 * The step of a trail that is drawn nearest to a place of the screen, with its distance there;
 * `project` gives the screen's place of a vertex.
 */
export function nearest(
  trail: Float32Array,
  time: number,
  project: (x: number, y: number, z: number) => readonly [number, number],
  place: readonly [number, number],
): { step: number; away: number } {
  const found = { step: -1, away: Infinity };
  for (let i = 0; i < trail.length; i += STRIDE) {
    if (trail[i + 3]! > time || trail[i + 4] === GONE) continue;
    const [x, y] = project(trail[i]!, trail[i + 1]!, trail[i + 2]!);
    const away = Math.hypot(x - place[0], y - place[1]);
    if (away < found.away) Object.assign(found, { step: trail[i + 3]!, away });
  }
  return found;
}
