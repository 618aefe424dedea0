/** Traces: a path in the pixels of a map, with only the strokes that add something to see. */

import { type Projection, type Rect, xOf, yOf } from "./projection";
import type { Path } from "./state";

const APART = 0.9; // pixels that a step must move to be drawn
const FAR = 1e5; // pixels beyond which a diverging run is drawn no farther away
const CELL = 2.5; // pixels: the grid on which is kept what is covered already
const FULL = 6; // ends of strokes that fill a cell
const LONGEST = 1e4; // pixels: what is longer is drawn anyway

/** A path in pixels. Up to any row, what is kept looks as all of it would. */
export interface Trail {
  row: number[]; // in the path's arrays
  x: number[];
  y: number[];
  /** How the stroke that leads here looks: 3 x band + width; -1: none leads here. */
  look: number[];
}

/** Makes the trail of a path on one map; goes on where it was when the path grows. */
export class Tracer {
  readonly trail: Trail = { row: [], x: [], y: [], look: [] };
  private size = 0; // rows seen
  private lastRow = -1; // that moved
  private lastX = NaN;
  private lastY = NaN;
  private lastSide = 0;
  private lifted = true; // whether the next stroke must begin anew
  private readonly sides: (x: number, y: number) => number;
  private readonly covered: Uint8Array;
  private readonly across: number;
  private readonly reach: number;

  constructor(
    private readonly where: Projection,
    lengths: readonly [number, number],
  ) {
    this.sides = outside(where.rect, 4);
    this.across = Math.ceil(where.rect.width / CELL) + 1;
    this.covered = new Uint8Array(this.across * (Math.ceil(where.rect.height / CELL) + 1));
    this.reach = reachOf(where, lengths);
  }

  /** Take in the rows that are new. Strokes outside the rectangle, and over equal ones, are left out. */
  extend(path: Path): Trail {
    for (let i = this.size; i < path.size; i++) {
      const x = cut(xOf(this.where, path.a[i]!));
      const y = cut(yOf(this.where, path.b[i]!));
      const side = this.sides(x, y);
      const look = 3 * Math.min(4, path.band[i]!) + widthClass(path.distance[i]!, this.reach);
      if (Number.isNaN(x + y) || Number.isNaN(this.lastX + this.lastY) || (this.lastSide & side) !== 0) {
        this.lifted = true;
        this.jump(i, x, y, side);
        continue;
      }
      const [dx, dy] = [x - this.lastX, y - this.lastY];
      if (dx * dx + dy * dy < APART * APART) continue; // too small to see, yet
      if (this.cover(x, y, look)) {
        if (this.lifted) this.keep(this.lastRow, this.lastX, this.lastY, -1);
        this.keep(i, x, y, look);
        this.lifted = false;
      } else this.lifted = true;
      this.jump(i, x, y, side);
    }
    this.size = path.size;
    return this.trail;
  }

  private jump(row: number, x: number, y: number, side: number): void {
    this.lastRow = row;
    this.lastX = x;
    this.lastY = y;
    this.lastSide = side;
    if (this.trail.row.length === 0 && side === 0 && !Number.isNaN(x + y)) {
      this.keep(row, x, y, -1);
      this.lifted = false;
    }
  }

  private keep(row: number, x: number, y: number, look: number): void {
    this.trail.row.push(row);
    this.trail.x.push(x);
    this.trail.y.push(y);
    this.trail.look.push(look);
  }

  /**
   * Cover the cells from the last place to this one; return whether any was not full, in this look.
   * A long stroke fills its cells at once, small steps within one do so by and by, without a gap.
   */
  private cover(x: number, y: number, look: number): boolean {
    const { rect } = this.where;
    const [dx, dy] = [x - this.lastX, y - this.lastY];
    const length = Math.sqrt(dx * dx + dy * dy); // Math.hypot is many times slower
    if (length > LONGEST) return true;
    const steps = Math.ceil(length / CELL);
    let fresh = false;
    for (let k = 0; k <= steps; k++) {
      const t = k / steps;
      const column = Math.floor((this.lastX + dx * t - rect.x) / CELL);
      const row = Math.floor((this.lastY + dy * t - rect.y) / CELL);
      const cell = row * this.across + column;
      if (column < 0 || column >= this.across || !(cell >= 0 && cell < this.covered.length)) continue;
      const before = this.covered[cell]!;
      const count = before >> 4 === look + 1 ? before & 15 : 0;
      if (count >= FULL) continue;
      this.covered[cell] = ((look + 1) << 4) | (steps > 1 ? FULL : count + 1);
      fresh = true;
    }
    return fresh;
  }
}

/** 0, 1, 2: near the plane, off it, far from it, as a share of what the map spans. */
export function widthClass(distance: number, reach: number): number {
  if (!(distance >= 0) || !(reach > 0)) return 0;
  return distance < 0.1 * reach ? 0 : distance < 0.3 * reach ? 1 : 2;
}

/** Return the length in parameter space that the longer side of the map spans. */
export function reachOf({ window }: Projection, lengths: readonly [number, number]): number {
  return Math.max((window.a1 - window.a0) * lengths[0], (window.b1 - window.b0) * lengths[1]);
}

/** Return a function that says on which sides of a rectangle a place is, as bits; 0: in it. */
export function outside(rect: Rect, margin: number): (x: number, y: number) => number {
  const [x0, x1, y0, y1] = [rect.x - margin, rect.x + rect.width + margin, rect.y - margin, rect.y + rect.height + margin];
  return (x, y) => (x < x0 ? 1 : 0) | (x > x1 ? 2 : 0) | (y < y0 ? 4 : 0) | (y > y1 ? 8 : 0);
}

function cut(pixel: number): number {
  return Math.min(FAR, Math.max(-FAR, pixel));
}
