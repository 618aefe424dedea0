/** Tours: the captions of a guided story, and what starts one. */

import { unbroken } from "./digits";
import { h } from "./dom";
import type { Context, MakePart } from "./part";

/** Begin a story, or go on with it; the host does the step and sends its caption. */
export function startTour({ send }: Pick<Context, "send">, tour: string, step = 0): void {
  send({ kind: "tour", tour, step });
}

export const tours: MakePart = (context) => {
  const { store, root } = context;
  const list = h("ul", { class: "tours-list" });
  const menu = h("details", { class: "tours-menu" }, h("summary", {}, "Tours"), list);
  const title = h("h2", { tabindex: "-1" });
  const count = h("span", { class: "caption-count" });
  const words = h("p", { class: "caption-words", "aria-live": "polite" });
  const back = h("button", { type: "button", onclick: () => go(-1) }, "Back");
  const next = h("button", { type: "button", class: "primary", onclick: () => go(1) }, "Next");
  const end = h("button", { type: "button", class: "plain", onclick: finish }, "End");
  const panel = h(
    "aside",
    { class: "caption", "aria-label": "Tour", hidden: true },
    h("div", { class: "caption-head" }, title, count, end),
    words,
    h("div", { class: "caption-buttons" }, back, next),
  );
  const el = h("section", { class: "tours", "aria-label": "Tours", hidden: true }, menu, panel);

  function go(by: number): void {
    const { caption } = store.state;
    if (!caption) return;
    const step = caption.step + by;
    if (step >= caption.of) finish();
    else if (step >= 0) startTour(context, caption.tour, step);
  }

  function finish(): void {
    store.set({ caption: null });
    menu.querySelector("summary")?.focus();
  }

  function offer(): void {
    const { hello } = store.state;
    const offered = hello?.live ? hello.tours : [];
    el.hidden = offered.length === 0;
    list.replaceChildren(
      ...offered.map((entry) =>
        h("li", {}, h("a", { href: `#tour=${encodeURIComponent(entry.tour)}`, onclick: choose(entry.tour) }, entry.title)),
      ),
    );
  }

  /** A plain click begins it here; any other way of following the link stays the browser's. */
  function choose(tour: string): (event: Event) => void {
    return (event) => {
      const { ctrlKey, metaKey, shiftKey } = event as MouseEvent;
      if (ctrlKey || metaKey || shiftKey) return;
      event.preventDefault();
      menu.open = false;
      startTour(context, tour);
    };
  }

  let shown = "";
  function caption(): void {
    const { caption } = store.state;
    panel.hidden = caption === null;
    root.toggleAttribute("data-touring", caption !== null);
    if (!caption) {
      shown = "";
      return;
    }
    const last = caption.step === caption.of - 1;
    title.textContent = caption.title;
    count.textContent = `${caption.step + 1} of ${caption.of}`;
    words.textContent = unbroken(caption.words);
    back.disabled = caption.step === 0;
    next.textContent = caption.next || (last ? "Done" : "Next");
    panel.dataset.step = String(caption.step);
    panel.dataset.last = String(last);
    if (shown !== caption.tour) title.focus({ preventScroll: true });
    shown = caption.tour;
  }

  const escape = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    if (menu.open) {
      menu.open = false;
      menu.querySelector("summary")?.focus();
    } else if (store.state.caption) {
      finish();
    }
  };
  root.addEventListener("keydown", escape);
  const outside = (event: Event) => {
    if (menu.open && !event.composedPath().includes(menu)) menu.open = false;
  };
  root.addEventListener("pointerdown", outside, true);
  const stops = [store.on(["hello"], offer), store.on(["caption"], caption)];
  offer();
  caption();
  return {
    el,
    dispose() {
      for (const stop of stops) stop();
      root.removeEventListener("keydown", escape);
      root.removeEventListener("pointerdown", outside, true);
    },
  };
};
