/** Fields: the rows of a form, each a label and one control that can be set from outside. */

import { h } from "./dom";

export interface Field<T> {
  el: HTMLElement;
  /** Show a value, unless the visitor is just typing another. */
  show(value: T): void;
}

export interface Span {
  min: number;
  max: number;
  step: number | "any";
}

/** What a field tells of itself when what was typed cannot be. */
export const REFUSED = "refused";
export interface Refused {
  name: string;
  span: Span;
  got: string;
  kept: string;
}

const REST = 150; // milliseconds without a change before a slider or number counts

/** One of several. */
export function choice(
  label: string,
  options: readonly (readonly [value: string, words: string])[],
  changed: (value: string) => void,
): Field<string> & { options(options: readonly (readonly [string, string, boolean?])[]): void } {
  const select = h("select", { onchange: () => changed(select.value) });
  let shown = "";
  const fill = (entries: readonly (readonly [string, string, boolean?])[]) => {
    const now = JSON.stringify(entries);
    if (now === shown) return;
    shown = now;
    const { value } = select;
    select.replaceChildren(...entries.map(([value, words, off]) => h("option", { value, disabled: off ?? false }, words)));
    select.value = value;
  };
  fill(options);
  return {
    el: row(label, select),
    options: fill,
    show(value) {
      select.value = value;
    },
  };
}

/** A number on a slider, told beside it. */
export function slider(label: string, span: Span, changed: (value: number) => void): Field<number> {
  const told = h("output", { "aria-live": "off" }); // the slider itself is heard
  const input = h("input", { type: "range", ...span });
  const tell = rested(() => changed(input.valueAsNumber));
  input.addEventListener("input", () => {
    told.value = input.value;
    tell();
  });
  input.addEventListener("change", tell.now);
  return {
    el: row(label, input, told),
    show(value) {
      if (tell.waiting()) return;
      input.value = String(value);
      told.value = String(value);
    },
  };
}

/** A number that is typed; what is no number within the span is marked and not told. */
export function typed(label: string, span: Span, changed: (value: number) => void, ...more: Node[]): Field<number> {
  const input = numberInput(span, changed);
  return { el: row(label, input.el, ...more), show: input.show };
}

/** A seed, with a button that draws again. */
export function seed(label: string, changed: (value: number) => void): Field<number> {
  const input = numberInput({ min: 0, max: 2 ** 31 - 1, step: 1 }, changed);
  const again = h(
    "button",
    {
      type: "button",
      class: "again",
      onclick: () => {
        const next = (input.el.valueAsNumber + 1) % 2 ** 31 || 0;
        input.el.value = String(next);
        changed(next);
      },
    },
    "Draw again",
  );
  again.setAttribute("aria-label", `Draw again: ${label}`);
  return { el: row(label, input.el, again), show: input.show };
}

export function numberInput(span: Span, changed: (value: number) => void, name?: string) {
  const el = h("input", { type: "number", required: true, "aria-label": name, ...span });
  let known = NaN; // what counts
  const tell = rested(() => {
    if (!el.checkValidity()) return;
    known = el.valueAsNumber;
    changed(known);
  });
  el.addEventListener("input", tell);
  el.addEventListener("change", () => {
    tell.now(); // the visitor goes on, perhaps to press what uses it
    if (el.checkValidity() || Number.isNaN(known)) return;
    // What is shown must be what is used.
    const detail: Refused = { name: el.getAttribute("aria-label") ?? "", span, got: el.value, kept: String(known) };
    el.value = String(known);
    el.dispatchEvent(new CustomEvent(REFUSED, { bubbles: true, detail }));
  });
  return {
    el,
    show(value: number) {
      known = value;
      const typing = (el.getRootNode() as ShadowRoot).activeElement === el;
      if (!tell.waiting() && !(typing && !el.checkValidity()) && el.valueAsNumber !== value) el.value = String(value);
    },
  };
}

/** Label and controls in a row; the label belongs to the first control, and is the whole of its name. */
export function row(label: string, first: Element, ...more: Node[]): HTMLElement {
  first.setAttribute("aria-label", label); // or what stands beside it would be part of the name, and change it
  return h("label", { class: "field" }, h("span", {}, label), h("span", { class: "control" }, first, ...more));
}

type Rested = (() => void) & { waiting(): boolean; now(): void };

/** Call `work` when nothing has asked for it during a short while; `now` spares the wait. */
export function rested(work: () => void, wait = REST): Rested {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const waiting = () => timer !== undefined;
  const end = () => {
    timer = undefined;
    work();
  };
  const ask = () => {
    clearTimeout(timer);
    timer = setTimeout(end, wait);
  };
  const now = () => {
    if (!waiting()) return;
    clearTimeout(timer);
    end();
  };
  return Object.assign(ask, { waiting, now });
}
