/** Contours: lines of one level through a grid, by marching squares. */

import type { Held } from "./state";
import { parts } from "./shade";

/** A line as x, y, x, y, ...; closed where the last point is the first. */
export type Line = Float32Array;

/** The lines of one level of a surface, in coordinates a, b. */
export interface Level {
  share: number; // of the color scale
  text: string;
  lines: Line[];
}

const known = new WeakMap<Held<"surface">, Level[]>();

/** Return the contour lines of a surface at its own levels; computed once. */
export function contoursOf(surface: Held<"surface">): Level[] {
  const cached = known.get(surface);
  if (cached) return cached;
  const { a, b, values, mask } = surface.arrays as { a: Float32Array; b: Float32Array; values: Float32Array; mask: Uint8Array };
  const heights = parts(values, surface);
  for (let i = 0; i < heights.length; i++) if (mask[i]) heights[i] = NaN;
  const shares = parts(surface.levels, surface);
  const found = isolines(heights, a.length, [...shares]).map((lines, i) => ({
    share: shares[i]!,
    text: surface.level_texts[i] ?? "",
    lines: lines.map((line) => line.map((at, k) => along(k % 2 ? b : a, at))),
  }));
  known.set(surface, found);
  return found;
}

/**
 * Return for each level its lines in values (rows, columns), in units of columns and rows. No line
 * goes through a cell that has a corner which is NaN. In a saddle cell the mean of the corners
 * says which are joined.
 */
export function isolines(values: Float32Array, columns: number, levels: readonly number[]): Line[][] {
  const rows = values.length / columns;
  // The crossing of an edge has a number: 2 i for the edge from cell i to the right, 2 i + 1 upward.
  const links = new Int32Array(4 * values.length).fill(-1);
  return levels.map((level) => {
    const crossed: number[] = [];
    const join = (p: number, q: number) => {
      for (const [from, to] of [[p, q], [q, p]] as const) {
        if (links[2 * from] === -1) crossed.push(from);
        links[links[2 * from] === -1 ? 2 * from : 2 * from + 1] = to;
      }
    };
    for (let r = 0; r + 1 < rows; r++) {
      for (let c = 0; c + 1 < columns; c++) square(values, r * columns + c, columns, level, join);
    }
    const lines = trace(crossed, links, (edge) => crossing(values, columns, level, edge));
    for (const edge of crossed) links[2 * edge] = links[2 * edge + 1] = -1;
    return lines;
  });
}

/** Join the crossings of the four edges of the square whose lower left corner is cell i. */
function square(
  values: Float32Array, i: number, columns: number, level: number, join: (p: number, q: number) => void,
): void {
  const [v0, v1, v2, v3] = [values[i]!, values[i + 1]!, values[i + columns + 1]!, values[i + columns]!];
  const sum = v0 + v1 + v2 + v3;
  if (sum !== sum) return;
  const kind = (v0 >= level ? 1 : 0) | (v1 >= level ? 2 : 0) | (v2 >= level ? 4 : 0) | (v3 >= level ? 8 : 0);
  if (kind === 0 || kind === 15) return;
  const [below, right, above, left] = [2 * i, 2 * (i + 1) + 1, 2 * (i + columns), 2 * i + 1];
  switch (Math.min(kind, 15 - kind)) {
    case 1: return join(left, below);
    case 2: return join(below, right);
    case 3: return join(left, right);
    case 4: return join(right, above);
    case 6: return join(below, above);
    case 7: return join(left, above);
    default: { // 5: opposite corners are alike
      const diagonal = sum / 4 >= level === (kind === 5); // corners 0 and 2 belong together
      join(left, diagonal ? above : below);
      join(right, diagonal ? below : above);
    }
  }
}

/** Return where the level crosses an edge. */
function crossing(values: Float32Array, columns: number, level: number, edge: number): [number, number] {
  const i = edge >> 1;
  const up = edge & 1;
  const from = values[i]!;
  const part = (level - from) / (values[up ? i + columns : i + 1]! - from);
  const x = i % columns;
  const y = Math.floor(i / columns);
  return up ? [x, y + part] : [x + part, y];
}

/** Walk along the links: open lines from their ends first, then rings. */
function trace(crossed: number[], links: Int32Array, place: (edge: number) => [number, number]): Line[] {
  const done = new Set<number>();
  const lines: Line[] = [];
  const walk = (start: number) => {
    const points: number[] = [];
    let before = -1;
    let at = start;
    for (;;) {
      done.add(at);
      points.push(...place(at));
      const [p, q] = [links[2 * at]!, links[2 * at + 1]!];
      const next = p !== -1 && !done.has(p) ? p : q !== -1 && !done.has(q) ? q : -1;
      if (next === -1) {
        // A ring comes back to where it began, but not along the step it just made.
        if ((p === start || q === start) && before !== start) points.push(points[0]!, points[1]!);
        break;
      }
      before = at;
      at = next;
    }
    lines.push(Float32Array.from(points));
  };
  for (const edge of crossed) if (links[2 * edge + 1] === -1 && !done.has(edge)) walk(edge);
  for (const edge of crossed) if (!done.has(edge)) walk(edge);
  return lines;
}

/** Return the coordinate at a fractional index of an axis. */
export function along(axis: Float32Array, at: number): number {
  const low = Math.min(Math.floor(at), Math.max(0, axis.length - 2));
  const high = Math.min(low + 1, axis.length - 1);
  return axis[low]! + (axis[high]! - axis[low]!) * (at - low);
}
