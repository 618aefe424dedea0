/** Routes: the paths of all runs up to a time, on a layer of their own. */

import { drawCallouts, type Callout } from "./callouts";
import { readable, type Theme } from "./colors";
import { short } from "./digits";
import { drawExits, drawRun, exitsOf, headRow, nearestRow, wayOut } from "./pathlines";
import { inside, type Projection, type Rect, xOf, yOf } from "./projection";
import { rowAt } from "./row";
import type { Place } from "./gestures";
import { FONT } from "./sheet";
import type { Pointer, Run } from "./state";
import { reachOf, Tracer, type Trail, widthClass } from "./traces";

const SNAP = 8; // pixels
const MOST_NAMES = 12;
const MOVING = 40_000; // what drawing all runs may cost while time moves, as pixels of line
const RESTING = 300_000;
const STROKE = 8; // pixels of line that cost as much as a stroke does besides
const FINEST = 2.5; // pixels: the grid on which lines are thinned, if they are
const COARSEST = 40;

interface Traced {
  tracer: Tracer;
  steps: Int32Array;
  where: Projection;
  /** What is drawn of the trail, by how much may be; made when it has grown. */
  thinned: Map<number, { size: number; cell: number; trail: Trail }>;
}

/** The trails of runs, made once for each place of the map. */
export class Routes {
  private readonly traced = new Map<number, Traced>();

  /** Return the trail of a run's whole path. */
  trail({ run, path }: Run, where: Projection, lengths: readonly [number, number]): Trail {
    let known = this.traced.get(run);
    // A path that grows keeps its arrays, but for a few times; one that is replaced has new ones.
    if (known?.steps !== path.step || known.where !== where) {
      known = { tracer: new Tracer(where, lengths), steps: path.step, where, thinned: new Map() };
      this.traced.set(run, known);
    }
    return known.tracer.extend(path);
  }

  /** Return the trail of a run, thinned until drawing it costs at most so much. */
  private drawn(run: Run, where: Projection, lengths: readonly [number, number], most: number): Trail {
    const trail = this.trail(run, where, lengths);
    const { thinned } = this.traced.get(run.run)!;
    const size = trail.row.length;
    const known = thinned.get(most);
    if (known?.size === size) return known.trail;
    const made = within(trail, most, known?.cell);
    if (thinned.size > 4) thinned.clear(); // the number of runs has changed
    thinned.set(most, { size, ...made });
    return made.trail;
  }

  /**
   * Draw all runs up to a step (null: to their ends), with names at their heads, and other names,
   * off `numbers`; costly lines with less detail while time is `moving`. Return whether there were
   * such, and where names are.
   */
  draw(
    pen: CanvasRenderingContext2D, runs: Iterable<Run>, time: number | null, where: Projection,
    lengths: readonly [number, number], theme: Theme, names: readonly Callout[], numbers: readonly Place[],
    moving = false,
  ): { coarse: boolean; named: Rect[] } {
    const { rect } = where;
    const all = [...runs].filter(({ path }) => path.size > 0);
    const most = (moving ? MOVING : RESTING) / all.length;
    let coarse = false;
    const callouts: Callout[] = [];
    const avoid = numbers.flatMap((at) => Array<readonly [number, number]>(40).fill([at.x, at.y])); // weigh more than a path
    for (const run of all) {
      const upto = rowAt(run.path.step, run.path.size, time);
      if (upto < 0) continue;
      pen.save();
      pen.beginPath();
      pen.rect(rect.x, rect.y, rect.width, rect.height);
      pen.clip();
      const trail = this.drawn(run, where, lengths, most);
      coarse ||= moving && trail !== this.trail(run, where, lengths);
      drawRun(pen, run, trail, upto, where);
      pen.restore();
      const every = Math.max(1, Math.floor(trail.row.length / 120));
      for (let k = 0; k < trail.row.length; k += every) avoid.push([trail.x[k]!, trail.y[k]!]);
      const exits = exitsOf(run.path, upto, where);
      drawExits(pen, exits, run.color);
      callouts.push(callout(run, upto, where, lengths, readable(run.color, theme), exits.find(({ final }) => final)));
    }
    const wanted = callouts.length <= MOST_NAMES ? [...callouts, ...names] : names;
    const named = drawCallouts(pen, wanted, rect, { font: FONT, paper: theme.paper, ink: theme.ink }, avoid);
    return { coarse, named };
  }

  /** Return the step of a run under a pixel, if one is near. */
  snap(
    runs: Iterable<Run>, time: number | null, where: Projection, lengths: readonly [number, number], x: number, y: number,
  ): Pointer | null {
    let found: Pointer | null = null;
    let most = SNAP;
    for (const run of runs) {
      const { path } = run;
      const upto = rowAt(path.step, path.size, time);
      const { row, away } = nearestRow(this.trail(run, where, lengths), upto, x, y, most);
      if (row < 0) continue;
      most = away;
      found = { a: path.a[row]!, b: path.b[row]!, run: run.run, step: path.step[row]! };
    }
    return found;
  }
}

/** Return a trail that costs at most so much to draw, and the grid on which it was thinned; 0: none. */
export function within(trail: Trail, most: number, from = 0): { cell: number; trail: Trail } {
  if (costOf(trail) <= most) return { cell: 0, trail };
  for (let cell = Math.max(FINEST, from); ; cell *= 1.5) {
    const made = thinnedTo(trail, cell);
    if (cell > COARSEST || costOf(made) <= most) return { cell, trail: made };
  }
}

/** Return what drawing a trail costs, as pixels of line. */
export function costOf({ x, y, look }: Trail): number {
  let cost = 0;
  for (let k = 1; k < x.length; k++) if (look[k]! >= 0) cost += STROKE + Math.hypot(x[k]! - x[k - 1]!, y[k]! - y[k - 1]!);
  return cost;
}

/**
 * Return the part of a trail that is seen on a grid of so many pixels: no step that hardly leaves
 * its cell, no stroke of which less than half leads over cells that are still free of its look.
 */
export function thinnedTo(trail: Trail, cell: number): Trail {
  const out: Trail = { row: [], x: [], y: [], look: [] };
  const near = (1.42 * cell) ** 2; // whatever is farther lies in another cell
  const covered = new Map<number, number>();
  const cellAt = (x: number, y: number) => Math.floor(x / cell) * 1e5 + Math.floor(y / cell);
  const keep = (k: number, look: number) => {
    out.row.push(trail.row[k]!);
    out.x.push(trail.x[k]!);
    out.y.push(trail.y[k]!);
    out.look.push(look);
  };
  let last = 0; // where the next stroke begins
  let lifted = true;
  for (let k = 1; k < trail.row.length; k++) {
    const look = trail.look[k]!;
    const [x0, y0] = [trail.x[last]!, trail.y[last]!];
    const [dx, dy] = [trail.x[k]! - x0, trail.y[k]! - y0];
    const square = dx * dx + dy * dy;
    const goesOn = k + 1 < trail.row.length && trail.look[k + 1] === look;
    if (square < near && (goesOn || look < 0)) continue; // small jumps are bridged
    if (look >= 0) {
      const steps = Math.min(4000, Math.ceil(Math.sqrt(square) / cell));
      const fresh: number[] = [];
      for (let i = 1; i <= steps; i++) {
        const at = cellAt(x0 + (dx * i) / steps, y0 + (dy * i) / steps);
        if (covered.get(at) !== look) fresh.push(at);
      }
      if (2 * fresh.length >= steps) {
        for (const at of fresh) covered.set(at, look);
        if (lifted) keep(last, -1);
        keep(k, look);
        lifted = false;
      } else lifted = true;
    } else lifted = true;
    last = k;
  }
  return out;
}

/** What is written at the head of a run: its name, how much is seen of it, how far it is out. */
function callout(
  run: Run, upto: number, where: Projection, lengths: readonly [number, number], color: string,
  exit: { x: number; y: number } | undefined,
): Callout {
  const { path } = run;
  const head = Math.max(0, headRow(path, upto));
  const [a, b] = [path.a[head]!, path.b[head]!];
  const distance = path.distance[head]!;
  const off = widthClass(distance, reachOf(where, lengths));
  const lines = [run.name];
  if (where.rect.width > 330 && where.rect.height > 200 && run.captured !== null) lines.push(`${captured(run.captured)} captured`);
  if (off > 0) lines.push(`${short(distance, 2)} out of the plane`);
  const lost = run.status === "diverged" && upto === path.size - 1;
  if (!inside(where.window, a, b)) lines.push(lost ? run.words : `outside, ${wayOut(where, a, b)}`);
  else if (lost) lines.push(run.words);
  const place = exit ?? { x: xOf(where, a), y: yOf(where, b) };
  return { ...place, lines, color };
}

/** A captured share in words; never 100 % before it is. */
export function captured(share: number): string {
  return `${Math.round(100 * (share < 0.999 ? Math.min(share, 0.99) : share))} %`;
}
