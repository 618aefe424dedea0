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

/**
 * Draw callouts inside `rect`, off the places of `avoid` if they can; without room, not at all.
 * Return where they are.
 */
export function drawCallouts(
  pen: CanvasRenderingContext2D, callouts: readonly Callout[], rect: Rect, looks: Looks, avoid: readonly Place[] = [],
): Rect[] {
  pen.save();
  pen.font = looks.font;
  pen.textBaseline = "middle";
  pen.textAlign = "left";
  const written: Rect[] = [];
  const boxes = callouts.map(({ x, y }) => ({ x: x - 8, y: y - 8, width: 16, height: 16 }));
  for (const { x, y, lines, color } of callouts) {
    const width = Math.max(...lines.map((line) => pen.measureText(line).width)) + 8;
    const box = placeBox(x, y, width, lines.length * LINE + 3, rect, boxes, avoid);
    if (!box) continue;
    boxes.push(box);
    written.push(box);
    pen.globalAlpha = 0.92; // as on the terrain: what shines through must not take the contrast
    pen.fillStyle = looks.paper;
    pen.beginPath();
    pen.roundRect(box.x, box.y, box.width, box.height, 3);
    pen.fill();
    pen.globalAlpha = 1;
    lines.forEach((line, i) => {
      pen.fillStyle = i ? looks.ink : color;
      pen.fillText(line, box.x + 4, box.y + 1.5 + LINE * (i + 0.5));
    });
  }
  pen.restore();
  return written;
}

/**
 * Return a free box beside a place: right, left, above, below, or at a corner, if need be pushed
 * into the rectangle, the one that covers the fewest places of `avoid`; null if none is free.
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
  for (const [bx, by] of [...tries, ...tries.map((place) => pushed(place, width, height, rect))]) {
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

/** Back into the rectangle, for what is named at its border. */
function pushed([x, y]: Place, width: number, height: number, rect: Rect): Place {
  return [
    Math.max(rect.x, Math.min(x, rect.x + rect.width - width)),
    Math.max(rect.y, Math.min(y, rect.y + rect.height - height)),
  ];
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
