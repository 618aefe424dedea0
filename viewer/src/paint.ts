/** Paint: the picture of a surface, from above; the map shows it, the terrain wears it. */

import { inkOn, luminance, mixed, rgbOf, type Theme, VIRIDIS } from "./colors";
import { contoursOf } from "./contours";
import { extentOf, indexOf, xOf, yOf, type Projection } from "./projection";
import { Mask } from "./protocol";
import { filled, lightOn, parts } from "./shade";
import type { Held } from "./state";

export interface PaintOptions {
  size: number; // pixels along the longer side
  theme: Theme;
  contours: boolean;
}

const LIGHTS = 128; // steps of light
const STRENGTH = 0.26; // how much the light darkens; it brightens by 0.6 of that
const LARGEST = 1024;

const pictures = new WeakMap<Held<"surface">, Map<string, HTMLCanvasElement>>();

/** Return the picture with contour lines; painted once for each size and theme. */
export function painted(surface: Held<"surface">, theme: Theme, size: number, contours = true): HTMLCanvasElement {
  const key = `${theme.paper} ${theme.ink} ${size} ${contours}`;
  const made = pictures.get(surface) ?? new Map<string, HTMLCanvasElement>();
  const picture = made.get(key) ?? paint(surface, { size, theme, contours });
  pictures.set(surface, made.set(key, picture));
  return picture;
}

/**
 * Return the picture of a surface over its extent, the largest b in the first row of pixels:
 * colors bilinear between cells, shaded from the upper left. Cells that are not finite or failed
 * are hatched, each kind its own way, pending ones are clear; nothing is drawn across them.
 */
export function paint(surface: Held<"surface">, { size, theme, contours }: PaintOptions): HTMLCanvasElement {
  const window = extentOf(surface);
  const longest = Math.min(size, LARGEST);
  const shape = surface.equal ? (window.a1 - window.a0) / (window.b1 - window.b0) : 1;
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(2, Math.round(longest * Math.min(1, shape)));
  canvas.height = Math.max(2, Math.round(longest * Math.min(1, 1 / shape)));
  const pen = canvas.getContext("2d")!;
  const where = { window, rect: { x: 0, y: 0, width: canvas.width, height: canvas.height } };
  const image = pen.createImageData(canvas.width, canvas.height);
  colorPixels(surface, where, new Uint32Array(image.data.buffer));
  pen.putImageData(image, 0, 0);
  hatch(pen, surface, where, theme);
  if (contours) {
    const width = Math.max(0.8, longest / 850);
    for (const level of contoursOf(surface)) {
      pen.strokeStyle = inkOn(level.share);
      pen.lineWidth = width;
      pen.beginPath();
      for (const line of level.lines) followed(pen, line, where);
      pen.stroke();
    }
  }
  return canvas;
}

/** Add a line (a, b, a, b, ...) to the pen's path. */
export function followed(pen: CanvasRenderingContext2D, line: Float32Array, where: Projection): void {
  for (let i = 0; i < line.length; i += 2) {
    const x = xOf(where, line[i]!);
    const y = yOf(where, line[i + 1]!);
    if (i === 0) pen.moveTo(x, y);
    else pen.lineTo(x, y);
  }
}

/** Fill pixels (rows from the largest b) with the colors of the known cells; the rest stays clear. */
export function colorPixels(surface: Held<"surface">, { window, rect }: Projection, pixels: Uint32Array): void {
  const { a, b, values, mask } = surface.arrays as { a: Float32Array; b: Float32Array; values: Float32Array; mask: Uint8Array };
  const across = a.length;
  const heights = parts(values, surface).map((part, i) => (mask[i] ? NaN : Math.min(1, Math.max(0, part))));
  const holes = heights.some(Number.isNaN);
  const ground = holes ? filled(heights, across) : heights;
  const light = lightOn(ground, a, b, surface.equal);
  const table = shadedColors();
  const places = Float32Array.from({ length: rect.width }, (_, x) =>
    indexOf(a, window.a0 + ((x + 0.5) / rect.width) * (window.a1 - window.a0)),
  );
  const first = Int32Array.from(places, (at) => Math.min(Math.floor(at), Math.max(0, across - 2)));
  const part = places.map((at, x) => at - first[x]!);
  const nearest = Int32Array.from(places, Math.round);
  const rowHeight = new Float32Array(across + 1);
  const rowLight = new Float32Array(across + 1);
  for (let y = 0, out = 0; y < rect.height; y++) {
    const at = indexOf(b, window.b1 - ((y + 0.5) / rect.height) * (window.b1 - window.b0));
    const low = Math.min(Math.floor(at), Math.max(0, b.length - 2)) * across;
    const high = Math.min(low + across, (b.length - 1) * across);
    const up = at - low / across;
    for (let c = 0; c < across; c++) {
      rowHeight[c] = 255 * (ground[low + c]! * (1 - up) + ground[high + c]! * up);
      rowLight[c] = (LIGHTS / 2) * (1 + light[low + c]! * (1 - up) + light[high + c]! * up);
    }
    const row = Math.round(at) * across;
    for (let x = 0; x < rect.width; x++, out++) {
      if (holes && Number.isNaN(heights[row + nearest[x]!]!)) continue;
      const c = first[x]!;
      const t = part[x]!;
      const color = (rowHeight[c]! + (rowHeight[c + 1]! - rowHeight[c]!) * t + 0.5) | 0;
      const bright = (rowLight[c]! + (rowLight[c + 1]! - rowLight[c]!) * t) | 0;
      pixels[out] = table[(bright << 8) | color]!;
    }
  }
}

let shaded: Uint32Array | null = null;

/** (lights x 256) the colors of the scale in every light, as the bytes of a pixel. */
function shadedColors(): Uint32Array {
  if (shaded) return shaded;
  shaded = new Uint32Array((LIGHTS + 1) * 256);
  const bytes = new Uint8ClampedArray(shaded.buffer);
  for (let i = 0; i <= LIGHTS; i++) {
    const light = (2 * i) / LIGHTS - 1;
    const factor = 1 + STRENGTH * light * (light < 0 ? 1 : 0.6);
    for (let c = 0; c < 256; c++) {
      const at = 4 * (256 * i + c);
      for (let k = 0; k < 3; k++) bytes[at + k] = VIRIDIS[3 * c + k]! * factor;
      bytes[at + 3] = 255;
    }
  }
  return shaded;
}

/** How each kind of missing cell is hatched, in a square of 10 by 10. */
const HATCHES: readonly [number, readonly (readonly [number, number, number, number])[]][] = [
  [Mask.nan, [[-2, 2, 2, -2], [-2, 12, 12, -2], [8, 12, 12, 8]]],
  [Mask.infinite, [[-2, 12, 12, -2], [-2, -2, 12, 12]]],
  [Mask.failed, [[0, 2.5, 10, 2.5], [0, 7.5, 10, 7.5]]],
];

function hatch(pen: CanvasRenderingContext2D, surface: Held<"surface">, where: Projection, theme: Theme): void {
  const mask = surface.arrays.mask!;
  if (!mask.some((code) => code > Mask.pending)) return;
  for (const [code, strokes] of HATCHES) {
    if (!mask.includes(code)) continue;
    pen.beginPath();
    cells(pen, surface, where, code);
    pen.fillStyle = missing(theme);
    pen.fill();
    pen.fillStyle = pen.createPattern(tile(strokes, theme), "repeat")!;
    pen.fill();
  }
}

/** Return the ground of cells without a value: paper with a little ink. */
export function missing(theme: Theme): string {
  return mixed(theme.ink, theme.paper, luminance(rgbOf(theme.paper)) > 0.5 ? 0.1 : 0.12);
}

/** Return one square of a hatching. */
export function tile(strokes: readonly (readonly [number, number, number, number])[], theme: Theme): HTMLCanvasElement {
  const square = document.createElement("canvas");
  square.width = square.height = 10;
  const pen = square.getContext("2d")!;
  pen.strokeStyle = theme.quiet;
  pen.lineWidth = 1;
  for (const [x0, y0, x1, y1] of strokes) {
    pen.moveTo(x0, y0);
    pen.lineTo(x1, y1);
  }
  pen.stroke();
  return square;
}

/** Add to the pen's path the rectangles of all cells of one kind, neighbors of a row as one. */
function cells(pen: CanvasRenderingContext2D, surface: Held<"surface">, where: Projection, code: number): void {
  const { a, b, mask } = surface.arrays as { a: Float32Array; b: Float32Array; mask: Uint8Array };
  const xs = edges(a, where.window.a0, where.window.a1).map((edge) => Math.round(xOf(where, edge)));
  const ys = edges(b, where.window.b0, where.window.b1).map((edge) => Math.round(yOf(where, edge)));
  for (let r = 0; r < b.length; r++) {
    for (let c = 0; c < a.length; c++) {
      if (mask[r * a.length + c] !== code) continue;
      let end = c;
      while (end + 1 < a.length && mask[r * a.length + end + 1] === code) end++;
      pen.rect(xs[c]!, ys[r + 1]!, xs[end + 1]! - xs[c]!, ys[r]! - ys[r + 1]!);
      c = end;
    }
  }
}

/** Return the borders of the cells of an axis: the ends, and the middles between neighbors. */
function edges(axis: Float32Array, low: number, high: number): number[] {
  return Array.from({ length: axis.length + 1 }, (_, i) =>
    i === 0 ? low : i === axis.length ? high : (axis[i - 1]! + axis[i]!) / 2,
  );
}
