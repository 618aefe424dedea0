/** Labels: words over the terrain, as text of the page, placed anew with each drawing. */

import { h } from "./dom";

export interface Label {
  right: number; // CSS pixels from the left upper corner
  down: number;
  text: string;
  look: "tick" | "caption" | "head" | "mark";
  align: "left" | "middle" | "right";
  color?: string;
  /** Where else it may stand, or what else say, if something is in the way. */
  or?: Partial<Pick<Label, "right" | "down" | "align" | "text">>[];
}

const SIZE = 12; // pixels of the type
const WIDE = { tick: 0.56, caption: 0.56, mark: 0.58, head: 0.64 }; // of the size: a letter

interface Box {
  x0: number;
  x1: number;
  y0: number;
  y1: number;
}

function boxOf({ right, down, text, align, look }: Label): Box {
  const width = text.length * SIZE * WIDE[look];
  const x0 = right - (align === "left" ? 0 : align === "right" ? width : width / 2);
  return { x0, x1: x0 + width, y0: down - SIZE * 0.65, y1: down + SIZE * 0.65 };
}

/** The labels that fit: the earlier ones first, none over another, none cut by the frame. */
export function fitting(labels: readonly Label[], width: number, height: number): Label[] {
  const taken: Box[] = [];
  const fits = (label: Label) => {
    const box = boxOf(label);
    if (!(box.x0 >= 0 && box.x1 <= width && box.y0 >= 0 && box.y1 <= height)) return false;
    if (taken.some((other) => box.x0 < other.x1 && other.x0 < box.x1 && box.y0 < other.y1 && other.y0 < box.y1)) return false;
    taken.push(box);
    return true;
  };
  return labels.flatMap((label) => [label, ...(label.or ?? []).map((place) => ({ ...label, ...place }))].find(fits) ?? []);
}

const SHIFT = { left: "0", middle: "-50%", right: "-100%" } as const;

/** A place that the pointer marks; hidden: something stands before it. */
export interface Ring {
  right: number;
  down: number;
  hidden: boolean;
}

/** The layer that holds them; elements are used again from drawing to drawing. */
export class Overlay {
  readonly el = h("div", { class: "terrain-labels", "aria-hidden": "true" });
  private readonly spans: HTMLSpanElement[] = [];
  private readonly rings: HTMLElement[] = [];

  constructor() {
    Object.assign(this.el.style, { position: "absolute", inset: "0", overflow: "hidden", pointerEvents: "none", userSelect: "none" });
  }

  show(labels: readonly Label[], paper: string): void {
    while (this.spans.length < labels.length) {
      const span = h("span");
      Object.assign(span.style, { position: "absolute", left: "0", top: "0", whiteSpace: "nowrap", lineHeight: "1", fontSize: `${SIZE}px` });
      this.spans.push(span);
      this.el.append(span);
    }
    this.spans.forEach((span, n) => {
      const label = labels[n];
      span.hidden = !label;
      if (!label) return;
      if (span.textContent !== label.text) span.textContent = label.text;
      const { style } = span;
      style.color = label.color ?? "var(--quiet)";
      style.fontWeight = label.look === "head" ? "600" : "400";
      const plate = label.look === "head" || label.look === "mark";
      Object.assign(style, plate ? { padding: "2px 4px", borderRadius: "3px" } : { padding: "0" });
      style.background = plate ? `color-mix(in srgb, ${paper} 92%, transparent)` : "none";
      style.transform = `translate(${label.right.toFixed(1)}px, ${label.down.toFixed(1)}px) translate(${SHIFT[label.align]}, -50%)`;
    });
  }

  /** Mark places: nothing is drawn anew for it, since the pointer moves much. */
  mark(rings: readonly Ring[]): void {
    while (this.rings.length < rings.length) {
      const ring = h("span", { class: "terrain-ring" });
      Object.assign(ring.style, {
        position: "absolute", left: "-8px", top: "-8px", width: "16px", height: "16px", borderRadius: "50%", boxSizing: "border-box",
        border: "2px solid #ffffff", boxShadow: "0 0 0 1.5px #14171c, inset 0 0 0 1.5px #14171c",
      });
      this.rings.push(ring);
      this.el.append(ring);
    }
    this.rings.forEach((ring, n) => {
      const place = rings[n];
      ring.hidden = !place;
      if (!place) return;
      ring.style.opacity = place.hidden ? "0.4" : "1";
      ring.style.transform = `translate(${place.right.toFixed(1)}px, ${place.down.toFixed(1)}px)`;
    });
  }
}

/** The same labels on a canvas, `ratio` pixels a CSS pixel. */
export function written(pen: CanvasRenderingContext2D, labels: readonly Label[], ratio: number, quiet: string, paper: string): void {
  pen.textBaseline = "middle";
  for (const { right, down, text, look, align, color } of labels) {
    pen.font = `${look === "head" ? 600 : 400} ${SIZE * ratio}px system-ui, sans-serif`;
    pen.textAlign = align === "middle" ? "center" : align;
    if (look === "head" || look === "mark") {
      const width = pen.measureText(text).width + 8 * ratio;
      const left = right * ratio - (align === "left" ? 4 * ratio : align === "right" ? width - 4 * ratio : width / 2);
      pen.globalAlpha = 0.92;
      pen.fillStyle = paper;
      pen.fillRect(left, (down - 8) * ratio, width, 16 * ratio);
      pen.globalAlpha = 1;
    }
    pen.fillStyle = color ?? quiet;
    pen.fillText(text, right * ratio, down * ratio);
  }
}
