/** Terrain: the loss as ground that one can walk around. */

import { themeOf } from "./colors";
import { h } from "./dom";
import { dropAt, toolOf } from "./drop";
import { heightAt } from "./ground";
import { lookAt } from "./inspect";
import { fitting, type Label, Overlay, written } from "./labels";
import { Landscape } from "./landscape";
import { allowed, keyed, orbit } from "./orbit";
import { type Budget, costOf, FOLLOWING, qualityFor, ratioOf, timed, TURNING } from "./pace";
import type { Context, MakePart, Part } from "./part";
import { isUnknown } from "./sheet";
import { Stage } from "./stage";
import { begin, type Camera } from "./state";

const STILL = 150; // milliseconds without a change: then all of it is drawn
const SLOW = 30; // milliseconds for a full drawing: software, not a graphics card
const APART = 95; // milliseconds between drawings that follow time on a slow machine
const NO_WEBGL = "This browser has no WebGL; the map shows the same numbers.";
const LOST = "The graphics were lost and come back if they can; the map shows the same numbers.";
const NOTHING = "No finite value here: there is no ground to draw.";
const NEVER = "No terrain: no loss of this plane is known here.";
const HELP =
  "Drag or use the arrow keys to turn, right-drag or hold Shift to move, the wheel or plus and minus to come nearer, " +
  "0 to return. Keys mark the middle of the picture; Enter drops a ball there, or looks. " +
  "On a touch screen turn with one finger; move and come nearer with two.";

const pictures = new Map<HTMLElement, (width: number) => HTMLCanvasElement | null>();

/** What is seen now as a picture `width` pixels wide; null if there is no terrain. */
export function terrainImage(width: number, root?: HTMLElement): HTMLCanvasElement | null {
  const make = root ? pictures.get(root) : [...pictures.values()].at(-1);
  return make?.(width) ?? null;
}

export const terrain: MakePart = (context) => {
  const canvas = h("canvas", { "aria-hidden": "true" });
  Object.assign(canvas.style, { position: "absolute", inset: "0", width: "100%", height: "100%", display: "block" });
  const overlay = new Overlay();
  const words = h("p", { class: "terrain-words" });
  Object.assign(words.style, { position: "absolute", left: "8px", top: "6px", margin: "0", pointerEvents: "none", color: "var(--quiet)", fontSize: "var(--small, 12.5px)" });
  const notice = h("p", { class: "terrain-notice", role: "status" });
  Object.assign(notice.style, { position: "absolute", inset: "10% 10% auto", margin: "0", textAlign: "center", pointerEvents: "none" });
  const hands = h("div", {
    class: "terrain-hands", role: "application", tabindex: 0, "aria-label": "Terrain: turn and come nearer", "aria-description": HELP, title: "",
  });
  Object.assign(hands.style, { position: "absolute", inset: "0", touchAction: "pan-y", cursor: "grab", outlineOffset: "-2px" });
  const el = h("section", { class: "terrain", "aria-label": "Terrain", "data-drawn": 0 }, canvas, overlay.el, words, notice, hands);
  Object.assign(el.style, { position: "relative", overflow: "hidden" });

  let stage: Stage;
  try {
    stage = new Stage(canvas);
  } catch {
    el.dataset.webgl = "no";
    el.style.height = "auto"; // a line needs less room than a landscape
    notice.style.position = "static";
    notice.textContent = NO_WEBGL;
    hands.remove();
    canvas.remove();
    return { el };
  }
  el.dataset.webgl = "yes";
  return alive(context, stage, { el, canvas, hands, overlay, words, notice });
};

interface Elements {
  el: HTMLElement;
  canvas: HTMLCanvasElement;
  hands: HTMLElement;
  overlay: Overlay;
  words: HTMLElement;
  notice: HTMLElement;
}

function alive(context: Context, stage: Stage, { el, canvas, hands, overlay, words, notice }: Elements): Part {
  const { store, root } = context;
  const { state } = store;
  const land = new Landscape(stage, state);
  const gl = stage.renderer.getContext() as WebGL2RenderingContext;
  let full: number | null = null; // milliseconds that a drawing of all of it takes
  let count = 0;
  let marked = 0;
  let stale = true; // ground and picture are to be built
  let steered = false; // by keys: they mark the middle of the picture
  let top = 0; // CSS pixels that the words above the picture take
  let timer = 0;
  let queued = 0;
  let asked: Budget | null | undefined; // the budget of the drawing to come
  let gone = false;
  let drawnAt = 0;

  const learn = (took: number) => {
    full = costOf(took, stage.software);
    el.dataset.cost = full.toFixed(0);
  };
  const build = () => {
    if (!stale) return;
    stale = false;
    land.build(themeOf(el));
    words.textContent = land.words();
    notice.textContent = !land.empty ? "" : isUnknown(state.surface!) ? NEVER : NOTHING;
    top = words.offsetTop + words.offsetHeight;
  };
  const draw = (budget: Budget | null) => {
    const [width, height] = [el.clientWidth, el.clientHeight];
    if (!width || !height || el.dataset.webgl === "no" || !state.surface) return;
    build();
    const begun = performance.now();
    const ratio = ratioOf(stage.software, budget === null, Math.min(2, devicePixelRatio || 1));
    const cells = Math.max(land.ground!.na, land.ground!.nb);
    const quality = qualityFor(budget, full, cells, ratio);
    const labels = land.draw(width, height, top, quality);
    overlay.show(fitting(labels, width, height), themeOf(el).paper);
    if (steered) aim();
    overlay.mark(land.rings());
    if (!quality.plain) timed(gl, begun, learn);
    drawnAt = performance.now();
    el.dataset.drawn = String(++count);
    el.dataset.quality = `${quality.ratio.toFixed(2)} ${quality.step}`;
  };
  /** Draw once all who listen were told: all of it, or within a budget and all of it once nothing moves. */
  const change = (budget: Budget | null) => {
    if (asked === undefined) queueMicrotask(answer);
    asked = asked === undefined || budget === null ? budget : asked && (asked.time > budget.time ? asked : budget);
  };
  const answer = () => {
    if (gone) return;
    const budget = asked ?? null;
    asked = undefined;
    clearTimeout(timer);
    if (budget !== null) timer = setTimeout(() => draw(null), STILL) as unknown as number;
    draw(budget);
  };
  // Where drawing is slow, the map beside it goes first: it shows time at every frame, the terrain now and then.
  const follow = () => {
    const rest = drawnAt + (full !== null && full > SLOW ? APART : 0) - performance.now();
    if (rest <= 0) change(FOLLOWING);
    else if (!queued) {
      queued = setTimeout(() => {
        queued = 0;
        change(FOLLOWING);
      }, rest) as unknown as number;
    }
  };
  const mark = () => {
    if (!count) return;
    overlay.mark(land.rings());
    el.dataset.marked = String(++marked);
  };
  const renew = () => {
    stale = true;
    change(null);
  };
  const move = (camera: Camera) => {
    const { ground } = land;
    store.set({ camera: allowed(camera, (x, z) => (ground ? heightAt(ground, x, z) : NaN)) });
  };
  const hover = (x: number, y: number) => {
    steered = false;
    const pointer = land.under(x, y);
    if (pointer || state.pointer) store.set({ pointer });
    hands.style.cursor = pointer ? (toolOf(state) === "drop" ? "crosshair" : "pointer") : "grab";
  };

  /** Mark the middle of the picture, for those who steer by keys; return where that is. */
  const aim = () => {
    const place = land.place(el.clientWidth / 2, el.clientHeight / 2);
    const pointer = place && { ...place, run: null, step: null };
    store.set({ pointer });
    return pointer;
  };
  /** Do by key what a click does. */
  const act = () => {
    const place = aim();
    if (!place) return;
    if (toolOf(state) === "drop") dropAt(context, place.a, place.b);
    else lookAt(context, place);
  };

  const stops = [
    store.on(["surface", "height", "theme"], renew),
    store.on(["runs", "time"], follow),
    store.on(["camera", "critical"], () => change(TURNING)),
    store.on(["pointer", "looked", "pinned"], mark),
    orbit(hands, {
      camera: () => state.camera,
      move,
      hover,
      leave: () => store.set({ pointer: null }),
      click: (x, y) => {
        hover(x, y);
        const place = land.place(x, y);
        if (place && toolOf(state) === "drop") dropAt(context, place.a, place.b);
      },
      wheel: () => state.hello?.layout !== "figure" || hands.matches(":focus"),
    }),
  ];
  hands.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const camera = keyed(event.key, event.shiftKey, state.camera, begin().camera);
    if (!camera && event.key !== "Enter") return;
    event.preventDefault();
    steered = true;
    if (camera) move(camera);
    else act();
  });
  hands.addEventListener("blur", () => {
    if (steered) store.set({ pointer: null });
    steered = false;
  });
  canvas.addEventListener("webglcontextlost", (event) => {
    event.preventDefault(); // only then may it come back
    el.dataset.webgl = "no";
    notice.textContent = LOST;
  });
  canvas.addEventListener("webglcontextrestored", () => {
    el.dataset.webgl = "yes";
    renew();
  });
  const watch = new ResizeObserver(() => {
    top = words.offsetTop + words.offsetHeight;
    draw(null);
  });
  watch.observe(el);

  pictures.set(root, (width) => image(width));
  const image = (width: number): HTMLCanvasElement | null => {
    if (!state.surface || el.dataset.webgl === "no") return null;
    build();
    const [wide, high] = [el.clientWidth || 800, el.clientHeight || 560];
    const ratio = width / wide;
    const finer = ratioOf(stage.software, true, ratio);
    const labels: Label[] = fitting(land.draw(wide, high, top, { ratio: finer, step: 1, plain: false }), wide, high);
    const { paper, quiet } = themeOf(el);
    const made = h("canvas", { width, height: Math.round(high * ratio) });
    const pen = made.getContext("2d")!;
    pen.fillStyle = paper;
    pen.fillRect(0, 0, made.width, made.height);
    pen.drawImage(canvas, 0, 0, made.width, made.height);
    const said: Label = { right: 8, down: 14, text: land.words(), look: "caption", align: "left" };
    written(pen, [...labels, said], ratio, quiet, paper);
    draw(null);
    return made;
  };

  return {
    el,
    dispose() {
      gone = true;
      for (const stop of stops) stop();
      clearTimeout(timer);
      clearTimeout(queued);
      watch.disconnect();
      pictures.delete(root);
      stage.dispose();
    },
  };
}
