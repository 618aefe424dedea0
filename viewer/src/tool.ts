/** Tool: what a click on terrain or map does, and the same for who has no mouse. */

import { h } from "./dom";
import { canDrop, dropAt, toolOf, UNKNOWN } from "./drop";
import type { MakePart } from "./part";
import type { State } from "./state";

const TOOLS: [State["tool"], string][] = [
  ["drop", "Drop a ball"],
  ["look", "Look around"],
];

export const tool: MakePart = (context) => {
  const { store, send } = context;
  const radios = TOOLS.map(([value, words]) => {
    const input = h("input", { type: "radio", name: "tool", value, onchange: () => store.set({ tool: value }) });
    return { input, value, label: h("label", {}, input, h("span", {}, words)) };
  });
  const middle = () => {
    const { window, scene } = store.state;
    const seen = window ?? scene?.window;
    if (seen) dropAt(context, (seen.a0 + seen.a1) / 2, (seen.b0 + seen.b1) / 2);
  };
  const drop = h("button", { type: "button", onclick: middle }, "Drop at the middle");
  const clear = h("button", { type: "button", onclick: () => send({ kind: "control", run: null, action: "remove" }) }, "Clear runs");
  const el = h(
    "div",
    { class: "tool", role: "toolbar", "aria-label": "Tool" },
    h("div", { class: "segments", role: "radiogroup", "aria-label": "What a click does" }, ...radios.map(({ label }) => label)),
    drop,
    clear,
  );
  const draw = () => {
    const { hello, optimizers, runs, connection } = store.state;
    const can = canDrop(store.state);
    el.hidden = !hello?.live;
    for (const { input, value } of radios) {
      input.checked = value === toolOf(store.state);
      input.disabled = value === "drop" && !can;
    }
    drop.disabled = !can || connection === "lost" || optimizers.length === 0;
    drop.title = !can ? UNKNOWN : optimizers.length === 0 ? "Choose an optimizer first" : "";
    clear.disabled = connection === "lost" || runs.size === 0;
  };
  const stop = store.on(["hello", "scene", "tool", "optimizers", "runs", "connection"], draw);
  draw();
  return { el, dispose: stop };
};
