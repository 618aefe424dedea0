/** Surfaces made for tests. */

import type { Held } from "../src/state";

/** Columns at a = 0, 1, ..., rows at b = 0, 1, ...; limits 0 and 10, linear, unless `more` says otherwise. */
export function surface(na: number, nb: number, value: (a: number, b: number) => number, more: object = {}): Held<"surface"> {
  const a = Float32Array.from({ length: na }, (_, j) => j);
  const b = Float32Array.from({ length: nb }, (_, i) => i);
  const values = Float32Array.from({ length: na * nb }, (_, k) => value(k % na, Math.floor(k / na)));
  const mask = Uint8Array.from(values, (v) => (Number.isNaN(v) ? 2 : Number.isFinite(v) ? 0 : 3));
  return { scale: "linear", limits: [0, 10], equal: true, arrays: { a, b, values, mask }, ...more } as unknown as Held<"surface">;
}
