/** Chips: a line for every run: who it is, how it fares, how true the picture of it is. */

import { unbroken } from "./digits";
import { h } from "./dom";
import { rangeOf, truthWords } from "./gap";
import { icon } from "./icon";
import type { Context } from "./part";
import { rowAt } from "./row";
import type { Run } from "./state";

interface Chip {
  name: string;
  el: HTMLElement;
  show(run: Run): void;
}

export function chips(context: Context): { el: HTMLElement; show(): void } {
  const { store } = context;
  const el = h("ul", { class: "chips", "aria-label": "Runs" });
  const known = new Map<number, Chip>();
  return {
    el,
    show() {
      const { runs } = store.state;
      for (const [number, chip] of known) {
        if (runs.get(number)?.name === chip.name) continue;
        chip.el.remove();
        known.delete(number);
      }
      for (const [number, run] of runs) {
        let chip = known.get(number);
        if (!chip) {
          chip = make(context, run);
          known.set(number, chip);
          el.append(chip.el);
        }
        chip.show(run);
      }
      el.hidden = runs.size === 0;
    },
  };
}

function make({ store, send }: Context, { run: number, name, color }: Run): Chip {
  const status = h("span", { class: "chip-status" });
  const truth = h("span");
  const swatch = h("span", { class: "chip-swatch", "aria-hidden": "true" });
  swatch.style.background = color;
  const buttons = h(
    "span",
    { class: "chip-buttons" },
    h("button", { type: "button", class: "plain", onclick: () => send({ kind: "stability", run: number }) }, "stability"),
    h(
      "button",
      {
        type: "button",
        class: "plain",
        "aria-label": `Remove ${name}`,
        title: "Remove",
        onclick: () => send({ kind: "control", run: number, action: "remove" }),
      },
      icon("cross"),
    ),
  );
  const el = h("li", { class: "chip" }, swatch, h("span", { class: "chip-name" }, name), h("span", { class: "chip-words" }, status, truth), buttons);
  return {
    name,
    el,
    show(run) {
      const { time, surface, hello } = store.state;
      const row = rowAt(run.path.step, run.path.size, time);
      write(status, `${statusWords(run)} · `);
      write(truth, [truthWords(run.path, row, surface && rangeOf(surface)), capturedWords(run.captured)].filter(Boolean).map(unbroken).join("; "));
      el.dataset.status = run.status;
      buttons.hidden = !hello?.live;
    },
  };
}

/** Text is written only where it differs: most frames change few words. */
function write(el: HTMLElement, text: string): void {
  if (el.textContent !== text) el.textContent = text;
}

/** "running", or what its host says of it: "left the window at step 12 upward". */
export function statusWords({ status, words }: Pick<Run, "status" | "words">): string {
  const plain = status === "stored" || status === "done" ? "" : status;
  if (!words) return plain || status;
  return !plain || words.startsWith(plain) ? words : `${plain}: ${words}`;
}

/** "plane captures 97 %": rounded down, as in every label of a path. */
export function capturedWords(captured: number | null): string {
  if (captured === null) return "";
  const share = captured < 0.999 ? Math.min(captured, 0.99) : captured;
  return `plane captures ${Math.round(share * 100)} %`;
}
