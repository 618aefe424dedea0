/** Borders: where one basin ends and the next begins. */

import { type Projection, xOf, yOf } from "./projection";

const PASSES = 4;
const LONG = 32; // numbers

/** A line through places x0, y0, x1, y1, ... in units of columns and rows. */
export type Border = number[];

/**
 * Return the borders between cells of different basins (rows, columns) as lines from one place
 * where borders meet or end to the next, or around; the steps of the cells are smoothed away.
 */
export function bordersOf(basin: Int32Array, columns: number): Border[] {
  const wide = columns + 1; // corners of cells in a row
  const links = new Map<number, number[]>();
  const join = (p: number, q: number) => {
    links.set(p, [...(links.get(p) ?? []), q]);
    links.set(q, [...(links.get(q) ?? []), p]);
  };
  for (let v = 0; v < basin.length; v++) {
    const corner = Math.floor(v / columns) * wide + (v % columns); // below it on the left
    if ((v + 1) % columns && basin[v] !== basin[v + 1]) join(corner + 1, corner + 1 + wide);
    if (v + columns < basin.length && basin[v] !== basin[v + columns]) join(corner + wide, corner + wide + 1);
  }
  const away = (from: number, to: number) => {
    const others = links.get(from)!;
    others.splice(others.indexOf(to), 1);
  };
  const walk = (from: number, ends: ReadonlySet<number>): number[] => {
    const way = [from];
    for (let at = from; ; ) {
      const next = links.get(at)!.at(-1);
      if (next === undefined) return way;
      away(at, next);
      away(next, at);
      way.push((at = next));
      if (ends.has(at)) return way;
    }
  };
  const ends = new Set([...links].filter(([, others]) => others.length !== 2).map(([corner]) => corner));
  const ways: number[][] = [];
  for (const starts of [ends, new Set(links.keys())]) {
    for (const start of starts) while (links.get(start)!.length) ways.push(walk(start, ends));
  }
  return ways.map((way) => smooth(way.flatMap((corner) => [(corner % wide) - 0.5, Math.floor(corner / wide) - 0.5])));
}

/** Through the middles of the pieces, again and again, which makes slopes of stairs; small ones would vanish. */
function smooth(line: Border): Border {
  const passes = line.length > LONG ? PASSES : 1;
  return Array.from({ length: passes }).reduce<Border>(middled, line);
}

/** The ends of what is open stay. */
function middled(line: Border): Border {
  const count = line.length / 2;
  const closed = line[0] === line[2 * count - 2] && line[1] === line[2 * count - 1];
  const middles: Border = [];
  for (let k = 0; k + 1 < count; k++) {
    for (const part of [0, 1]) middles.push((line[2 * k + part]! + line[2 * k + 2 + part]!) / 2);
  }
  return closed ? [...middles, middles[0]!, middles[1]!] : [line[0]!, line[1]!, ...middles, line.at(-2)!, line.at(-1)!];
}

/** Draw borders over a map whose axes are a and b. */
export function drawBorders(
  pen: CanvasRenderingContext2D, borders: readonly Border[], a: Float32Array, b: Float32Array,
  where: Projection, ink: string, paper: string,
): void {
  const place = (axis: Float32Array, at: number) => {
    const low = Math.max(0, Math.min(axis.length - 2, Math.floor(at)));
    return axis[low]! + (axis[low + 1]! - axis[low]!) * Math.min(axis.length - 1 - low, Math.max(0, at) - low);
  };
  pen.beginPath();
  for (const line of borders) {
    for (let i = 0; i < line.length; i += 2) {
      const [x, y] = [xOf(where, place(a, line[i]!)), yOf(where, place(b, line[i + 1]!))];
      if (i === 0) pen.moveTo(x, y);
      else pen.lineTo(x, y);
    }
  }
  pen.lineCap = pen.lineJoin = "round";
  pen.strokeStyle = paper;
  pen.lineWidth = 3;
  pen.stroke();
  pen.strokeStyle = ink;
  pen.lineWidth = 1.2;
  pen.stroke();
}
