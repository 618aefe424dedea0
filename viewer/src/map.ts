/** Map: the loss from above, with contour lines, paths and marks. */

import { themeOf } from "./colors";
import { drawCrosshair, drawPin, placeWords } from "./crosshair";
import { short } from "./digits";
import { h } from "./dom";
import { dropAt, toolOf } from "./drop";
import { listen, type Moves, type Place } from "./gestures";
import { lookAt } from "./inspect";
import css from "./map.css?inline";
import { layers } from "./layers";
import { type Layout, layOut } from "./maplayout";
import { fixedSheet } from "./mapimage";
import type { MakePart } from "./part";
import { aOf, bOf, type Rect } from "./projection";
import { Routes } from "./routes";
import { drawSheet, emptyWords, namesOf } from "./sheet";
import { nearestMark } from "./nearest";
import type { Pointer } from "./state";
import { adopt } from "./sheets";
import { steering } from "./steering";
import { boxed, makeZoom, moved, zoomed } from "./zoom";

export { mapImage } from "./mapimage";

const HELP =
  "Arrow keys move a crosshair, with Shift in large steps. Enter drops a ball or looks, plus and minus zoom, " +
  "0 shows the whole plane, Escape clears. Drag pans, the wheel zooms, dragging with Shift zooms to a box.";
const SETTLE = 250; // milliseconds without a move of time after which all details are drawn
const SMALLEST = 6; // pixels: a smaller box is taken back

export const map: MakePart = (context) => {
  const { store, root } = context;
  const { state } = store;
  const routes = new Routes();
  const coarse = matchMedia("(pointer: coarse)");
  const surfaces = layers(3);
  const [sheet, lines, cross] = surfaces.pens as [CanvasRenderingContext2D, CanvasRenderingContext2D, CanvasRenderingContext2D];
  const plot = h("div", { class: "map-plot", tabindex: 0, role: "application", "aria-label": "Map of the loss", "aria-describedby": "map-help" });
  const box = h("div", { class: "map-box", hidden: true });
  const empty = h("p", { class: "map-empty", hidden: true });
  const heard = h("p", { class: "heard", "aria-live": "polite" });
  const help = h("p", { class: "heard", id: "map-help" }, HELP);
  const button = (text: string, label: string, onclick: () => void) =>
    h("button", { type: "button", "aria-label": label, title: label, onclick }, text);
  const whole = button("⤢", "Show the whole plane", () => zoom.reset());
  const buttons = h(
    "div", { class: "map-buttons" },
    button("+", "Zoom in", () => about(1 / 1.5)),
    button("−", "Zoom out", () => about(1.5)),
    whole,
  );
  const el = h(
    "section", { class: "map", "aria-label": "map" },
    ...surfaces.canvases, surfaces.rim, plot, box, empty, buttons, heard, help,
  );
  let layout: Layout | null = null;
  let numbers: readonly Place[] = [];
  let named: readonly Rect[] = [];
  let drawn = 0;
  let frame = 0;
  let detailed = true; // whether the paths are drawn as finely as they can be
  let settling: ReturnType<typeof setTimeout> | undefined; // while time or the runs move
  const stale = { layout: true, sheet: true, lines: true, cross: true };

  const draw = () => {
    frame = 0;
    const { surface } = state;
    const view = zoom.view();
    if (!surface || !view || !surfaces.width) return;
    const theme = themeOf(root);
    if (stale.layout || !layout) {
      const { width, height, measure } = surfaces;
      const room = { surface, window: view, width, top: coarse.matches ? 46 : 32, measure };
      layout = layOut({ ...room, height });
      // A map that is true to shape may need less than its box.
      el.style.maxHeight = surface.equal ? `${Math.ceil(layOut({ ...room, height: 4 * width }).height)}px` : "";
      arrange(layout);
    }
    if (stale.sheet) {
      surfaces.clear(sheet);
      numbers = drawSheet(sheet, fixedSheet(state, surface), layout, theme, surfaces.pixels(layout.rect));
      el.dataset.scene = String(surface.scene);
    }
    if (stale.lines) {
      surfaces.clear(lines);
      const names = namesOf({ surface, critical: state.critical }, layout, theme);
      const moving = settling !== undefined;
      const shown = routes.draw(lines, state.runs.values(), state.time, layout, surface.lengths, theme, names, numbers, moving);
      detailed = !shown.coarse;
      named = shown.named;
    }
    if (stale.cross) {
      surfaces.clear(cross);
      if (state.pinned && state.looked) drawPin(cross, state.looked, layout, theme);
      if (state.pointer) drawCrosshair(cross, state.pointer, surface, state.runs, layout, theme, named);
    }
    stale.layout = stale.sheet = stale.lines = stale.cross = false;
    el.dataset.drawn = String(++drawn);
  };

  const arrange = (now: Layout) => {
    const { rect, texts } = now;
    surfaces.write(texts);
    place(plot, rect.x, rect.y, rect.width, rect.height);
    buttons.style.left = `${rect.x}px`;
    whole.hidden = !zoom.away();
    const words = state.surface ? emptyWords(state.surface) : "";
    empty.hidden = !words;
    empty.textContent = words;
    empty.style.left = `${rect.x + rect.width / 2}px`;
    empty.style.top = `${rect.y + rect.height / 2}px`;
  };

  /** Draw in the next frame: all from a layer upward, and anew where things are if asked. */
  const later = (from: "layout" | "lines" | "cross") => {
    if (from !== "lines" || state.pointer) stale.cross = true; // which may be on a path
    if (from !== "cross") stale.lines = true;
    if (from === "layout") stale.layout = stale.sheet = true;
    frame ||= requestAnimationFrame(draw);
  };
  /** Draw the paths in the next frame, their details once nothing moves. */
  const move = () => {
    clearTimeout(settling);
    settling = setTimeout(() => {
      settling = undefined;
      if (!detailed) later("lines");
    }, SETTLE);
    later("lines");
  };
  const zoom = makeZoom(context, () => later("layout"));

  // ---------------------------------------------------------------- hands

  /** The place of the plane under a pixel of the plot. */
  const placeAt = ({ x, y }: Place): Pointer | null =>
    layout && { a: aOf(layout, layout.rect.x + x), b: bOf(layout, layout.rect.y + y), run: null, step: null };
  const snapped = (place: Place): Pointer | null => {
    if (!layout || !state.surface) return null;
    const { x, y } = layout.rect;
    const mark = nearestMark(state.critical?.points ?? [], layout, x + place.x, y + place.y);
    if (mark) return mark;
    return routes.snap(state.runs.values(), state.time, layout, state.surface.lengths, x + place.x, y + place.y) ?? placeAt(place);
  };
  const about = (factor: number, at: Pointer | null = state.pointer) => {
    const view = zoom.view();
    if (!view) return;
    const { a, b } = at ?? { a: (view.a0 + view.a1) / 2, b: (view.b0 + view.b1) / 2 };
    zoom.to(zoomed(view, factor, a, b));
  };
  /** Do what the tool does at a place. */
  const act = (pointer: Pointer) => {
    if (toolOf(state) === "drop") dropAt(context, pointer.a, pointer.b);
    else store.set({ pointer });
  };
  const moves: Moves = {
    hover: (at) => store.set({ pointer: at && snapped(at) }),
    click(at) {
      const pointer = toolOf(state) === "drop" ? placeAt(at) : snapped(at);
      if (pointer) act(pointer);
    },
    pan(dx, dy) {
      const view = zoom.view();
      if (!view || !layout) return;
      const { width, height } = layout.rect;
      zoom.to(moved(view, (-dx / width) * (view.a1 - view.a0), (dy / height) * (view.b1 - view.b0)));
    },
    zoom(factor, { x, y }) {
      const window = zoom.view();
      if (!layout || !window) return;
      // What is drawn may be older than the window, if both fingers move within a frame.
      const now = { window, rect: layout.rect };
      about(factor, { a: aOf(now, now.rect.x + x), b: bOf(now, now.rect.y + y), run: null, step: null });
    },
    box(from, to, done) {
      const [one, other] = [placeAt(from), placeAt(to)];
      const view = zoom.view();
      box.hidden = done;
      if (!layout || !one || !other || !view) return;
      const { x, y } = layout.rect;
      place(box, x + Math.min(from.x, to.x), y + Math.min(from.y, to.y), Math.abs(to.x - from.x), Math.abs(to.y - from.y));
      const size = Math.max(Math.abs(to.x - from.x), Math.abs(to.y - from.y));
      if (done && size >= SMALLEST) zoom.to(boxed(view, [one.a, other.a], [one.b, other.b]));
    },
    reset: () => zoom.reset(),
    waits: () => toolOf(state) === "drop" && zoom.away(),
  };
  const say = () => {
    const { pointer, surface } = state;
    if (!pointer || !surface) return;
    const place = `at a ${short(pointer.a, 2)}, b ${short(pointer.b, 2)}`;
    heard.textContent = `${placeWords(surface, pointer, state.runs).join(", ")} ${place}`;
  };
  const stops = [
    adopt(root, css),
    store.on(["surface", "critical", "basins", "theme"], () => later("layout")),
    store.on(["runs", "time"], move),
    store.on(["pointer", "looked", "pinned"], () => later("cross")),
    store.on(["tool", "hello", "scene"], () => (plot.dataset.tool = toolOf(state))),
    surfaces.watch(el, () => later("layout")),
    listen(plot, moves),
    steering(plot, {
      store, view: zoom.view, say,
      act(pointer) {
        act(pointer);
        if (toolOf(state) === "look") lookAt(context, pointer);
      },
      zoom: about, reset: zoom.reset,
    }),
    () => zoom.dispose(),
    () => cancelAnimationFrame(frame),
    () => clearTimeout(settling),
  ];
  plot.dataset.tool = toolOf(state);
  return { el, dispose: () => stops.forEach((stop) => stop()) };
};

function place(el: HTMLElement, x: number, y: number, width: number, height: number): void {
  Object.assign(el.style, { left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${height}px` });
}
