/** Callouts: small texts beside what they name, clear of each other. */

import type { Rect } from "./projection";

export interface Callout {
  x: number; // what is named
  y: number;
  lines: readonly string[];
  color: string; // of the first line
}

export interface Looks {
  font: string;
  paper: string;
  ink: string;
}

type Place = readonly [number, number];

const LINE = 15;
const AWAY = 9; // pixels between what is named and the text
const NEAR = 8; // pixels
const CROWDED = 25; // as bad as covering so many places

/** Draw callouts inside `rect`, off the places of `avoid` if they can; without room, not at all. */
export function drawCallouts(
  pen: CanvasRenderingContext2D, callouts: readonly Callout[], rect: Rect, looks: Looks, avoid: readonly Place[] = [],
): void {
  pen.save();
  pen.font = looks.font;
  pen.textBaseline = "middle";
  pen.textAlign = "left";
  pen.lineJoin = "round";
  const boxes = callouts.map(({ x, y }) => ({ x: x - 8, y: y - 8, width: 16, height: 16 }));
  for (const { x, y, lines, color } of callouts) {
    const width = Math.max(...lines.map((line) => pen.measureText(line).width)) + 6;
    const box = placeBox(x, y, width, lines.length * LINE + 2, rect, boxes, avoid);
    if (!box) continue;
    boxes.push(box);
    lines.forEach((line, i) => {
      const at = [box.x + 3, box.y + 1 + LINE * (i + 0.5)] as const;
      pen.globalAlpha = 0.85;
      pen.strokeStyle = looks.paper;
      pen.lineWidth = 3.4;
      pen.strokeText(line, ...at);
      pen.globalAlpha = 1;
      pen.fillStyle = i ? looks.ink : color;
      pen.fillText(line, ...at);
    });
  }
  pen.restore();
}

/**
 * Return a free box beside a place: right, left, above, below, or at a corner, the one that covers
 * the fewest places of `avoid`; null if none is free.
 */
export function placeBox(
  x: number, y: number, width: number, height: number, rect: Rect, taken: readonly Rect[], avoid: readonly Place[] = [],
): Rect | null {
  const [right, left, middle, over] = [x + AWAY, x - AWAY - width, x - width / 2, y - height / 2];
  const [above, below] = [y - AWAY - height, y + AWAY];
  const tries: Place[] = [
    [right, over], [left, over], [middle, above], [middle, below],
    [right, above], [right, below], [left, above], [left, below],
  ];
  let best: Rect | null = null;
  let least = Infinity;
  for (const [bx, by] of tries) {
    const box = { x: bx, y: by, width, height };
    if (!contains(rect, box) || taken.some((other) => meet(box, other))) continue;
    const covered = avoid.filter(([px, py]) => px > bx && px < bx + width && py > by && py < by + height).length;
    // So close to another name, or to what it names, one would not know which is which.
    const wide = { x: bx - NEAR, y: by - NEAR, width: width + 2 * NEAR, height: height + 2 * NEAR };
    const cost = covered + CROWDED * taken.filter((other) => meet(wide, other)).length;
    if (cost < least) [best, least] = [box, cost];
  }
  return best;
}

function contains(rect: Rect, box: Rect): boolean {
  return box.x >= rect.x && box.y >= rect.y && box.x + box.width <= rect.x + rect.width && box.y + box.height <= rect.y + rect.height;
}

function meet(one: Rect, other: Rect): boolean {
  return (
    one.x < other.x + other.width && other.x < one.x + one.width &&
    one.y < other.y + other.height && other.y < one.y + one.height
  );
}
