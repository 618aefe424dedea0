/** App: the parts of the page, put together; one `mount` for every host. */

import { readAddress } from "./address";
import { balls } from "./balls";
import { bench } from "./bench";
import { boundary } from "./boundary";
import { curves } from "./curves";
import { explorer, figure } from "./desk";
import { h } from "./dom";
import { deliver } from "./exports";
import type { Host } from "./hosts";
import { inspector } from "./inspector";
import { type Link, link } from "./link";
import { map } from "./map";
import { menu } from "./menu";
import { notices } from "./notices";
import type { Context, MakePart, Part } from "./part";
import { receive } from "./reduce";
import { begin, type State, Store } from "./state";
import style from "./style.css?inline";
import { terrain } from "./terrain";
import { theme } from "./theme";
import { timeline } from "./timeline";
import { tool } from "./tool";
import { tours } from "./tours";
import { trust } from "./trust";
import { underneath } from "./underneath";

const PICTURE = { terrain, map, timeline, trust };
const REST = { tool, bench, balls, boundary, inspector, curves, underneath };

/** Show the viewer in `el`; return how to take it away. */
export function mount(el: HTMLElement, host: Host): () => void {
  const shadow = el.shadowRoot ?? el.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  shadow.adoptedStyleSheets = [sheet];
  const root = h("div", { class: "thalweg" });
  shadow.replaceChildren(root);

  const store = new Store({ ...begin(), ...asked(el) });
  const context: Context = { store, send: (message) => host.send(message), root };
  const ours = link(context, el.dataset.thalweg === "live");
  const endings = [ours.dispose, theme(store, root)]; // theme first of all who listen to it
  const kept = endings.length;

  let shown = "";
  const arrange = () => {
    const layout = store.state.hello?.layout ?? "";
    if (!layout || layout === shown) return;
    shown = layout;
    for (const end of endings.splice(kept)) end();
    root.dataset.layout = layout;
    const made = layout === "figure" ? asFigure(context) : asExplorer(context, ours);
    root.replaceChildren(made[made.length - 1]?.el ?? "");
    for (const part of made) if (part.dispose) endings.push(() => part.dispose?.());
  };
  const tell = () => {
    root.dataset.scene = String(store.state.scene?.scene ?? "");
    root.dataset.connection = store.state.connection;
  };
  store.on(["hello"], arrange);
  store.on(["scene", "connection"], tell);

  host.listen(
    (frame) => {
      if (frame.kind === "file") deliver(frame, store.state);
      receive(store, frame);
    },
    (connection) => {
      store.set({ connection });
      if (connection === "open") ours.open();
    },
  );
  return () => {
    host.close();
    for (const end of endings) end();
    shadow.replaceChildren();
  };
}

/** What the page around asks for: a theme of its own, and the view that a saved page was saved with. */
function asked(el: HTMLElement): Partial<State> {
  const { theme, view } = el.dataset;
  const own = theme === "light" || theme === "dark" ? { theme } as const : {};
  return { ...(view ? viewed(view) : {}), ...own };
}

function viewed(text: string): Partial<State> {
  try {
    const { camera, height, time, speed, theme } = readAddress(text);
    return { camera, height, time, speed, theme };
  } catch {
    return {}; // of another version: then as usual
  }
}

/** The parts made, the one that holds all others last. */
function asFigure(context: Context): Part[] {
  const parts = make(context, PICTURE);
  const told = notices(context);
  return [...Object.values(parts), told, figure(parts, told.el)];
}

function asExplorer(context: Context, ours: Link): Part[] {
  const parts = make(context, { ...PICTURE, ...REST });
  const told = notices(context);
  const stories = tours(context);
  const header = menu(context, ours, stories.el);
  return [...Object.values(parts), told, stories, header, explorer(context, parts, header.el, told.el)];
}

function make<Name extends string>(context: Context, makers: Record<Name, MakePart>): Record<Name, Part> {
  const made = Object.entries<MakePart>(makers).map(([name, maker]) => [name, maker(context)]);
  return Object.fromEntries(made) as Record<Name, Part>;
}
