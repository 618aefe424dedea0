/** Desk: where the parts stand; panels that fold, all open where there is room. */

import { h } from "./dom";
import type { Context, Part } from "./part";

const NARROW = 700; // pixels of the viewer itself, as in style.css
const FIRST = { live: "balls", saved: "curves" }; // the panel that is open at first where only one is

type Name = "terrain" | "tool" | "timeline" | "map" | "bench" | "balls" | "boundary" | "inspector" | "curves" | "underneath" | "trust";
type Parts = Record<Name, Part>;

const PANELS: [Name, string][] = [
  ["bench", "Bench"],
  ["balls", "Balls"],
  ["boundary", "What it computes"],
  ["inspector", "This place"],
  ["curves", "Curves"],
  ["underneath", "Underneath"],
];

/** The whole page: terrain in the middle, what makes it on the left, what it means on the right. */
export function explorer(context: Context, parts: Parts, header: HTMLElement, notices: HTMLElement): Part {
  const { store, root } = context;
  const panels = new Map(PANELS.map(([name, words]) => [name, panel(name, words, parts[name].el)]));
  const of = (...names: Name[]) => names.map((name) => panels.get(name) as HTMLElement);
  const stage = h("main", { class: "stage" }, parts.terrain.el, parts.tool.el, parts.timeline.el, parts.trust.el);
  const skip = h("button", { type: "button", class: "skip", onclick: () => enter(parts.terrain.el) }, "Skip to the terrain");
  const el = h(
    "div",
    { class: "page" },
    skip,
    header,
    notices,
    h(
      "div",
      { class: "desk" },
      stage,
      h("div", { class: "right" }, parts.map.el, ...of("boundary", "inspector")),
      h("div", { class: "left" }, ...of("bench", "balls")),
      h("div", { class: "below" }, ...of("curves", "underneath")),
    ),
  );

  let narrow: boolean | null = null;
  const fold = () => {
    const { panel } = store.state;
    const open = panel === begun ? FIRST[store.state.hello?.live ? "live" : "saved"] : panel;
    for (const [name, details] of panels) details.open = !narrow || name === open;
  };
  const begun = store.state.panel;
  for (const [name, details] of panels) {
    details.querySelector("summary")?.addEventListener("click", () => {
      if (narrow) store.set({ panel: details.open ? "none" : name });
    });
  }
  const watch = new ResizeObserver(() => {
    const now = root.clientWidth < NARROW;
    if (now === narrow) return;
    narrow = now;
    fold();
  });
  watch.observe(root);
  const stop = store.on(["panel"], () => narrow && fold());
  return {
    el,
    dispose() {
      watch.disconnect();
      stop();
    },
  };
}

/** For reports and notebooks: terrain and map, timeline, trust lines. */
export function figure(parts: Pick<Parts, "terrain" | "map" | "timeline" | "trust">, notices: HTMLElement): Part {
  const pair = h("div", { class: "pair" }, parts.terrain.el, parts.map.el);
  return { el: h("div", { class: "page" }, notices, pair, parts.timeline.el, parts.trust.el) };
}

function panel(name: string, words: string, content: HTMLElement): HTMLDetailsElement {
  return h("details", { class: `panel panel-${name}`, open: true }, h("summary", {}, words), content);
}

/** Put the focus on what in `el` takes it first. */
function enter(el: HTMLElement): void {
  const first = el.querySelector<HTMLElement>("[tabindex='0'], button, a[href], input, select");
  if (first) first.focus();
  else {
    el.tabIndex = -1;
    el.focus();
  }
}
