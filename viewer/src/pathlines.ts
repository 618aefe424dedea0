/** Pathlines: how a run's path is drawn on a map: thinned to pixels, honest about what it hides. */

import { mixed } from "./colors";
import { type Projection, type Rect, xOf, yOf } from "./projection";
import type { Path, Run } from "./state";
import { outside, type Trail } from "./traces";

const STRENGTHS = [1, 0.82, 0.64, 0.42, 0.2] as const; // of the color, by how far the gap has grown
const UNTRUE = 3; // from this band on the gap is 10 % of the range and more
const WIDTHS = [1.9, 1.4, 1] as const; // by how far the run is out of the plane
const DOTS = 40;
const SCRIBBLE = 1500; // strokes: a path so dense gains nothing from a halo
const CHUNK = 500; // strokes drawn as one: browsers are slow with longer lines

/** Return the last row of a path, up to `upto`, that has a place in the plane; -1: none. */
export function headRow(path: Path, upto: number): number {
  let row = upto;
  while (row >= 0 && !Number.isFinite(path.a[row]! + path.b[row]!)) row--;
  return row;
}

/** Draw a run up to a row: halo, line, dots, arrowhead, hollow start and solid head. */
export function drawRun(pen: CanvasRenderingContext2D, run: Run, trail: Trail, upto: number, where: Projection): void {
  let end = trail.row.length;
  while (end > 0 && trail.row[end - 1]! > upto) end--;
  pen.save();
  pen.lineJoin = pen.lineCap = "round";
  if (end < SCRIBBLE) stroke(pen, trail, end, 3.4, "rgba(255,255,255,0.72)", () => true);
  const looks = new Set(trail.look.slice(0, end));
  for (const look of looks) {
    const band = Math.floor(look / 3);
    if (look < 0) continue;
    const only = (other: number) => other === look;
    if (band >= UNTRUE) {
      pen.lineCap = "butt"; // dashes in the run's own color hold the pale line
      stroke(pen, trail, end, WIDTHS[look % 3]! + 0.9, run.color, only, [4, 3]);
      pen.lineCap = "round";
    }
    stroke(pen, trail, end, WIDTHS[look % 3]!, mixed(run.color, "#ffffff", STRENGTHS[band]!), only);
  }
  dots(pen, run, upto, where);
  arrow(pen, trail, end, run.color);
  const { path } = run;
  const head = headRow(path, upto);
  if (head >= 0) {
    dot(pen, xOf(where, path.a[0]!), yOf(where, path.b[0]!), 4, "#ffffff", run.color, 2);
    if (head > 0) dot(pen, xOf(where, path.a[head]!), yOf(where, path.b[head]!), 4.6, run.color, "#ffffff", 1.3);
  }
  pen.restore();
}

function stroke(
  pen: CanvasRenderingContext2D, trail: Trail, end: number, width: number, color: string,
  wanted: (look: number) => boolean, dash: number[] = [],
): void {
  pen.setLineDash(dash);
  pen.lineWidth = width;
  pen.strokeStyle = color;
  let count = 0;
  let on = false;
  pen.beginPath();
  for (let k = 1; k < end; k++) {
    const look = trail.look[k]!;
    if (look < 0 || !wanted(look)) {
      on = false;
      continue;
    }
    if (!on) pen.moveTo(trail.x[k - 1]!, trail.y[k - 1]!);
    pen.lineTo(trail.x[k]!, trail.y[k]!);
    on = true;
    if (++count % CHUNK) continue;
    pen.stroke();
    pen.beginPath();
    on = false;
  }
  pen.stroke();
  pen.setLineDash([]);
}

/** Return how many rows lie between two dots: equal times, so that dense dots tell a slow run. */
export function dotEvery(run: Pick<Run, "length" | "path">): number {
  const { step, size } = run.path;
  const stride = size > 1 ? Math.max(1, step[1]! - step[0]!) : 1;
  return Math.max(1, Math.ceil(Math.max(size, run.length / stride) / DOTS));
}

function dots(pen: CanvasRenderingContext2D, run: Run, upto: number, where: Projection): void {
  const { path } = run;
  const every = dotEvery(run);
  const sides = outside(where.rect, 4);
  let [lastX, lastY] = [NaN, NaN];
  for (let row = every; row <= upto; row += every) {
    const x = xOf(where, path.a[row]!);
    const y = yOf(where, path.b[row]!);
    // Dots that would lie on each other say no more than a few of them.
    if (sides(x, y) !== 0 || Math.hypot(x - lastX, y - lastY) < 1.5) continue;
    const untrue = path.band[row]! >= UNTRUE;
    dot(pen, x, y, 2.1, untrue ? "#ffffff" : run.color, untrue ? run.color : "#ffffff", 0.8);
    [lastX, lastY] = [x, y];
  }
}

function dot(pen: CanvasRenderingContext2D, x: number, y: number, radius: number, fill: string, edge: string, width: number): void {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fillStyle = fill;
  pen.fill();
  pen.lineWidth = width;
  pen.strokeStyle = edge;
  pen.stroke();
}

/** Draw an arrowhead in the middle of what is drawn, if that is long enough to aim. */
function arrow(pen: CanvasRenderingContext2D, trail: Trail, end: number, color: string): void {
  const lengths = [0];
  for (let k = 1; k < end; k++) {
    const seen = trail.look[k]! >= 0;
    lengths.push(lengths[k - 1]! + (seen ? Math.hypot(trail.x[k]! - trail.x[k - 1]!, trail.y[k]! - trail.y[k - 1]!) : 0));
  }
  const whole = lengths[end - 1] ?? 0;
  if (whole < 60) return;
  const tip = lengths.findIndex((length) => length >= 0.55 * whole);
  let tail = tip;
  while (tail > 0 && lengths[tip]! - lengths[tail]! < 9 && trail.look[tail]! >= 0) tail--;
  const angle = Math.atan2(trail.y[tip]! - trail.y[tail]!, trail.x[tip]! - trail.x[tail]!);
  pointer(pen, trail.x[tip]!, trail.y[tip]!, angle, 6, color);
}

/** Draw a triangle whose tip is at a place. */
function pointer(pen: CanvasRenderingContext2D, x: number, y: number, angle: number, size: number, color: string): void {
  pen.save();
  pen.translate(x, y);
  pen.rotate(angle);
  pen.beginPath();
  pen.moveTo(size * 0.9, 0);
  pen.lineTo(-size * 0.7, size * 0.75);
  pen.lineTo(-size * 0.7, -size * 0.75);
  pen.closePath();
  pen.fillStyle = color;
  pen.fill();
  pen.lineWidth = 1;
  pen.strokeStyle = "#ffffff";
  pen.stroke();
  pen.restore();
}

/** Where a path goes out through the border, and which way. */
export interface Exit {
  x: number;
  y: number;
  angle: number; // of the pixels: 0 right, half pi down
  final: boolean; // whether it is outside at the end
}

/** Return where the first `upto + 1` steps leave the window; crossings close to each other once. */
export function exitsOf(path: Path, upto: number, where: Projection): Exit[] {
  const { window, rect } = where;
  const within = (i: number) =>
    path.a[i]! >= window.a0 && path.a[i]! <= window.a1 && path.b[i]! >= window.b0 && path.b[i]! <= window.b1;
  const found: Exit[] = [];
  const last = headRow(path, upto);
  const add = (i: number, j: number, final: boolean) => {
    const [x, y] = border(rect, xOf(where, path.a[i]!), yOf(where, path.b[i]!), xOf(where, path.a[j]!), yOf(where, path.b[j]!));
    const near = found.find((exit) => Math.hypot(exit.x - x, exit.y - y) < 14);
    if (near) near.final ||= final;
    else found.push({ x, y, angle: outward(rect, x, y), final });
  };
  let crossed = -1;
  for (let i = 0; i < last; i++) {
    if (!within(i) || within(i + 1) || !Number.isFinite(path.a[i + 1]! + path.b[i + 1]!)) continue;
    crossed = i;
    add(i, i + 1, false);
  }
  if (last >= 0 && !within(last)) {
    const from = found.length ? crossed : -1;
    if (from >= 0) add(from, from + 1, true);
    else addMiddle(found, where, path, last);
  }
  return found;
}

/** A run that never was inside is marked on the way from the middle of the map to its end. */
function addMiddle(found: Exit[], where: Projection, path: Path, last: number): void {
  const { rect } = where;
  const [x, y] = border(
    rect, rect.x + rect.width / 2, rect.y + rect.height / 2, xOf(where, path.a[last]!), yOf(where, path.b[last]!),
  );
  found.push({ x, y, angle: outward(rect, x, y), final: true });
}

/** Return where the way from a place inside to one outside crosses the border. */
export function border(rect: Rect, x0: number, y0: number, x1: number, y1: number): [number, number] {
  const part = (from: number, to: number, low: number, high: number) =>
    to > high ? (high - from) / (to - from) : to < low ? (low - from) / (to - from) : 1;
  const t = Math.min(part(x0, x1, rect.x, rect.x + rect.width), part(y0, y1, rect.y, rect.y + rect.height));
  return [x0 + t * (x1 - x0), y0 + t * (y1 - y0)];
}

/** Return the angle that points out of the rectangle at a place on its border. */
function outward(rect: Rect, x: number, y: number): number {
  const ways = [rect.x + rect.width - x, rect.y + rect.height - y, x - rect.x, y - rect.y];
  return (ways.indexOf(Math.min(...ways)) * Math.PI) / 2;
}

/** Draw the marks at the border where a run leaves. */
export function drawExits(pen: CanvasRenderingContext2D, exits: readonly Exit[], color: string): void {
  for (const { x, y, angle, final } of exits) {
    const back = final ? 7 : 5;
    pointer(pen, x - Math.cos(angle) * back, y - Math.sin(angle) * back, angle, final ? 8 : 5, color);
  }
}

/** Return the row of a path nearest to a pixel, within `most` pixels; -1: none so near. */
export function nearestRow(trail: Trail, upto: number, x: number, y: number, most: number): { row: number; away: number } {
  let [row, away] = [-1, most];
  for (let k = 0; k < trail.row.length && trail.row[k]! <= upto; k++) {
    const distance = Math.hypot(trail.x[k]! - x, trail.y[k]! - y);
    if (distance > away) continue;
    [row, away] = [trail.row[k]!, distance];
  }
  return { row, away };
}

/** Return which way a place lies outside of the window: "to the right and up"; "" inside. */
export function wayOut({ window, rect }: Projection, a: number, b: number): string {
  const where = { window, rect };
  const [x, y] = [xOf(where, a), yOf(where, b)];
  const across = x < rect.x ? "to the left" : x > rect.x + rect.width ? "to the right" : "";
  const up = y < rect.y ? "up" : y > rect.y + rect.height ? "down" : "";
  return [across, up].filter(Boolean).join(" and ");
}
