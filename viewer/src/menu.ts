/** Menu: what is seen, and link, export and theme. */

import { h } from "./dom";
import { exportDialog } from "./exports";
import type { Link } from "./link";
import type { Context, Part } from "./part";
import { share } from "./share";
import type { State } from "./state";
import { titleOf } from "./title";

const THEMES: [State["theme"], string][] = [
  ["auto", "Auto"],
  ["light", "Light"],
  ["dark", "Dark"],
];

export function menu(context: Context, link: Link, tours: HTMLElement): Part {
  const { store } = context;
  const title = h("h1", {});
  const copy = share(link.flush);
  const exports = exportDialog(context);
  const theme = h("select", { "aria-label": "Theme", onchange: () => store.set({ theme: theme.value as State["theme"] }) });
  theme.append(...THEMES.map(([value, words]) => h("option", { value }, words)));
  const el = h(
    "header",
    { class: "menu" },
    h("span", { class: "brand" }, "Thalweg"),
    title,
    tours,
    ...copy.els,
    h("button", { type: "button", onclick: exports.show }, "Export"),
    theme,
    exports.el,
  );
  const draw = () => {
    title.textContent = titleOf({ ...store.state, caption: null }); // which says its own title
    copy.button.hidden = !link.kept;
    theme.value = store.state.theme;
  };
  const stop = store.on(["hello", "scene", "caption", "surface", "theme"], draw);
  draw();
  return { el, dispose: stop };
}
