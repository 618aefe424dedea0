/** Maplayout: where everything on a map sits: its rectangle, ticks, captions, scale of colors. */

import { short, ticks } from "./digits";
import { fit, type Projection, type Rect, xOf, yOf } from "./projection";
import type { Window } from "./protocol";
import { parts } from "./shade";
import type { Held } from "./state";

/** A text on the map's rim; `turned` reads upward. x, y: its anchor, in the middle of the line. */
export interface Text {
  x: number;
  y: number;
  text: string;
  align: "left" | "center" | "right";
  turned?: boolean;
  role: "tick" | "caption" | "note" | "bar";
}

/** The scale of the colors: where it is, and whether it lies below the map. */
export interface Bar extends Rect {
  flat: boolean;
}

export interface Layout extends Projection {
  texts: Text[];
  /** Hairlines: ticks and the bar of distance; x0, y0, x1, y1. */
  strokes: [number, number, number, number][];
  bar: Bar | null; // null where no cell has a value
  height: number; // pixels that all of it takes
}

/** What there is to lay out, and how much room. */
export interface Room {
  surface: Held<"surface">;
  window: Window;
  width: number;
  height: number;
  top: number; // pixels kept free above the map
  measure(text: string): number; // the width of a text
}

const LINE = 16;
const TICK = 4;
const BAR = 11; // width of the scale of the colors
const GAP = 10;

/** Lay out a map: with the scale of the colors beside it, or below it where that leaves more room. */
export function layOut(room: Room): Layout {
  if (room.surface.arrays.mask!.every((code) => code !== 0)) return laid(room, null);
  const [beside, below] = [laid(room, "beside"), laid(room, "below")];
  return below.rect.width * below.rect.height > 1.1 * beside.rect.width * beside.rect.height ? below : beside;
}

function laid(room: Room, place: "beside" | "below" | null): Layout {
  const { surface, window, measure } = room;
  const widest = (texts: string[]) => Math.max(12, ...texts.map(measure));
  const left = TICK + 6 + widest(ticks(window.b0, window.b1, false, 5).map((value) => short(value)));
  const barRoom = GAP + BAR + 5 + widest(levelTexts(surface).map(({ text }) => text)) + 4 + LINE;
  const right = place === "beside" ? barRoom : 12;
  const under = (surface.note ? LINE : 0) + (place === "below" ? GAP + BAR + 2 * LINE + 4 : 0);
  const tall = { ...room, left, right, under };
  // The caption of b stands beside the map or lies above it, wherever that leaves more room.
  const ways = [1, 2, 3].flatMap((lines) => {
    const [beside, above] = [framed(tall, lines * LINE, 0), framed(tall, 0, lines * LINE)];
    return [
      { layout: beside, b: wrapped(surface.b_label, beside.rect.height, measure, lines), turned: true },
      { layout: above, b: wrapped("↑ " + surface.b_label, above.rect.width, measure, lines), turned: false },
    ];
  });
  const area = ({ layout: { rect } }: { layout: Layout }) => rect.width * rect.height;
  const fitting = ways.filter(({ b }) => b !== null);
  if (fitting.length) {
    const { layout, b, turned } = fitting.reduce((best, way) => (area(way) > 1.05 * area(best) ? way : best));
    return furnished(layout, room, place, b!, turned);
  }
  const layout = framed(tall, 0, LINE);
  return furnished(layout, room, place, [shortened("↑ " + surface.b_label, layout.rect.width, measure)], false);
}

/** The map's own rectangle, between what stands around it. */
function framed(
  { surface, window, width, height, top, left, right, under, measure }: Room & { left: number; right: number; under: number },
  beside: number, above: number,
): Layout {
  const wide = Math.max(40, width - left - beside - right);
  const a = captionOf(surface.a_label, wide, measure);
  const bottom = TICK + 4 + LINE * (1 + a.length) + 2 + under;
  const free = { x: left + beside, y: top + above, width: wide, height: Math.max(40, height - top - above - bottom) };
  const centered = fit(free, window, surface.equal);
  const rect = { ...centered, y: free.y };
  return { window, rect, texts: [], strokes: [], bar: null, height: rect.y + rect.height + bottom };
}

/** Put ticks, captions, scales and the note around the map. */
function furnished(layout: Layout, room: Room, place: "beside" | "below" | null, b: string[], turned: boolean): Layout {
  const { rect, texts, strokes, window } = layout;
  const { surface, measure } = room;
  const base = rect.y + rect.height;
  for (const value of fewTicks(window.a0, window.a1, rect.width / 80)) {
    const x = xOf(layout, value);
    strokes.push([x, base, x, base + TICK]);
    texts.push({ x, y: base + TICK + 3 + LINE / 2, text: short(value), align: "center", role: "tick" });
  }
  const upward = fewTicks(window.b0, window.b1, rect.height / 50);
  for (const value of upward) {
    const y = yOf(layout, value);
    strokes.push([rect.x - TICK, y, rect.x, y]);
    texts.push({ x: rect.x - TICK - 4, y, text: short(value), align: "right", role: "tick" });
  }
  let y = base + TICK + 4 + LINE;
  for (const text of captionOf(surface.a_label, rect.width, measure)) {
    texts.push({ x: rect.x + rect.width / 2, y: y + LINE / 2, text, align: "center", role: "caption" });
    y += LINE;
  }
  const edge = rect.x - TICK - 6 - Math.max(12, ...upward.map((value) => measure(short(value))));
  b.forEach((text, i) => {
    if (!turned) texts.push({ x: rect.x, y: rect.y - LINE * (b.length - i - 0.5) - 2, text, align: "left", role: "caption" });
    else texts.push({ x: edge - LINE * (b.length - i - 0.5), y: rect.y + rect.height / 2, text, align: "center", turned, role: "caption" });
  });
  distance(layout, surface, turned ? rect.y : rect.y - LINE * b.length);
  if (place === "beside") barBeside(layout, surface, measure);
  if (place === "below") {
    barBelow(layout, surface, measure, y + GAP);
    y += GAP + BAR + 2 * LINE + 4;
  }
  if (surface.note) {
    texts.push({ x: rect.x, y: y + LINE / 2 + 2, text: shortened(surface.note, room.width - rect.x, measure), align: "left", role: "note" });
  }
  return layout;
}

function barBeside(layout: Layout, surface: Held<"surface">, measure: Room["measure"]): void {
  const { rect, texts } = layout;
  const bar = { x: rect.x + rect.width + GAP, y: rect.y, width: BAR, height: rect.height, flat: false };
  layout.bar = bar;
  const labels = levelTexts(surface);
  let last = Infinity;
  for (const { share, text } of labels) {
    const y = bar.y + bar.height * (1 - share);
    if (last - y < LINE) continue;
    texts.push({ x: bar.x + BAR + 5, y, text, align: "left", role: "bar" });
    last = y;
  }
  const wide = Math.max(12, ...labels.map(({ text }) => measure(text)));
  const text = shortened(caption(surface), rect.height, measure);
  const x = bar.x + BAR + 5 + wide + 4 + LINE / 2;
  texts.push({ x, y: bar.y + bar.height / 2, text, align: "center", turned: true, role: "caption" });
}

function barBelow(layout: Layout, surface: Held<"surface">, measure: Room["measure"], y: number): void {
  const { rect, texts } = layout;
  layout.bar = { x: rect.x, y, width: rect.width, height: BAR, flat: true };
  let last = -Infinity;
  for (const { share, text } of levelTexts(surface)) {
    const x = rect.x + rect.width * share;
    const half = measure(text) / 2;
    if (x - half < last + 6 || x + half > rect.x + rect.width + 10) continue;
    texts.push({ x, y: y + BAR + 2 + LINE / 2, text, align: "center", role: "bar" });
    last = x + half;
  }
  const text = shortened(caption(surface), rect.width, measure);
  texts.push({ x: rect.x + rect.width / 2, y: y + BAR + 2 + 1.5 * LINE, text, align: "center", role: "caption" });
}

function caption({ field_label, scale }: Held<"surface">): string {
  return field_label + (scale === "log" ? ", log scale" : "");
}

/** The numbers along the scale of the colors: the contour lines', or else the middle. */
function levelTexts(surface: Held<"surface">): { share: number; text: string }[] {
  const shares = parts(surface.levels, surface);
  if (surface.levels.length) return surface.levels.map((_, i) => ({ share: shares[i]!, text: surface.level_texts[i] ?? "" }));
  return [{ share: 0.5, text: short((surface.limits[0] + surface.limits[1]) / 2) }];
}

/** A bar of distance in parameter space above the upper right corner. */
function distance({ rect, window, texts, strokes }: Layout, { equal, lengths }: Held<"surface">, above: number): void {
  const unit = lengths[0];
  if (!equal || !(unit > 0)) return;
  const size = roundBelow(0.25 * (window.a1 - window.a0) * unit);
  const right = rect.x + rect.width;
  const left = right - (size / unit / (window.a1 - window.a0)) * rect.width;
  const y = above - 11;
  strokes.push([left, y, right, y], [left, y - 3.5, left, y + 3.5], [right, y - 3.5, right, y + 3.5]);
  texts.push({ x: left - 6, y, text: `distance ${short(size)}`, align: "right", role: "bar" });
}

/** Return about `count` round ticks, at least two of them. */
function fewTicks(low: number, high: number, count: number): number[] {
  for (let more = Math.max(2, Math.round(count)); more < 8; more++) {
    const found = ticks(low, high, false, more);
    if (found.length > 1) return found;
  }
  return ticks(low, high, false, Math.max(8, count));
}

/** Return the largest of 1, 2, 5 times a power of ten that is not above a value. */
export function roundBelow(value: number): number {
  const ten = 10 ** Math.floor(Math.log10(value));
  const factor = [5, 2, 1].find((digit) => digit * ten <= value * (1 + 1e-9)) ?? 1;
  return Number((factor * ten).toPrecision(12));
}

/**
 * Return a caption in as few lines as it takes, at most `most`, about equally long and no wider
 * than the room, a unit in parentheses apart if that takes no more lines; null if it does not fit.
 */
export function wrapped(text: string, room: number, measure: Room["measure"], most: number): string[] | null {
  const at = text.lastIndexOf(" (");
  const whole = filled(text, room, measure);
  const apart = at > 0 ? [...filled(text.slice(0, at), room, measure), ...filled(text.slice(at + 1), room, measure)] : whole;
  const lines = whole.length < apart.length ? whole : apart;
  return lines.length <= most && lines.every((line) => measure(line) <= room) ? lines : null;
}

/** Words in lines, as few as they take, and then as narrow as they can be. */
function filled(text: string, room: number, measure: Room["measure"]): string[] {
  const within = (width: number) => {
    const lines: string[] = [];
    for (const word of text.split(" ")) {
      const longer = `${lines.at(-1)} ${word}`;
      if (lines.length && measure(longer) <= width) lines[lines.length - 1] = longer;
      else lines.push(word);
    }
    return lines;
  };
  let best = within(room);
  for (let width = 0.95 * room; width > 0.3 * room; width *= 0.95) {
    const narrower = within(width);
    if (narrower.length > best.length || narrower.some((line) => measure(line) > width)) break;
    best = narrower;
  }
  return best;
}

function captionOf(text: string, room: number, measure: Room["measure"]): string[] {
  return wrapped(text, room, measure, 3) ?? [shortened(text, room, measure)];
}

function shortened(text: string, room: number, measure: Room["measure"]): string {
  if (measure(text) <= room) return text;
  let end = text.length;
  while (end > 1 && measure(text.slice(0, end) + "…") > room) end--;
  return text.slice(0, end).trimEnd() + "…";
}
