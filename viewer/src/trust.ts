/** Trust: how far to trust the picture. */

import { unbroken } from "./digits";
import { h } from "./dom";
import type { MakePart } from "./part";
import { sign } from "./sign";
import type { State } from "./state";

const NARROW = 700; // pixels: there the strip is closed at first
const CALM = 400; // milliseconds without a change before a new report is asked for

export const trust: MakePart = ({ store, root, send }) => {
  const list = h("ul", { class: "trust-lines" });
  const count = h("span", { class: "trust-count" });
  const details = h("details", {}, h("summary", {}, "How far to trust this picture", count), list);
  const el = h("section", { class: "trust", "aria-label": "Trust margin", hidden: true }, details);

  function show(): void {
    const lines = store.state.trust?.lines ?? [];
    el.hidden = lines.length === 0;
    const warnings = lines.filter(({ warning }) => warning).length;
    count.textContent = warnings === 0 ? "" : warnings === 1 ? "1 warning" : `${warnings} warnings`;
    list.replaceChildren(
      ...lines.map(({ text, warning }) =>
        h("li", { class: warning ? "warning" : null }, ...(warning ? [sign()] : []), h("span", {}, unbroken(text))),
      ),
    );
  }

  let narrow: boolean | null = null;
  const size = new ResizeObserver(() => {
    const now = root.clientWidth < NARROW;
    if (now === narrow) return;
    narrow = now;
    details.open = !now;
  });
  size.observe(root);
  let asked: unknown[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const renew = () => {
    const key = worth(store.state);
    if (!key || key.every((part, i) => part === asked[i])) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      asked = key;
      send({ kind: "trust", full: false });
    }, CALM);
  };
  const stops = [store.on(["trust"], show), store.on(["surface", "runs", "connection"], renew)];
  show();
  renew(); // all may have arrived before this part was made
  return {
    el,
    dispose() {
      for (const stop of stops) stop();
      clearTimeout(timer);
      size.disconnect();
    },
  };
};

/**
 * What a report is made for: the map, and the runs that have come to rest over it. Null while
 * there is nothing to report on, and for stored results, which bring their own.
 */
export function worth({ hello, connection, scene, surface, runs }: State): unknown[] | null {
  if (!hello?.live || connection !== "open" || scene?.plane.recipe === "stored") return null;
  if (!surface || surface.draft) return null;
  const all = [...runs.values()];
  if (all.some(({ status }) => status === "running")) return null;
  return [surface, all.map(({ run, path }) => `${run}:${path.size}`).join()];
}
