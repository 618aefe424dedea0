/** Theme: light or dark, as the visitor says, or else the notebook around, or else the system. */

import type { Store } from "./state";

/** Keep `data-theme` of the root on "light" or "dark"; return how to stop. */
export function theme(store: Store, root: HTMLElement): () => void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const chosen = store.state.theme === "auto" ? (around() ?? (system.matches ? "dark" : "light")) : store.state.theme;
    if (root.dataset.theme === chosen) return;
    root.dataset.theme = chosen;
    store.touch("theme"); // whoever paints with the colors of the theme paints anew
  };
  apply();
  const stop = store.on(["theme"], apply);
  const notebook = new MutationObserver(apply);
  notebook.observe(document.body, { attributeFilter: ["data-jp-theme-light", "data-vscode-theme-kind"] });
  system.addEventListener("change", apply);
  return () => {
    stop();
    notebook.disconnect();
    system.removeEventListener("change", apply);
  };
}

/** The theme that JupyterLab or VS Code tells of. */
function around(): "light" | "dark" | null {
  const { jpThemeLight, vscodeThemeKind } = document.body.dataset;
  if (jpThemeLight) return jpThemeLight === "true" ? "light" : "dark";
  if (vscodeThemeKind) return /light/.test(vscodeThemeKind) ? "light" : "dark";
  return null;
}
