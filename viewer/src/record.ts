/** Record: what is seen as JSON that every parser reads: null for what is not finite. */

import type { Path, Run, State } from "./state";
import { titleOf } from "./title";

const COLUMNS = ["step", "a", "b", "loss", "plane_loss", "distance", "band"] as const;

/** The scene, its surface, paths, critical points and trust lines, as plain values. */
export function record(state: State): object {
  const { hello, scene, surface, runs, critical, trust } = state;
  return {
    format: "thalweg view",
    version: hello?.version ?? null,
    title: titleOf(state),
    scene,
    surface: surface && grid(surface),
    runs: [...runs.values()].map(run),
    critical,
    trust: trust?.lines ?? null,
  };
}

/** Strict JSON; numbers that JSON does not know are null. */
export function strict(value: unknown): string {
  return JSON.stringify(value, (_, held: unknown) => (typeof held === "number" && !Number.isFinite(held) ? null : held));
}

function grid({ arrays, ...head }: NonNullable<State["surface"]>) {
  const { a, b, values, mask } = arrays;
  const columns = a?.length ?? 0;
  const rows = (of: ArrayLike<number> | undefined) =>
    Array.from({ length: b?.length ?? 0 }, (_, row) => plain(of, row * columns, (row + 1) * columns));
  return { ...head, a: plain(a), b: plain(b), values: rows(values), mask: rows(mask) };
}

function run({ path, ...head }: Run) {
  return { ...head, path: columns(path) };
}

function columns(path: Path): Record<string, (number | null)[]> {
  return Object.fromEntries(COLUMNS.map((name) => [name, plain(path[name], 0, path.size)]));
}

function plain(values: ArrayLike<number> | undefined, from = 0, to = values?.length ?? 0): (number | null)[] {
  return Array.from({ length: to - from }, (_, at) => single(values?.[from + at] ?? Number.NaN));
}

/** A float32 with as many digits as it has: 0.1, not 0.10000000149011612. */
export function single(value: number): number | null {
  if (!Number.isFinite(value)) return null;
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(9));
}
