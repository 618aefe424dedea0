/** Axes: ticks and captions at the block's front edges, and a ruler of losses at its side. */

import { short, ticks } from "./digits";
import { FLOOR, type Ground, TALL } from "./ground";
import type { Label } from "./labels";
import type { Held } from "./state";
import { STRIDE } from "./trails";

type Place = readonly [number, number, number];
type Project = (place: Place) => [number, number]; // CSS pixels

export interface Axes {
  labels: Label[];
  /** Pairs of vertices: the ruler and its ticks. */
  ruler: Float32Array;
}

const NEAR = 17; // CSS pixels between neighboring ticks of the ruler

export function axesOf(ground: Ground, surface: Held<"surface">, eye: Place, project: Project): Axes {
  const { a, b, x, z } = ground;
  const [west, east] = [x[0]!, x[x.length - 1]!];
  const [south, north] = [z[0]!, z[z.length - 1]!];
  const front = eye[2] > 0 ? { z: south, out: 1 } : { z: north, out: -1 };
  const side = eye[0] > 0 ? { x: east, out: 1 } : { x: west, out: -1 };
  const labels: Label[] = [];
  const lines: Place[] = [];
  const along = (axis: Float32Array, words: string, place: (at: number, out: number) => Place) => {
    const [low, high] = [axis[0]!, axis[axis.length - 1]!];
    if (!(high > low)) return;
    const caption = project(place(0.5, 0.16));
    const edge = project(place(0.5, 0));
    labels.push(label(caption, words, "caption", away(caption, edge)));
    for (const tick of ticks(low, high, false, 5)) {
      const at = (tick - low) / (high - low);
      const spot = project(place(at, 0.055));
      labels.push(label(spot, short(tick), "tick", away(spot, project(place(at, 0)))));
      lines.push(place(at, 0), place(at, 0.02));
    }
  };
  along(a, caption(surface.a_label, "a"), (at, out) => [west + at * (east - west), FLOOR, front.z + out * front.out]);
  along(b, caption(surface.b_label, "b"), (at, out) => [side.x + out * side.out, FLOOR, south + at * (north - south)]);

  const corners = [west, east].flatMap((cx) => [south, north].map((cz): Place => [cx, 0, cz]));
  const corner = corners.reduce((best, each) => (project(each)[0] < project(best)[0] ? each : best));
  const at = (y: number): Place => [corner[0] * 1.03, y, corner[2] * 1.03];
  lines.push(at(0), at(TALL));
  const tip = project(at(TALL));
  labels.push(label([tip[0], tip[1] - 14], surface.field_label, "caption", "middle"));
  let last = Infinity;
  surface.levels.forEach((level, n) => {
    const y = ground.relief.lift(level);
    const spot = project(at(y));
    if (!(y >= 0 && y <= TALL) || Math.abs(spot[1] - last) < NEAR) return;
    last = spot[1];
    labels.push(label([spot[0] - 9, spot[1]], surface.level_texts[n] ?? short(level), "tick", "right"));
    lines.push(at(y), [corner[0] * 1.05, y, corner[2] * 1.05]);
  });
  const ruler = new Float32Array(lines.length * STRIDE);
  lines.forEach((place, n) => ruler.set(place, n * STRIDE));
  return { labels, ruler };
}

function label([right, down]: [number, number], text: string, look: Label["look"], align: Label["align"]): Label {
  return { right, down, text, look, align };
}

/** Text grows away from the edge that it stands beside. */
function away(spot: [number, number], edge: [number, number]): Label["align"] {
  const [dx, dy] = [spot[0] - edge[0], spot[1] - edge[1]];
  return Math.abs(dx) < 0.8 * Math.abs(dy) ? "middle" : dx > 0 ? "left" : "right";
}

/** What stands before the first comma, if the whole is long. */
function caption(text: string, otherwise: string): string {
  const brief = text.length > 26 ? (text.split(/[,(]/)[0] ?? "").trim() : text;
  return brief && brief.length <= 26 ? brief : otherwise;
}
