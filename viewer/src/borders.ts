/** Borders: where one basin ends and the next begins. */

import { type Projection, xOf, yOf } from "./projection";

/**
 * Return the borders between cells of different basins (rows, columns) as x0, y0, x1, y1, ... in
 * units of columns and rows; pieces of one row or column that join are one.
 */
export function bordersOf(basin: Int32Array, columns: number): number[] {
  const rows = basin.length / columns;
  const out: number[] = [];
  const pieces = (count: number, differ: (k: number) => boolean, add: (from: number, to: number) => void) => {
    for (let k = 0; k < count; k++) {
      if (!differ(k)) continue;
      let end = k;
      while (end + 1 < count && differ(end + 1)) end++;
      add(k - 0.5, end + 0.5);
      k = end;
    }
  };
  for (let c = 0; c + 1 < columns; c++) {
    const differ = (r: number) => basin[r * columns + c] !== basin[r * columns + c + 1];
    pieces(rows, differ, (from, to) => out.push(c + 0.5, from, c + 0.5, to));
  }
  for (let r = 0; r + 1 < rows; r++) {
    const differ = (c: number) => basin[r * columns + c] !== basin[(r + 1) * columns + c];
    pieces(columns, differ, (from, to) => out.push(from, r + 0.5, to, r + 0.5));
  }
  return out;
}

/** Draw borders over a map whose axes are a and b. */
export function drawBorders(
  pen: CanvasRenderingContext2D, borders: readonly number[], a: Float32Array, b: Float32Array,
  where: Projection, ink: string, paper: string,
): void {
  const place = (axis: Float32Array, at: number) => {
    const low = Math.max(0, Math.min(axis.length - 2, Math.floor(at)));
    return axis[low]! + (axis[low + 1]! - axis[low]!) * Math.min(axis.length - 1 - low, Math.max(0, at) - low);
  };
  pen.beginPath();
  for (let i = 0; i < borders.length; i += 4) {
    pen.moveTo(xOf(where, place(a, borders[i]!)), yOf(where, place(b, borders[i + 1]!)));
    pen.lineTo(xOf(where, place(a, borders[i + 2]!)), yOf(where, place(b, borders[i + 3]!)));
  }
  pen.lineCap = "square";
  pen.strokeStyle = paper;
  pen.lineWidth = 3;
  pen.stroke();
  pen.strokeStyle = ink;
  pen.lineWidth = 1.2;
  pen.stroke();
}
