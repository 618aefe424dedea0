/** Crosshair: what the pointer marks on the map, and what the map says there. */

import type { Theme } from "./colors";
import { short } from "./digits";
import type { Bar, Layout } from "./maplayout";
import { extentOf, indexOf, inside, type Rect, xOf, yOf } from "./projection";
import { rowAt } from "./row";
import { parts } from "./shade";
import { FONT } from "./sheet";
import { placeBox } from "./callouts";
import type { Held, Pointer, Run } from "./state";

/** Return the value of a surface between its cells; NaN outside, and beside a hole. */
export function valueAt(surface: Held<"surface">, a: number, b: number): number {
  if (!inside(extentOf(surface), a, b)) return NaN;
  const axes = surface.arrays as { a: Float32Array; b: Float32Array; values: Float32Array; mask: Uint8Array };
  const across = axes.a.length;
  const [column, row] = [indexOf(axes.a, a), indexOf(axes.b, b)];
  const [c0, r0] = [Math.floor(column), Math.floor(row)];
  const [c1, r1] = [Math.min(c0 + 1, across - 1), Math.min(r0 + 1, axes.b.length - 1)];
  const at = (r: number, c: number) => (axes.mask[r * across + c] ? NaN : axes.values[r * across + c]!);
  const lerp = (low: number, high: number, t: number) => (t === 0 ? low : low * (1 - t) + high * t);
  const [u, v] = [column - c0, row - r0];
  return lerp(lerp(at(r0, c0), at(r0, c1), u), v === 0 ? 0 : lerp(at(r1, c0), at(r1, c1), u), v);
}

/** Return what the map says of a place: a run's step, or the value of the surface. */
export function placeWords(surface: Held<"surface">, pointer: Pointer, runs: ReadonlyMap<number, Run>): string[] {
  const run = pointer.run === null ? undefined : runs.get(pointer.run);
  if (run && pointer.step !== null) {
    const row = rowAt(run.path.step, run.path.size, pointer.step);
    if (row >= 0) return [`${run.name}, step ${pointer.step}`, `loss ${short(run.path.loss[row]!)}`];
  }
  const value = valueAt(surface, pointer.a, pointer.b);
  return [Number.isNaN(value) ? missingWords(surface, pointer) : `${surface.field_label} ${short(value)}`];
}

function missingWords(surface: Held<"surface">, { a, b }: Pointer): string {
  if (!inside(extentOf(surface), a, b)) return "not computed here";
  const axes = surface.arrays as { a: Float32Array; b: Float32Array; mask: Uint8Array };
  const code = axes.mask[Math.round(indexOf(axes.b, b)) * axes.a.length + Math.round(indexOf(axes.a, a))]!;
  return ["beside a hole", "not computed yet", "not a number", "infinite", "failed"][code] ?? "";
}

/** Draw the crosshair with its words beside the names that are there, and the place on the scale of the colors. */
export function drawCrosshair(
  pen: CanvasRenderingContext2D, pointer: Pointer, surface: Held<"surface">, runs: ReadonlyMap<number, Run>,
  layout: Layout, theme: Theme, named: readonly Rect[],
): void {
  const { rect, bar } = layout;
  const [x, y] = [xOf(layout, pointer.a), yOf(layout, pointer.b)];
  if (!inside(layout.window, pointer.a, pointer.b)) return;
  const run = pointer.run === null ? undefined : runs.get(pointer.run);
  hairs(pen, x, y, rect);
  ring(pen, x, y, run ? 6.5 : 5, run?.color ?? theme.ink, theme.paper);
  const share = parts([valueAt(surface, pointer.a, pointer.b)], surface)[0]!;
  if (bar && !Number.isNaN(share)) drawLevel(pen, bar, Math.min(1, Math.max(0, share)), theme);
  words(pen, placeWords(surface, pointer, runs), x, y, rect, theme, named);
}

/** Draw a small triangle that points at a share of the scale of the colors. */
function drawLevel(pen: CanvasRenderingContext2D, bar: Bar, share: number, theme: Theme): void {
  pen.save();
  if (bar.flat) pen.translate(bar.x + bar.width * share, bar.y);
  else pen.translate(bar.x, bar.y + bar.height * (1 - share));
  if (bar.flat) pen.rotate(Math.PI / 2);
  pen.beginPath();
  pen.moveTo(-1, 0);
  pen.lineTo(-7, -4);
  pen.lineTo(-7, 4);
  pen.closePath();
  pen.fillStyle = theme.ink;
  pen.fill();
  pen.restore();
}

/** Draw the place that stays, as a pin. */
export function drawPin(pen: CanvasRenderingContext2D, { a, b }: Pointer, layout: Layout, theme: Theme): void {
  if (!inside(layout.window, a, b)) return;
  const [x, y] = [xOf(layout, a), yOf(layout, b)];
  ring(pen, x, y, 7.5, theme.accent, theme.paper);
  pen.beginPath();
  pen.arc(x, y, 2, 0, 2 * Math.PI);
  pen.fillStyle = theme.accent;
  pen.fill();
}

function hairs(pen: CanvasRenderingContext2D, x: number, y: number, rect: Rect): void {
  const gap = 9;
  pen.beginPath();
  for (const [x0, x1] of [[rect.x, x - gap], [x + gap, rect.x + rect.width]] as const) {
    if (x1 <= x0) continue;
    pen.moveTo(x0, y);
    pen.lineTo(x1, y);
  }
  for (const [y0, y1] of [[rect.y, y - gap], [y + gap, rect.y + rect.height]] as const) {
    if (y1 <= y0) continue;
    pen.moveTo(x, y0);
    pen.lineTo(x, y1);
  }
  pen.lineWidth = 2.4;
  pen.strokeStyle = "rgba(255,255,255,0.35)";
  pen.stroke();
  pen.lineWidth = 1;
  pen.strokeStyle = "rgba(13,18,26,0.55)";
  pen.stroke();
}

function ring(pen: CanvasRenderingContext2D, x: number, y: number, radius: number, color: string, paper: string): void {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.lineWidth = 4;
  pen.strokeStyle = paper;
  pen.stroke();
  pen.lineWidth = 2;
  pen.strokeStyle = color;
  pen.stroke();
}

/** Write words beside a place, off the names of the map if there is room. */
function words(
  pen: CanvasRenderingContext2D, lines: readonly string[], x: number, y: number, rect: Rect, theme: Theme, named: readonly Rect[],
): void {
  pen.font = FONT;
  pen.textBaseline = "middle";
  const width = Math.max(...lines.map((line) => pen.measureText(line).width)) + 12;
  const size = [width, 16 * lines.length + 6] as const;
  const self = { x: x - 9, y: y - 9, width: 18, height: 18 };
  const box = placeBox(x, y, ...size, rect, [self, ...named]) ?? placeBox(x, y, ...size, rect, [self]);
  if (!box) return;
  pen.fillStyle = theme.paper;
  pen.strokeStyle = theme.line;
  pen.lineWidth = 1;
  pen.beginPath();
  pen.roundRect(box.x, box.y, box.width, box.height, 4);
  pen.fill();
  pen.stroke();
  pen.fillStyle = theme.ink;
  lines.forEach((line, i) => pen.fillText(line, box.x + 6, box.y + 3.5 + 16 * (i + 0.5)));
}

