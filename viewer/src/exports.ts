/** Exports: what is seen, as a file. */

import { untouched, writeAddress } from "./address";
import { h } from "./dom";
import type { Context } from "./part";
import { picture } from "./picture";
import type { Frame, Heads } from "./protocol";
import { record, strict } from "./record";
import type { State } from "./state";

/** Hand a file that the host made to the visitor. */
export function deliver(frame: Frame, state: State): void {
  const { name, mime } = frame.head as Heads["file"];
  const ending = name.slice(name.lastIndexOf(".") + 1);
  save(new Blob([(frame.arrays.bytes ?? new Uint8Array()) as BlobPart], { type: mime }), fileName(state, ending));
}

export function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** What a saved page begins with, as in an address: what the visitor made of the view. */
export function viewOf({ camera, height, time, speed, theme }: State): string {
  return writeAddress({ ...untouched(), camera, height, time, speed, theme });
}

/** The dialog in which one chooses a format. */
export function exportDialog(context: Context): { el: HTMLDialogElement; show(): void } {
  const { store, send } = context;
  const ask = (format: "html" | "svg") => () => {
    send({ kind: "export", format, view: viewOf(store.state) });
    el.close();
  };
  const png = async () => {
    el.close();
    try {
      save(await picture(context), fileName(store.state, "png"));
    } catch (error) {
      const got = error instanceof Error ? error.message : String(error);
      store.set({ fault: { wanted: "a picture of terrain and map", got, mend: "try another browser", about: "export" } });
    }
  };
  const json = () => {
    el.close();
    save(new Blob([strict(record(store.state))], { type: "application/json" }), fileName(store.state, "json"));
  };
  const format = (name: string, words: string, work: () => unknown) =>
    h("button", { type: "button", class: "format", onclick: () => void work() }, h("strong", {}, name), h("span", {}, words));
  const fromHost = [
    format("SVG", "the map with whole paths, as vectors with real text, for print", ask("svg")),
    format("HTML", "this page as one file that needs no network, with the same viewer", ask("html")),
  ];
  const why = h("p", { class: "hint" }, "SVG and HTML are made by the live explorer, thalweg explore; this is a saved page.");
  const el = h(
    "dialog",
    { class: "exports", "aria-label": "Export" },
    h("h2", {}, "Export what is seen"),
    format("PNG", "terrain, map, title and trust lines, as a picture", png),
    ...fromHost,
    format("JSON", "the numbers: scene, surface, paths, critical points, trust", json),
    why,
    h("button", { type: "button", class: "close", onclick: () => el.close() }, "Close"),
  );
  return {
    el,
    show() {
      const live = store.state.hello?.live === true;
      for (const button of fromHost) button.hidden = !live;
      why.hidden = live;
      el.showModal();
    },
  };
}

/** A name that tells what it is: "thalweg-spiral-filter-0.png". */
export function fileName({ scene, hello }: State, ending: string): string {
  const what = scene ? [scene.bench?.data ?? scene.objective, scene.plane.recipe, scene.plane.seed] : [hello?.title ?? "view"];
  const words = what.join("-").toLowerCase().replace(/[^a-z0-9.]+/g, "-").slice(0, 80).replace(/^[-.]+|[-.]+$/g, "");
  return `thalweg-${words || "view"}.${ending}`;
}
