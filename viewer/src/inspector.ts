/** Inspector: the numbers of one place. */

import { unbroken } from "./digits";
import { h } from "./dom";
import { follow, release } from "./inspect";
import type { MakePart } from "./part";
import { sign } from "./sign";

export const inspector: MakePart = (context) => {
  const { store } = context;
  const title = h("h2", {}, "This place");
  const place = h("p", { class: "inspector-place" });
  const rows = h("dl", { class: "rows" });
  const words = h("p", { class: "inspector-words" });
  const unpin = h("button", { type: "button", class: "plain", hidden: true, onclick: () => release(context) }, "Unpin");
  const el = h(
    "section",
    { class: "inspector", "aria-label": "Inspector" },
    h("div", { class: "inspector-head" }, title, unpin),
    place,
    rows,
    words,
  );

  function show(): void {
    const { inspect, hello, pinned } = store.state;
    el.hidden = !inspect && !hello?.live;
    unpin.hidden = !pinned;
    el.dataset.pinned = String(pinned);
    words.setAttribute("aria-live", pinned ? "polite" : "off");
    if (!inspect) {
      place.textContent = "Let the pointer rest on map or terrain: the numbers of that place come here. A click with Look around keeps them.";
      rows.replaceChildren();
      words.replaceChildren();
      return;
    }
    place.textContent = inspect.title + (hello?.live ? "" : ", as saved");
    rows.replaceChildren(...inspect.rows.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, unbroken(value))]));
    words.replaceChildren(...(inspect.warning ? [sign()] : []), unbroken(inspect.words));
    words.classList.toggle("warning", inspect.warning);
  }

  const stops = [store.on(["inspect", "hello", "pinned"], show), follow(context)];
  show();
  return { el, dispose: () => stops.forEach((stop) => stop()) };
};
