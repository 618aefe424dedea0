/** Layers: canvases on top of each other and the texts around them, as large as their box. */

import type { Text } from "./maplayout";
import type { Rect } from "./projection";
import { FONT } from "./sheet";

export interface Layers {
  width: number; // CSS pixels
  height: number;
  canvases: HTMLCanvasElement[];
  pens: CanvasRenderingContext2D[];
  /** Holds the texts on the rim, as text. */
  rim: HTMLElement;
  measure(text: string): number;
  clear(pen: CanvasRenderingContext2D): void;
  write(texts: readonly Text[]): void;
  /** The size of a picture that fills a rectangle: one of two, so that it is seldom painted anew. */
  pixels(rect: Rect): number;
  /** Follow the size of a box; return how to stop. */
  watch(box: HTMLElement, changed: () => void): () => void;
}

const SMALLER = 512;
const LARGER = 1024;

export function layers(count: number): Layers {
  const canvases = Array.from({ length: count }, () => {
    const canvas = document.createElement("canvas");
    canvas.setAttribute("aria-hidden", "true");
    return canvas;
  });
  const pens = canvases.map((canvas) => canvas.getContext("2d")!);
  const rim = document.createElement("div");
  rim.className = "map-rim";
  let ratio = 1;
  const widths = new Map<string, number>();
  const made: Layers = {
    width: 0,
    height: 0,
    canvases,
    pens,
    rim,
    measure(text) {
      const pen = pens[0]!;
      pen.font = FONT;
      const width = widths.get(text) ?? pen.measureText(text).width;
      if (widths.size > 2000) widths.clear();
      widths.set(text, width);
      return width;
    },
    clear(pen) {
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      pen.clearRect(0, 0, made.width, made.height);
    },
    write(texts) {
      while (rim.childElementCount > texts.length) rim.lastElementChild!.remove();
      texts.forEach(({ x, y, text, align, turned, role }, i) => {
        const span = (rim.children[i] as HTMLElement | undefined) ?? rim.appendChild(document.createElement("span"));
        if (span.textContent !== text) span.textContent = text;
        span.dataset.role = role;
        const back = align === "left" ? "0" : align === "right" ? "-100%" : "-50%";
        const turn = turned ? "rotate(-90deg)" : "";
        span.style.transform = `translate(${x}px, ${y}px) ${turn} translate(${back}, -50%)`;
      });
    },
    pixels: ({ width, height }) => (Math.max(width, height) * ratio > SMALLER ? LARGER : SMALLER),
    watch(box, changed) {
      const resize = () => {
        const [width, height] = [box.clientWidth, box.clientHeight];
        const now = Math.min(3, window.devicePixelRatio || 1);
        if (width === made.width && height === made.height && now === ratio) return;
        [made.width, made.height, ratio] = [width, height, now];
        for (const canvas of canvases) {
          canvas.width = Math.round(width * ratio);
          canvas.height = Math.round(height * ratio);
          canvas.style.width = `${width}px`;
          canvas.style.height = `${height}px`;
        }
        changed();
      };
      const observer = new ResizeObserver(resize);
      observer.observe(box);
      return () => observer.disconnect();
    },
  };
  return made;
}
