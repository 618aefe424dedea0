/** Underneath: critical points, basins and the spectrum. */

import { chart, type Picture } from "./chart";
import { short } from "./digits";
import { h } from "./dom";
import { canDrop } from "./drop";
import { lookAt } from "./inspect";
import type { Context, MakePart } from "./part";
import type { Message } from "./protocol";
import type { Pointer, State } from "./state";

const NEED = ["Find critical points", "Spectrum here"]; // the loss itself, not its map alone
const HEIGHT = 160;
const DECADES = 4; // of the spectrum, on either side of zero

export const underneath: MakePart = (context) => {
  const { store, send, root } = context;
  const ask = (text: string, make: (place: Pointer) => Message, title: string) =>
    h("button", { type: "button", title, onclick: () => send(make(here(store.state))) }, text);
  const buttons = h(
    "div",
    { class: "underneath-asks" },
    ask("Find critical points", ({ a, b }) => ({ kind: "find", a, b }), "From here and from where the runs rest, in all directions"),
    ask("Basins", () => ({ kind: "basins" }), "Which places of the map lead down to the same minimum"),
    ask("Spectrum here", (place) => ({ kind: "spectrum", ...place }), "All eigenvalues of the Hessian at this place"),
    ask("Trust report in full", () => ({ kind: "trust", full: true }), "What the picture does not show, measured in all directions"),
  );
  const found = h("div", { class: "underneath-found", "aria-live": "polite" });
  const foundWords = h("p", {});
  const list = h("ul", { class: "critical-list" });
  const basins = h("p", {});
  found.append(foundWords, list, basins);
  const plot = chart(root, HEIGHT);
  const title = h("h3", {});
  const words = h("p", {});
  const spectrum = h("div", { class: "underneath-spectrum" }, title, plot.el, words);
  const el = h(
    "section",
    { class: "underneath", "aria-label": "Underneath" },
    h("h2", {}, "Underneath"),
    buttons,
    found,
    spectrum,
  );

  function show(): void {
    const { hello, connection, critical, basins: parts } = store.state;
    buttons.hidden = !hello?.live;
    const known = canDrop(store.state);
    for (const button of buttons.children) {
      (button as HTMLButtonElement).disabled = connection === "lost" || (!known && NEED.includes(button.textContent ?? ""));
    }
    foundWords.textContent = critical?.words ?? "";
    list.replaceChildren(...(critical?.points ?? []).map((point, found) => entry(context, point, found)));
    basins.textContent = parts?.words ?? "";
    for (const text of [foundWords, basins]) text.hidden = !text.textContent;
    list.hidden = !list.childElementCount;
    el.hidden = !hello?.live && !critical && !parts && !store.state.spectrum;
  }

  function showSpectrum(): void {
    const known = store.state.spectrum;
    spectrum.hidden = !known;
    el.hidden = !store.state.hello?.live && !known && !store.state.critical && !store.state.basins;
    if (!known) return;
    const values = known.arrays.eigenvalues as Float32Array;
    title.textContent = known.title;
    words.textContent = known.words;
    const [down, up] = spectrumColors(root);
    plot.show(pictureOf(values, known.negative, down, up));
    plot.el.setAttribute("role", "img");
    plot.el.setAttribute("aria-label", `${values.length} eigenvalues, ${known.negative} of them negative`);
  }

  const stops = [
    store.on(["hello", "scene", "connection", "critical", "basins"], show),
    store.on(["spectrum", "hello", "theme"], showSpectrum),
  ];
  show();
  showSpectrum();
  return {
    el,
    dispose() {
      for (const stop of stops) stop();
      plot.dispose();
    },
  };
};

/** Where "here" is: where one looks, or else the middle of the plane. */
export function here({ looked, pointer }: Pick<State, "looked" | "pointer">): Pointer {
  return looked ?? pointer ?? { a: 0, b: 0, run: null, step: null };
}

type Point = NonNullable<State["critical"]>["points"][number];

function entry(context: Context, point: Point, found: number): HTMLElement {
  const place = { a: point.a, b: point.b, run: null, step: null, found };
  const point_here = () => context.store.set({ pointer: place });
  const button = h(
    "button",
    {
      type: "button",
      class: `critical ${point.kind}`,
      onclick: () => lookAt(context, place),
      onpointerenter: point_here,
      onfocus: point_here,
      onpointerleave: () => context.store.set({ pointer: null }),
    },
    h("span", { class: "critical-mark", "aria-hidden": "true" }),
    h("span", {}, point.words),
    h("span", { class: "critical-numbers" }, numbersOf(point)),
  );
  return h("li", {}, button);
}

/** "index 3, loss 0.53, 1.2 out of the plane". */
export function numbersOf({ index, nullity, loss, distance }: Pick<Point, "index" | "nullity" | "loss" | "distance">): string {
  const parts = index === null ? [] : [`index ${index}`];
  if (nullity) parts.push(`nullity ${nullity}`);
  parts.push(`loss ${short(loss)}`, `${short(distance, 2)} out of the plane`);
  return parts.join(", ");
}

function spectrumColors(root: HTMLElement): [string, string] {
  return root.dataset.theme === "dark" ? ["#E69F00", "#56B4E9"] : ["#D55E00", "#0072B2"];
}

/** The eigenvalues in order, the first `negative` of them apart. */
export function pictureOf(values: Float32Array, negative: number, down: string, up: string): Picture {
  const sorted = [...values].sort((p, q) => p - q);
  const most = Math.max(...sorted.map(Math.abs), 1e-12);
  return {
    x: sorted.map((_, i) => i + 1),
    lines: [
      { name: negative ? "down" : "", color: down, points: true, values: sorted.map((v, i) => (i < negative ? v : undefined)) },
      { name: "up or flat", color: up, points: true, values: sorted.map((v, i) => (i < negative ? undefined : v)) },
    ],
    axis: "eigenvalue",
    scale: "both",
    linear: 10 ** (Math.ceil(Math.log10(most)) - DECADES),
    edge: { at: 0, text: "" },
  };
}
