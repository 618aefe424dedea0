/** Nearest: the critical point under a pixel, if one is near. */

import { type Projection, xOf, yOf } from "./projection";
import type { CriticalMark } from "./protocol";
import type { Pointer } from "./state";

const NEAR = 9; // pixels: the size of a mark

export function nearestMark(points: readonly Pick<CriticalMark, "a" | "b">[], where: Projection, x: number, y: number): Pointer | null {
  let nearest: Pointer | null = null;
  let most = NEAR;
  points.forEach(({ a, b }, found) => {
    const away = Math.hypot(xOf(where, a) - x, yOf(where, b) - y);
    if (!(away <= most)) return;
    most = away;
    nearest = { a, b, run: null, step: null, found };
  });
  return nearest;
}
