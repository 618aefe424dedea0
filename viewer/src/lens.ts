/** Lens: how wide to look, and where the middle is, so that from home the whole block is in the picture. */

import { FLOOR, TALL } from "./ground";
import { stand } from "./orbit";
import { begin } from "./state";

export interface Lens {
  fov: number; // degrees, upright
  shift: number; // CSS pixels by which all of the picture lies lower
}

type Place = readonly number[];

const BESIDE = 34; // CSS pixels for the numbers of the ruler
const BELOW = 6;
const FOOT = 0.04; // by how much the ticks at its foot stand out of the block

/**
 * Return the lens for a picture of so many CSS pixels, of which the upper `top` are kept free, and
 * for a block that is twice `half` wide and deep.
 */
export function lensOf(width: number, height: number, top: number, half: readonly [number, number]): Lens {
  const seen = corners(half).map(fromHome);
  const up = seen.map(([, y]) => y);
  const [low, high] = [Math.min(...up), Math.max(...up)];
  const across = Math.max(...seen.map(([x]) => Math.abs(x)));
  const room = Math.max(height / 2, height - top - BELOW);
  const pixels = Math.min(room / (high - low), Math.max(width / 2, width - 2 * BESIDE) / (2 * across)); // a unit at distance 1
  return {
    fov: (360 / Math.PI) * Math.atan(height / 2 / pixels),
    shift: height / 2 - BELOW - room / 2 + (pixels * (low + high)) / 2,
  };
}

function corners([wide, deep]: readonly [number, number]): Place[] {
  const signs = [-1, 1];
  return signs.flatMap((x) =>
    signs.flatMap((z) => [[x * (wide + FOOT), FLOOR, z * (deep + FOOT)], [x * wide, TALL, z * deep]]),
  );
}

/** Right and up of the middle of the picture, at distance 1. */
function fromHome(place: Place): [number, number] {
  const { eye, target } = stand(begin().camera);
  const ahead = unit(target.map((part, n) => part - eye[n]!));
  const right = unit([-ahead[2]!, 0, ahead[0]!]);
  const [x, , z] = right as [number, number, number];
  const up = [-z * ahead[1]!, z * ahead[0]! - x * ahead[2]!, x * ahead[1]!]; // right x ahead, with y = 0
  const way = place.map((part, n) => part - eye[n]!);
  return [dot(way, right) / dot(way, ahead), dot(way, up) / dot(way, ahead)];
}

function unit(way: Place): number[] {
  const size = Math.hypot(...way);
  return way.map((part) => part / size);
}

function dot(one: Place, other: Place): number {
  return one.reduce((sum, part, n) => sum + part * other[n]!, 0);
}
