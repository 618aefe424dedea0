/** Projection: from the window of a plane to the pixels of a map, and back. */

import type { Window } from "./protocol";
import type { Held } from "./state";

export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A window that fills a rectangle of pixels; b goes up. */
export interface Projection {
  window: Window;
  rect: Rect;
}

export const xOf = ({ window, rect }: Projection, a: number): number =>
  rect.x + ((a - window.a0) / (window.a1 - window.a0)) * rect.width;

export const yOf = ({ window, rect }: Projection, b: number): number =>
  rect.y + ((window.b1 - b) / (window.b1 - window.b0)) * rect.height;

export const aOf = ({ window, rect }: Projection, x: number): number =>
  window.a0 + ((x - rect.x) / rect.width) * (window.a1 - window.a0);

export const bOf = ({ window, rect }: Projection, y: number): number =>
  window.b1 - ((y - rect.y) / rect.height) * (window.b1 - window.b0);

/** Return the largest rectangle in the middle of `room` on which the window is true to shape. */
export function fit(room: Rect, window: Window, equal: boolean): Rect {
  if (!equal) return room;
  const shape = (window.a1 - window.a0) / (window.b1 - window.b0);
  const width = Math.min(room.width, room.height * shape);
  const height = width / shape;
  return { x: room.x + (room.width - width) / 2, y: room.y + (room.height - height) / 2, width, height };
}

/** Return the window that the cells of a surface cover; a lone row or column gets a width. */
export function extentOf(surface: Held<"surface">): Window {
  const { a, b } = surface.arrays as { a: Float32Array; b: Float32Array };
  const ends = [a, b].map((axis) => [axis[0] ?? 0, axis[axis.length - 1] ?? 0] as const);
  const spare = Math.max(...ends.map(([low, high]) => high - low)) || 1;
  const [[a0, a1], [b0, b1]] = ends.map(([low, high]) =>
    high > low ? [low, high] : [low - spare / 2, high + spare / 2],
  ) as [[number, number], [number, number]];
  return { a0, a1, b0, b1 };
}

export function inside(window: Window, a: number, b: number): boolean {
  return a >= window.a0 && a <= window.a1 && b >= window.b0 && b <= window.b1;
}

/** Return the fractional index of a coordinate along an axis, kept on it. */
export function indexOf(axis: Float32Array, where: number): number {
  let low = 0;
  let high = axis.length - 1;
  if (high < 1 || !(where > axis[0]!)) return 0;
  if (where >= axis[high]!) return high;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (axis[middle]! <= where) low = middle;
    else high = middle;
  }
  return low + (where - axis[low]!) / (axis[high]! - axis[low]!);
}
