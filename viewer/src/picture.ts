/** Picture: terrain and map with title and trust lines, on one canvas. */

import { mapImage } from "./map";
import type { Context } from "./part";
import { terrainImage } from "./terrain";
import { titleOf } from "./title";

const WIDTH = 2400; // pixels
const EDGE = 60;
const GAP = 40;

/** What is seen, as a PNG. */
export async function picture(context: Context): Promise<Blob> {
  const { trust } = context.store.state;
  const inner = WIDTH - 2 * EDGE;
  const terrain = terrainImage(Math.round(inner * 0.56), context.root);
  const map = mapImage(context, terrain ? Math.round(inner * 0.44) - GAP : inner);
  const shown = [terrain, map].filter((image): image is HTMLCanvasElement => image !== null);

  const pen = document.createElement("canvas").getContext("2d") as CanvasRenderingContext2D;
  pen.font = font(26);
  const lines = (trust?.lines ?? []).flatMap(({ text, warning }) => wrapped(pen, warning ? `⚠ ${text}` : text, inner));
  const pictures = Math.max(0, ...shown.map(({ height }) => height));
  const height = EDGE + 60 + GAP + pictures + (lines.length ? GAP + lines.length * 38 : 0) + EDGE;

  const { canvas } = pen;
  canvas.width = WIDTH; // also forgets the font
  canvas.height = height;
  const colors = getComputedStyle(context.root);
  pen.fillStyle = colors.getPropertyValue("--paper");
  pen.fillRect(0, 0, WIDTH, height);
  pen.textBaseline = "top";
  pen.fillStyle = colors.getPropertyValue("--ink");
  pen.font = font(40, 600);
  pen.fillText(titleOf(context.store.state), EDGE, EDGE, inner);
  let x = EDGE;
  for (const image of shown) {
    pen.drawImage(image, x, EDGE + 60 + GAP + (pictures - image.height) / 2);
    x += image.width + GAP;
  }
  pen.font = font(26);
  pen.fillStyle = colors.getPropertyValue("--quiet");
  lines.forEach((line, at) => pen.fillText(line, EDGE, EDGE + 60 + GAP + pictures + GAP + at * 38));
  return new Promise((done, failed) => {
    canvas.toBlob((blob) => (blob ? done(blob) : failed(new Error("the browser made no picture"))), "image/png");
  });
}

function font(size: number, weight = 400): string {
  return `${weight} ${size}px system-ui, sans-serif`;
}

/** Text in lines no wider than `width`. */
export function wrapped(pen: Pick<CanvasRenderingContext2D, "measureText">, text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const longer = lines.length ? `${lines[lines.length - 1]} ${word}` : word;
    if (lines.length && pen.measureText(longer).width <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}
