/** Mapimage: the whole map on one canvas, for pictures. */

import { themeOf } from "./colors";
import { layOut } from "./maplayout";
import type { Context } from "./part";
import { Routes } from "./routes";
import { drawSheet, drawTexts, FONT, namesOf, type Shown } from "./sheet";
import type { Held, State } from "./state";

const WIDTH = 560; // CSS pixels that the picture is laid out for
const PICTURE = 1024;
const TOP = 24; // pixels above the map, for the bar of distance

type Axes = { a: Float32Array; b: Float32Array };
const grounds = new WeakMap<Held<"basins">, Axes>();

/** Return what the sheet shows. Basins stay on the cells of the surface that they were found on. */
export function fixedSheet({ basins, critical, runs }: Pick<State, "basins" | "critical" | "runs">, surface: Held<"surface">): Shown {
  const shown: Shown = { surface, critical, runs, basins: null };
  if (!basins) return shown;
  const axes = grounds.get(basins) ?? (surface.arrays as unknown as Axes);
  grounds.set(basins, axes);
  const basin = basins.arrays.basin as Int32Array;
  if (basin.length === axes.a.length * axes.b.length) shown.basins = { basin, ...axes };
  return shown;
}

/** What is drawn, `width` pixels wide; null before there is any. */
export function mapImage({ store, root }: Context, width: number): HTMLCanvasElement | null {
  const { surface, scene, window: wanted, runs, time } = store.state;
  const view = wanted ?? scene?.window;
  if (!surface || !view) return null;
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d")!;
  const theme = themeOf(root);
  pen.font = FONT;
  const measure = (text: string) => pen.measureText(text).width;
  // As high as the map needs at this width.
  const room = { surface, window: view, width: WIDTH, top: TOP, measure };
  const height = surface.equal ? Math.min(1.6 * WIDTH, layOut({ ...room, height: 3 * WIDTH }).height) : 0.8 * WIDTH;
  const layout = layOut({ ...room, height });
  const scale = width / WIDTH;
  canvas.width = width;
  canvas.height = Math.round(height * scale);
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.fillStyle = theme.paper;
  pen.fillRect(0, 0, WIDTH, height);
  const shown = fixedSheet(store.state, surface);
  const numbers = drawSheet(pen, shown, layout, theme, PICTURE);
  new Routes().draw(pen, runs.values(), time, layout, surface.lengths, theme, namesOf(shown, layout, theme), numbers);
  drawTexts(pen, layout.texts, theme);
  return canvas;
}
