/** The one module: an anywidget, and by itself whatever a page marks with `data-thalweg`. */

import { mount } from "./app";
import { fileHost, type Model, socketHost, widgetHost } from "./hosts";
import { whenInView } from "./lazy";

export default {
  render({ model, el }: { model: Model; el: HTMLElement }): () => void {
    return mount(el, widgetHost(model));
  },
};

const figures: HTMLElement[] = [];
for (const el of document.querySelectorAll<HTMLElement>("[data-thalweg]")) {
  if (el.dataset.thalweg === "live") {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    mount(el, socketHost(`${scheme}//${location.host}/stream`));
  } else if (el.dataset.thalweg === "file") {
    mount(el, fileHost(framesOf(el)));
  } else if (el.dataset.thalweg === "lazy") {
    figures.push(el);
  }
}
if (figures.length) whenInView(figures, (el) => mount(el, fileHost(framesOf(el))));

/** Frames of a saved file: a script element of base64, one frame a line, named by `data-frames`. */
function framesOf(el: HTMLElement): ArrayBuffer[] {
  const text = document.getElementById(el.dataset.frames ?? "")?.textContent ?? "";
  const lines = text.split("\n").filter((line) => line.trim());
  return lines.map((line) => Uint8Array.from(atob(line.trim()), (c) => c.charCodeAt(0)).buffer);
}
