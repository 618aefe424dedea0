/** Boundary: what the network under the pointer computes. */

import { isolines } from "./contours";
import { short, unbroken } from "./digits";
import { h } from "./dom";
import type { MakePart } from "./part";
import { classColors, shaded } from "./shading";
import type { Held } from "./state";

const SIDE = 200; // CSS pixels
const DOT = 2.4;

export const boundary: MakePart = ({ store, root }) => {
  const canvas = h("canvas", { class: "boundary-picture", role: "img" });
  const small = h("canvas"); // a pixel a value
  const words = h("p", { class: "boundary-words" });
  const place = h("p", { class: "boundary-place" });
  const el = h(
    "section",
    { class: "boundary", "aria-label": "Decision boundary", hidden: true },
    h("h2", {}, "What it computes"),
    canvas,
    words,
    place,
  );

  function show(): void {
    const { boundary, data } = store.state;
    el.hidden = !boundary;
    if (!boundary) return;
    const { a, b, classes } = boundary;
    words.textContent = unbroken(boundary.words);
    const drawn = (boundary.arrays.values as Float32Array).length > 0;
    canvas.hidden = !drawn; // no network of two inputs: the words say so
    const told = !drawn || a === null || b === null || boundary.words.startsWith("a = ");
    place.textContent = told ? "" : `at a\u00a0=\u00a0${short(a)}, b\u00a0=\u00a0${short(b)}`;
    if (!drawn) return;
    canvas.setAttribute("aria-label", `The plane of the inputs, shaded by what the network says there. ${boundary.words}`);
    const dark = root.dataset.theme === "dark";
    const colors = classColors(dark, Math.max(2, classes, data?.classes ?? 0));
    const ratio = Math.max(1, Math.min(3, devicePixelRatio));
    if (canvas.width !== SIDE * ratio) canvas.width = canvas.height = SIDE * ratio;
    const context = canvas.getContext("2d")!;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const style = getComputedStyle(root);
    context.fillStyle = style.getPropertyValue("--paper") || "white";
    context.fillRect(0, 0, SIDE, SIDE);
    shade(context, small, boundary, colors);
    if (classes <= 2) edge(context, boundary, style.getPropertyValue("--ink") || "black");
    if (data) points(context, boundary, data, colors, style.getPropertyValue("--paper") || "white");
    el.dataset.shown = String(Number(el.dataset.shown ?? 0) + 1);
  }

  const stop = store.on(["boundary", "data", "theme"], show);
  show();
  return { el, dispose: stop };
};

function shade(context: CanvasRenderingContext2D, small: HTMLCanvasElement, { arrays, classes }: Held<"boundary">, colors: string[]): void {
  const values = arrays.values as Float32Array;
  const side = Math.round(Math.sqrt(values.length));
  small.width = small.height = side;
  small.getContext("2d")!.putImageData(new ImageData(shaded(values, classes, colors), side, side), 0, 0);
  context.imageSmoothingEnabled = classes <= 2;
  context.imageSmoothingQuality = "high";
  // The values are at the corners of the picture: half a pixel of the small one lies outside.
  const half = SIDE / (side - 1) / 2;
  context.drawImage(small, -half, -half, SIDE + 2 * half, SIDE + 2 * half);
}

/** The line where the network changes its mind. */
function edge(context: CanvasRenderingContext2D, { arrays }: Held<"boundary">, ink: string): void {
  const values = arrays.values as Float32Array;
  const side = Math.round(Math.sqrt(values.length));
  const step = SIDE / (side - 1);
  context.strokeStyle = ink;
  context.lineWidth = 1.25;
  context.lineJoin = "round";
  context.beginPath();
  for (const line of isolines(values, side, [0.5])[0] ?? []) {
    for (let i = 0; i < line.length; i += 2) {
      const x = line[i]! * step;
      const y = SIDE - line[i + 1]! * step;
      if (i) context.lineTo(x, y);
      else context.moveTo(x, y);
    }
  }
  context.stroke();
}

function points(
  context: CanvasRenderingContext2D,
  { x0, x1, y0, y1 }: Held<"boundary">,
  data: Held<"data">,
  colors: string[],
  paper: string,
): void {
  const places = data.arrays.x as Float32Array;
  const classes = data.arrays.y as Uint8Array;
  context.strokeStyle = paper;
  context.lineWidth = 0.75;
  for (let i = 0; i < classes.length; i++) {
    const x = ((places[2 * i]! - x0) / (x1 - x0)) * SIDE;
    const y = SIDE - ((places[2 * i + 1]! - y0) / (y1 - y0)) * SIDE;
    context.fillStyle = colors[classes[i]!] ?? "gray";
    context.beginPath();
    context.arc(x, y, DOT, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
  }
}
