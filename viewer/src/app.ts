/** App: the parts of the page, put together; one `mount` for every host. */

import { balls } from "./balls";
import { bench } from "./bench";
import { boundary } from "./boundary";
import { curves } from "./curves";
import { h } from "./dom";
import { deliver } from "./exports";
import type { Host } from "./hosts";
import { inspector } from "./inspector";
import { link } from "./link";
import { map } from "./map";
import { menu } from "./menu";
import { notices } from "./notices";
import type { Context, MakePart } from "./part";
import { receive } from "./reduce";
import { begin, Store } from "./state";
import style from "./style.css?inline";
import { terrain } from "./terrain";
import { timeline } from "./timeline";
import { tours } from "./tours";
import { trust } from "./trust";
import { underneath } from "./underneath";

const EXPLORER: MakePart[] = [
  menu, notices, bench, balls, terrain, map, timeline, curves, boundary, inspector, underneath, trust, tours,
];
const FIGURE: MakePart[] = [notices, terrain, map, timeline, trust];

/** Show the viewer in `el`; return how to take it away. */
export function mount(el: HTMLElement, host: Host): () => void {
  const shadow = el.shadowRoot ?? el.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  shadow.adoptedStyleSheets = [sheet];
  const root = h("div", { class: "thalweg" });
  shadow.replaceChildren(root);

  const store = new Store(begin());
  const context: Context = { store, send: (message) => host.send(message), root };
  const endings: (() => void)[] = [];
  const live = link(context, el.dataset.thalweg === "live");
  endings.push(live.dispose);

  let shown = "";
  const arrange = () => {
    const layout = store.state.hello?.layout ?? "";
    if (!layout || layout === shown) return;
    shown = layout;
    for (const end of endings.splice(1)) end();
    const parts = (layout === "figure" ? FIGURE : EXPLORER).map((make) => make(context));
    root.dataset.layout = layout;
    root.replaceChildren(...parts.map((part) => part.el));
    for (const part of parts) if (part.dispose) endings.push(part.dispose);
  };
  store.on(["hello"], arrange);

  host.listen(
    (frame) => {
      if (frame.kind === "file") deliver(frame);
      receive(store, frame);
    },
    (connection) => {
      store.set({ connection });
      if (connection === "open") live.open();
    },
  );
  return () => {
    host.close();
    for (const end of endings) end();
    shadow.replaceChildren();
  };
}
