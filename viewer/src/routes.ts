/** Routes: the paths of all runs up to a time, on a layer of their own. */

import { drawCallouts, type Callout } from "./callouts";
import { readable, type Theme } from "./colors";
import { short } from "./digits";
import { drawExits, drawRun, exitsOf, headRow, nearestRow, wayOut } from "./pathlines";
import { inside, type Projection, xOf, yOf } from "./projection";
import { rowAt } from "./row";
import type { Place } from "./gestures";
import { FONT } from "./sheet";
import type { Pointer, Run } from "./state";
import { reachOf, Tracer, type Trail, widthClass } from "./traces";

const SNAP = 8; // pixels
const MOST_NAMES = 12;

/** The trails of runs, made once for each place of the map. */
export class Routes {
  private readonly traced = new Map<number, { tracer: Tracer; steps: Int32Array; where: Projection }>();

  /** Return the trail of a run's whole path. */
  trail({ run, path }: Run, where: Projection, lengths: readonly [number, number]): Trail {
    let known = this.traced.get(run);
    // A path that grows keeps its arrays, but for a few times; one that is replaced has new ones.
    if (known?.steps !== path.step || known.where !== where) {
      known = { tracer: new Tracer(where, lengths), steps: path.step, where };
      this.traced.set(run, known);
    }
    return known.tracer.extend(path);
  }

  /** Draw all runs up to a step (null: to their ends), with names at their heads, and other names, off `numbers`. */
  draw(
    pen: CanvasRenderingContext2D, runs: Iterable<Run>, time: number | null, where: Projection,
    lengths: readonly [number, number], theme: Theme, names: readonly Callout[], numbers: readonly Place[],
  ): void {
    const { rect } = where;
    const all = [...runs].filter(({ path }) => path.size > 0);
    const callouts: Callout[] = [];
    const avoid = numbers.flatMap((at) => Array<readonly [number, number]>(40).fill([at.x, at.y])); // weigh more than a path
    for (const run of all) {
      const upto = rowAt(run.path.step, run.path.size, time);
      if (upto < 0) continue;
      pen.save();
      pen.beginPath();
      pen.rect(rect.x, rect.y, rect.width, rect.height);
      pen.clip();
      const trail = this.trail(run, where, lengths);
      drawRun(pen, run, trail, upto, where);
      pen.restore();
      const every = Math.max(1, Math.floor(trail.row.length / 120));
      for (let k = 0; k < trail.row.length; k += every) avoid.push([trail.x[k]!, trail.y[k]!]);
      const exits = exitsOf(run.path, upto, where);
      drawExits(pen, exits, run.color);
      callouts.push(callout(run, upto, where, lengths, readable(run.color, theme), exits.find(({ final }) => final)));
    }
    const named = callouts.length <= MOST_NAMES ? [...callouts, ...names] : names;
    drawCallouts(pen, named, rect, { font: FONT, paper: theme.paper, ink: theme.ink }, avoid);
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
  if (off > 0) lines.push(`${short(distance, 2)} out of plane`);
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
