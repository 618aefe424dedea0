/** Symbols: what critical points and other marks look like on a map, by their kind. */

import type { Theme } from "./colors";
import type { Mark } from "./protocol";

const SIZE = 5;

/** Draw the symbol of a kind; hollow where the point itself is out of the plane. */
export function drawSymbol(
  pen: CanvasRenderingContext2D, kind: Mark["kind"], x: number, y: number, theme: Theme, hollow = false,
): void {
  pen.save();
  pen.translate(x, y);
  pen.lineJoin = "round";
  pen.lineCap = "round";
  outline(pen, kind);
  pen.lineWidth = 4.4;
  pen.strokeStyle = theme.paper;
  pen.stroke();
  if (kind !== "point" && kind !== "saddle") {
    pen.fillStyle = theme.paper;
    pen.globalAlpha = hollow ? 0.35 : 1;
    pen.fill();
    pen.globalAlpha = 1;
  }
  if (hollow) pen.setLineDash([2, 2.6]);
  pen.lineWidth = 1.8;
  pen.strokeStyle = theme.ink;
  pen.stroke();
  if (kind === "minimum" && !hollow) {
    pen.beginPath();
    pen.arc(0, 0, 1.6, 0, 2 * Math.PI);
    pen.fillStyle = theme.ink;
    pen.fill();
  }
  pen.restore();
}

/** A ring is a minimum, a cross a saddle (up along one arm, down along the other), a peak a maximum. */
function outline(pen: CanvasRenderingContext2D, kind: Mark["kind"]): void {
  pen.beginPath();
  if (kind === "minimum") {
    pen.arc(0, 0, SIZE, 0, 2 * Math.PI);
  } else if (kind === "maximum") {
    pen.moveTo(0, -SIZE - 1);
    pen.lineTo(SIZE + 0.5, SIZE - 1);
    pen.lineTo(-SIZE - 0.5, SIZE - 1);
    pen.closePath();
  } else {
    const arm = kind === "saddle" ? SIZE - 0.6 : 0;
    const strokes = arm ? [[-arm, -arm, arm, arm], [-arm, arm, arm, -arm]] : [[-SIZE, 0, SIZE, 0], [0, -SIZE, 0, SIZE]];
    for (const [x0, y0, x1, y1] of strokes) {
      pen.moveTo(x0!, y0!);
      pen.lineTo(x1!, y1!);
    }
  }
}
