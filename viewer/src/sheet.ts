/** Sheet: the still part of the map: ground, contour lines, basins, frame, scale, marks. */

import { bordersOf, drawBorders } from "./borders";
import type { Callout } from "./callouts";
import { inkOn, type Theme, VIRIDIS } from "./colors";
import { contoursOf, type Level } from "./contours";
import type { Layout, Text } from "./maplayout";
import { drawSymbol } from "./mapsymbols";
import { placeNumbers, type Value } from "./numbers";
import { followed, painted } from "./paint";
import { extentOf, inside, xOf, yOf } from "./projection";
import { type CriticalMark, type Mark, Mask } from "./protocol";
import type { Held, State } from "./state";
import { reachOf } from "./traces";

export const SMALL = 12.5; // pixels, as --small
export const FONT = `${SMALL}px system-ui, sans-serif`;

/** What the sheet shows. */
export type Shown = Pick<State, "critical" | "runs"> & {
  surface: Held<"surface">;
  /** The basins, with the surface that they were found on. */
  basins: { basin: Int32Array; a: Float32Array; b: Float32Array } | null;
};

/** Draw the sheet, all but the texts on its rim; return where contour lines carry numbers. */
export function drawSheet(pen: CanvasRenderingContext2D, shown: Shown, layout: Layout, theme: Theme, size: number): Value[] {
  const { surface, basins } = shown;
  const { rect } = layout;
  pen.save();
  pen.beginPath();
  pen.rect(rect.x, rect.y, rect.width, rect.height);
  pen.clip();
  const { a0, a1, b0, b1 } = extentOf(surface);
  const [x, y] = [xOf(layout, a0), yOf(layout, b1)];
  pen.imageSmoothingQuality = "high";
  pen.drawImage(painted(surface, theme, size, false), x, y, xOf(layout, a1) - x, yOf(layout, b0) - y);
  const levels = contoursOf(surface);
  const numbers = placeNumbers(levels, layout, crowd(shown, layout));
  drawLevels(pen, levels, numbers, layout);
  if (basins) drawBorders(pen, bordersOf(basins.basin, basins.a.length), basins.a, basins.b, layout, theme.ink, theme.paper);
  pen.restore();
  drawFrame(pen, surface, layout, theme);
  drawMarks(pen, shown, layout, theme);
  return numbers;
}

/** What the numbers of contour lines keep clear of. */
function crowd({ surface, critical, runs }: Shown, layout: Layout): [number, number][] {
  const places: [number, number][] = [...surface.marks, ...(critical?.points ?? [])].map(({ a, b }) => [a, b]);
  for (const { path } of runs.values()) {
    const every = Math.max(1, Math.floor(path.size / 100));
    for (let i = 0; i < path.size; i += every) places.push([path.a[i]!, path.b[i]!]);
  }
  return places.map(([a, b]) => [xOf(layout, a), yOf(layout, b)]);
}

function drawLevels(pen: CanvasRenderingContext2D, levels: readonly Level[], numbers: readonly Value[], layout: Layout): void {
  pen.font = FONT;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.lineJoin = "round";
  levels.forEach((level, i) => {
    const own = numbers.find((number) => number.level === i);
    pen.save();
    if (own) {
      // The line makes room for its number.
      const half = pen.measureText(own.text).width / 2 + 3;
      pen.beginPath();
      pen.rect(layout.rect.x, layout.rect.y, layout.rect.width, layout.rect.height);
      pen.translate(own.x, own.y);
      pen.rotate(own.angle);
      pen.rect(-half, -7, 2 * half, 14);
      pen.rotate(-own.angle);
      pen.translate(-own.x, -own.y);
      pen.clip("evenodd");
    }
    pen.beginPath();
    for (const line of level.lines) followed(pen, line, layout);
    pen.strokeStyle = inkOn(level.share);
    pen.lineWidth = 0.8;
    pen.stroke();
    pen.restore();
    if (!own) return;
    pen.save();
    pen.translate(own.x, own.y);
    pen.rotate(own.angle);
    pen.fillStyle = inkOn(level.share, 1.7);
    pen.fillText(own.text, 0, 0);
    pen.restore();
  });
}

/** Draw the border, the ticks, the bar of distance, and the scale of the colors with its levels. */
function drawFrame(pen: CanvasRenderingContext2D, surface: Held<"surface">, layout: Layout, theme: Theme): void {
  const { rect, strokes, bar } = layout;
  pen.lineWidth = 1;
  pen.strokeStyle = theme.quiet;
  pen.strokeRect(rect.x - 0.5, rect.y - 0.5, rect.width + 1, rect.height + 1);
  pen.beginPath();
  for (const [x0, y0, x1, y1] of strokes) {
    pen.moveTo(Math.round(x0) + 0.5, Math.round(y0) + 0.5);
    pen.lineTo(Math.round(x1) + 0.5, Math.round(y1) + 0.5);
  }
  pen.stroke();
  if (!bar) return;
  const ramp = bar.flat
    ? pen.createLinearGradient(bar.x, 0, bar.x + bar.width, 0)
    : pen.createLinearGradient(0, bar.y + bar.height, 0, bar.y);
  for (let i = 0; i < 256; i += 5) {
    ramp.addColorStop(i / 255, `rgb(${VIRIDIS[3 * i]},${VIRIDIS[3 * i + 1]},${VIRIDIS[3 * i + 2]})`);
  }
  pen.fillStyle = ramp;
  pen.fillRect(bar.x, bar.y, bar.width, bar.height);
  for (const { share } of contoursOf(surface)) {
    pen.strokeStyle = inkOn(share);
    pen.beginPath();
    if (bar.flat) {
      const x = Math.round(bar.x + bar.width * share) + 0.5;
      pen.moveTo(x, bar.y);
      pen.lineTo(x, bar.y + bar.height);
    } else {
      const y = Math.round(bar.y + bar.height * (1 - share)) + 0.5;
      pen.moveTo(bar.x, y);
      pen.lineTo(bar.x + bar.width, y);
    }
    pen.stroke();
  }
}

/** Draw marks and critical points, those far out of the plane hollow. */
function drawMarks(pen: CanvasRenderingContext2D, shown: Shown, layout: Layout, theme: Theme): void {
  const reach = reachOf(layout, shown.surface.lengths);
  const far = (mark: Mark) => "distance" in mark && (mark as CriticalMark).distance > 0.1 * reach;
  for (const mark of marksOf(shown, layout)) {
    drawSymbol(pen, mark.kind, xOf(layout, mark.a), yOf(layout, mark.b), theme, far(mark));
  }
}

/** Return the marks that the map shows, the lowest kinds first. */
export function marksOf({ surface, critical }: Pick<Shown, "surface" | "critical">, layout: Layout): Mark[] {
  const order = ["minimum", "saddle", "maximum", "point"];
  const marks: Mark[] = [...(critical?.points ?? []), ...surface.marks].filter(({ a, b }) => inside(layout.window, a, b));
  return marks.sort((one, other) => order.indexOf(one.kind) - order.indexOf(other.kind));
}

/** Return the names of the marks. */
export function namesOf(shown: Pick<Shown, "surface" | "critical">, layout: Layout, theme: Theme): Callout[] {
  return marksOf(shown, layout)
    .filter(({ text }) => text)
    .map(({ a, b, text }) => ({ x: xOf(layout, a), y: yOf(layout, b), lines: [text], color: theme.ink }));
}

/** Draw the texts on the rim: for pictures; on the page they are real text. */
export function drawTexts(pen: CanvasRenderingContext2D, texts: readonly Text[], theme: Theme): void {
  pen.font = FONT;
  pen.textBaseline = "middle";
  for (const { x, y, text, align, turned, role } of texts) {
    pen.save();
    pen.translate(x, y);
    if (turned) pen.rotate(-Math.PI / 2);
    pen.textAlign = align;
    pen.fillStyle = role === "caption" ? theme.ink : theme.quiet;
    pen.fillText(text, 0, 0);
    pen.restore();
  }
}

/** Whether no cell was ever computed, as under a run of which nobody says what it descended. */
export function isUnknown(surface: Held<"surface">): boolean {
  return surface.arrays.mask!.every((code) => code === Mask.pending);
}

/** Return in words that nothing of a surface can be drawn; "" where something can, or is still to come. */
export function emptyWords(surface: Held<"surface">): string {
  const mask = surface.arrays.mask!;
  if (mask.some((code) => code === Mask.known) || isUnknown(surface)) return "";
  const names = ["", "not computed yet", "NaN", "infinite", "failed"];
  const kinds = [...new Set(mask)].map((code) => names[code]).join(" or ");
  const count = mask.length.toLocaleString("en-US");
  return `No cell of this map has a finite value: all ${count} are ${kinds}.`;
}
