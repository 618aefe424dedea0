/** Chart: uPlot in this page's clothes: its theme, its sizes, names beside lines, own marks. */

import uPlot from "uplot";
import sheet from "uplot/dist/uPlot.min.css?inline";
import type { Value } from "./decimate";
import { h } from "./dom";
import { bothTicks, short, ticks } from "./digits";
import { spread } from "./spread";

export interface Line {
  name: string; // written beside its end; empty: not
  color: string;
  values: Value[];
  dotted?: boolean;
  points?: boolean; // dots alone, no line
}

export interface Picture {
  x: number[];
  lines: Line[];
  axis: string;
  scale: "linear" | "log" | "both"; // both: logarithmic on either side of zero
  linear?: number; // scale both: it is linear up to here
  edge?: { at: number; text: string }; // a level that is drawn and named
}

export interface Chart {
  el: HTMLElement;
  show(picture: Picture): void;
  /** A dot at a place of the chart; null: none. */
  mark(place: { x: number; y: number; color: string } | null): void;
  /** A vertical line; null: none. */
  time(x: number | null): void;
  /** Draw anew, as in another theme. */
  repaint(): void;
  dispose(): void;
}

/** What hovering is told: x, and how many pixels away the pointer is from a value there. */
export type Hover = (x: number, away: (value: number) => number) => void;

const TEXT = 12.5; // --small
const FONT = `${TEXT}px system-ui, sans-serif`;
const GAP = 15; // between names, in pixels

let pen: CanvasRenderingContext2D; // measures names

export function chart(root: HTMLElement, height: number, hover?: Hover, leave?: () => void): Chart {
  adopt(root);
  pen ??= document.createElement("canvas").getContext("2d")!;
  const el = h("div", { class: "chart", "data-pins": hover !== undefined });
  const line = h("div", { class: "chart-time", hidden: true });
  const dot = h("div", { class: "chart-dot", hidden: true });
  let plot: uPlot | null = null;
  let picture: Picture | null = null;
  let built = "";
  let marked: Parameters<Chart["mark"]>[0] = null;
  let timed: number | null = null;

  const put = () => {
    const x = plot && timed !== null ? plot.valToPos(timed, "x") : NaN;
    line.hidden = !(x >= 0 && x <= plot!.bbox.width / uPlot.pxRatio + 1); // asking the page would make it lay out all anew
    if (!line.hidden) line.style.transform = `translateX(${x}px)`;
    const left = plot && marked ? plot.valToPos(marked.x, "x") : NaN;
    const top = plot && marked ? plot.valToPos(marked.y, "y") : NaN;
    dot.hidden = !(Number.isFinite(left) && Number.isFinite(top));
    if (dot.hidden) return;
    dot.style.transform = `translate(${left}px, ${top}px)`;
    dot.style.background = marked!.color;
  };
  const build = () => {
    if (!picture || el.clientWidth < 60) return;
    plot?.destroy();
    plot = new uPlot(options(root, picture, el.clientWidth, height), aligned(picture), el);
    plot.over.append(line, dot);
    if (!hover) return;
    plot.over.addEventListener("pointermove", (event) => {
      const now = plot!;
      const box = now.over.getBoundingClientRect();
      const top = event.clientY - box.top;
      const x = now.posToVal(event.clientX - box.left, "x");
      hover(x, (value) => Math.abs(now.valToPos(value, "y") - top));
    });
    plot.over.addEventListener("pointerleave", () => leave?.());
  };
  const size = new ResizeObserver(() => {
    if (!plot) build();
    else if (el.clientWidth >= 60) plot.setSize({ width: el.clientWidth, height });
    put();
  });
  size.observe(el);

  return {
    el,
    show(next) {
      picture = next;
      const shape = shapeOf(next);
      if (!plot || shape !== built) build();
      else plot.setData(aligned(next));
      built = shape;
      put();
    },
    mark(place) {
      marked = place;
      put();
    },
    time(x) {
      timed = x;
      put();
    },
    repaint: () => plot?.redraw(false),
    dispose() {
      size.disconnect();
      plot?.destroy();
    },
  };
}

/** uPlot's own few rules must reach into the shadow root that the viewer lives in. */
function adopt(root: HTMLElement): void {
  const node = root.getRootNode() as ShadowRoot | Document;
  const rules = new CSSStyleSheet();
  rules.replaceSync(sheet);
  const same = (known: CSSStyleSheet) => known.cssRules[0]?.cssText === rules.cssRules[0]?.cssText;
  if (!node.adoptedStyleSheets.some(same)) node.adoptedStyleSheets = [rules, ...node.adoptedStyleSheets];
}

function aligned({ x, lines }: Picture): uPlot.AlignedData {
  return [x, ...lines.map(({ values }) => values)] as uPlot.AlignedData;
}

/** What a plot must be built anew for; new numbers alone are not it. */
function shapeOf({ lines, scale, linear, edge, axis }: Picture): string {
  return JSON.stringify([scale, linear, edge, axis, lines.map(({ values: _, ...rest }) => rest)]);
}

function options(root: HTMLElement, picture: Picture, width: number, height: number): uPlot.Options {
  const theme = (name: string) => () => getComputedStyle(root).getPropertyValue(name).trim() || "gray";
  const axis: uPlot.Axis = {
    stroke: theme("--quiet"),
    font: FONT,
    grid: { stroke: theme("--line"), width: 1 },
    ticks: { show: false },
  };
  const log = picture.scale === "log";
  const named = picture.lines.some(({ name }) => name);
  return {
    width,
    height,
    padding: [8, named ? room(picture, width) : 8, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: false, range: (_, min, max) => [min, max > min ? max : min + 1] },
      y: { distr: picture.scale === "both" ? 4 : log ? 3 : 1, asinh: picture.linear ?? 1, range: span(picture) },
    },
    axes: [
      { ...axis, size: 24, gap: 4, values: (_, splits) => splits.map((v) => short(v, 7)), grid: { show: false } },
      {
        ...axis,
        size: (_: uPlot, values: string[] | null) => Math.max(46, 10 + wider(values ?? [])),
        gap: 6,
        splits: (_, __, low, high) =>
          picture.scale === "both"
            ? bothTicks(low, high, picture.linear ?? 1, height / 28)
            : ticks(low, high, log, height / 36),
        filter: (_, splits) => splits,
        values: (_, splits) => splits.map((v) => short(v, 6)),
      },
    ],
    series: [{}, ...picture.lines.map(series)],
    hooks: {
      draw: [
        (plot) => drawEdge(plot, picture, theme("--ink")()),
        (plot) => drawNames(plot, theme("--ink")()),
      ],
    },
  };

  function drawNames(plot: uPlot, ink: string): void {
    const { ctx, bbox, data } = plot;
    const ratio = uPlot.pxRatio;
    const ends = picture.lines.flatMap((each, i) => {
      if (!each.name) return [];
      const values = data[i + 1]!;
      let last = values.length - 1;
      while (last >= 0 && values[last] == null) last--;
      return last < 0 ? [] : [{ each, y: plot.valToPos(values[last]!, "y", true) }];
    });
    const low = bbox.top + 6 * ratio;
    const high = bbox.top + bbox.height - 6 * ratio;
    const at = spread(ends.map(({ y }) => y), GAP * ratio, low, high);
    const left = bbox.left + bbox.width;
    ctx.save();
    ctx.font = `${TEXT * ratio}px system-ui, sans-serif`;
    ctx.textBaseline = "middle";
    ctx.textAlign = "left";
    ctx.lineWidth = 2 * ratio;
    ends.forEach(({ each, y }, i) => {
      ctx.strokeStyle = each.color;
      ctx.beginPath();
      ctx.moveTo(left + 2 * ratio, Math.min(high, Math.max(low, y)));
      ctx.lineTo(left + 12 * ratio, at[i]!);
      ctx.stroke();
      ctx.fillStyle = ink;
      ctx.fillText(each.name, left + 16 * ratio, at[i]!, plot.width * ratio - left - 18 * ratio);
    });
    ctx.restore();
  }
}

/** The width that the longest name needs, up to two fifths of the whole. */
function room({ lines }: Picture, width: number): number {
  return Math.min(0.4 * width, 20 + wider(lines.map(({ name }) => name)));
}

function wider(texts: readonly string[]): number {
  pen.font = FONT;
  return Math.max(0, ...texts.map((text) => pen.measureText(text).width));
}

function series({ color, dotted, points }: Line): uPlot.Series {
  return {
    stroke: color,
    width: dotted ? 1 : 1.75,
    ...(dotted ? { dash: [2, 3], alpha: 0.8 } : {}),
    ...(points ? { paths: () => null } : {}),
    points: { show: Boolean(points), size: 4, fill: color, width: 0 },
  };
}

/** A little air above and below, and the edge always in the picture. */
function span({ scale, edge }: Picture): uPlot.Range.Function {
  return (_, min, max) => {
    if (min === null || max === null || !Number.isFinite(min)) return scale === "log" ? [0.1, 1] : [0, 1];
    const low = Math.min(min, edge?.at ?? min);
    const high = Math.max(max, edge?.at ?? max);
    if (scale === "log") return [low / (high / low) ** 0.05 / 1.02, high * (high / low) ** 0.05 * 1.02];
    const air = 0.06 * (high - low) || 0.5;
    return [low >= 0 && low < 0.4 * high ? 0 : low - air, high + air];
  };
}

function drawEdge(plot: uPlot, { edge }: Picture, ink: string): void {
  if (!edge) return;
  const { ctx, bbox } = plot;
  const ratio = uPlot.pxRatio;
  const y = plot.valToPos(edge.at, "y", true);
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = ink;
  ctx.lineWidth = ratio;
  ctx.setLineDash([6 * ratio, 3 * ratio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.font = `${TEXT * ratio}px system-ui, sans-serif`;
  ctx.textBaseline = "bottom";
  ctx.textAlign = "left";
  ctx.fillText(edge.text, bbox.left + 4 * ratio, y - 2 * ratio);
  ctx.restore();
}
