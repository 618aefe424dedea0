/** Nearest: the critical point under a pixel, or the plane's origin, if one is near. */

import { type Projection, xOf, yOf } from "./projection";
import type { CriticalMark } from "./protocol";
import type { Pointer } from "./state";

const NEAR = 9; // pixels: the size of a mark
const MIDDLE = 4; // pixels: who points so near to the origin means it, and its numbers are exact

export function nearestMark(points: readonly Pick<CriticalMark, "a" | "b">[], where: Projection, x: number, y: number): Pointer | null {
  let nearest: Pointer | null = null;
  let most = NEAR;
  points.forEach(({ a, b }, found) => {
    const away = Math.hypot(xOf(where, a) - x, yOf(where, b) - y);
    if (!(away <= most)) return;
    most = away;
    nearest = { a, b, run: null, step: null, found };
  });
  if (nearest) return nearest;
  const home = Math.hypot(xOf(where, 0) - x, yOf(where, 0) - y);
  return home <= MIDDLE ? { a: 0, b: 0, run: null, step: null } : null;
}
