/** Numbers: where contour lines carry their values: clear of the border, the paths and each other. */

import type { Level } from "./contours";
import { type Projection, type Rect, xOf, yOf } from "./projection";

/** The value of a contour line, along it. */
export interface Value {
  x: number;
  y: number;
  angle: number; // of the line there, so that the text stands upright
  text: string;
  level: number; // which
}

type Place = readonly [number, number];

const MOST = 8;
const SHORTEST = 50; // pixels that a line must span to hold a number

/** Return the places of the numbers; not more than one a level, few in all. */
export function placeNumbers(levels: readonly Level[], where: Projection, avoid: readonly Place[]): Value[] {
  const { rect } = where;
  const every = Math.max(1, Math.ceil(levels.length / MOST));
  const found: Value[] = [];
  const crowd = thinned(avoid, 400);
  for (let level = 0; level < levels.length; level += every) {
    let best: Value | null = null;
    let most = 0;
    for (const line of levels[level]!.lines) {
      const points = pixels(line, where).filter(([x, y]) => within(rect, x, y));
      if (points.length < 8 || span(points) < SHORTEST) continue;
      const stride = Math.max(1, Math.floor(points.length / 60));
      for (let i = 3; i < points.length - 3; i += stride) {
        const [x, y] = points[i]!;
        const clear = Math.min(x - rect.x, y - rect.y, rect.x + rect.width - x, rect.y + rect.height - y);
        const room = nearest(x, y, crowd);
        const apart = nearest(x, y, found.map((other) => [other.x, other.y] as const));
        if (clear < 20 || room < 16 || apart < 44) continue;
        const score = Math.min(clear, 40) + Math.min(room, 40) + Math.min(apart, 110);
        if (score <= most) continue;
        most = score;
        best = { x, y, angle: upright(points[i - 3]!, points[i + 3]!), text: levels[level]!.text, level };
      }
    }
    if (best) found.push(best);
  }
  return found;
}

function pixels(line: Float32Array, where: Projection): Place[] {
  const out: Place[] = [];
  for (let i = 0; i < line.length; i += 2) out.push([xOf(where, line[i]!), yOf(where, line[i + 1]!)]);
  return out;
}

function within({ x, y, width, height }: Rect, px: number, py: number): boolean {
  return px >= x && px <= x + width && py >= y && py <= y + height;
}

function span(points: readonly Place[]): number {
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  return Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys));
}

function nearest(x: number, y: number, others: readonly Place[]): number {
  let least = Infinity;
  for (const [ox, oy] of others) least = Math.min(least, (ox - x) ** 2 + (oy - y) ** 2);
  return Math.sqrt(least);
}

/** Return the angle between two places at which a text is not upside down. */
export function upright([x0, y0]: Place, [x1, y1]: Place): number {
  const angle = Math.atan2(y1 - y0, x1 - x0);
  return angle > Math.PI / 2 ? angle - Math.PI : angle < -Math.PI / 2 ? angle + Math.PI : angle;
}

function thinned(places: readonly Place[], most: number): readonly Place[] {
  const every = Math.max(1, Math.floor(places.length / most));
  return places.filter((_, i) => i % every === 0);
}
