/**
 * Decimate: long runs as few places as a chart has pixels. Each bucket of steps keeps its least
 * and its largest value, so no peak is lost. All runs share the buckets.
 */

export type Value = number | null | undefined; // null: a gap; undefined: nothing known here

export interface Places {
  x: number[];
  width: number; // steps a bucket; 1: every step has its own place
}

/** The places for steps 0 to `last`: at most `most` buckets, of two places each. */
export function places(last: number, most: number): Places {
  const width = Math.max(1, Math.ceil((last + 1) / most));
  const x: number[] = [];
  for (let step = 0; step <= last; step += width) {
    x.push(step);
    if (width > 1) x.push(step + width / 2);
  }
  return { x, width };
}

/**
 * The first `size` values over their steps, at the places. What is not finite (or not positive,
 * for a logarithmic axis) is a gap where its bucket has nothing better.
 */
export function thin(
  step: ArrayLike<number>,
  value: ArrayLike<number>,
  size: number,
  { x, width }: Places,
  positive = false,
): Value[] {
  const out = new Array<Value>(x.length).fill(undefined);
  const drawn = (v: number) => Number.isFinite(v) && (!positive || v > 0);
  if (width === 1) {
    for (let i = 0; i < size; i++) {
      const place = step[i]!;
      if (place < out.length) out[place] = drawn(value[i]!) ? value[i]! : null;
    }
    return out;
  }
  for (let i = 0; i < size; ) {
    const bucket = Math.floor(step[i]! / width);
    let low = -1;
    let high = -1;
    for (; i < size && Math.floor(step[i]! / width) === bucket; i++) {
      if (!drawn(value[i]!)) continue;
      if (low < 0 || value[i]! < value[low]!) low = i;
      if (high < 0 || value[i]! > value[high]!) high = i;
    }
    const at = 2 * bucket;
    if (at + 1 >= out.length) continue;
    if (low < 0) {
      out[at] = null;
    } else if (low === high) {
      out[at + (step[low]! - bucket * width < width / 2 ? 0 : 1)] = value[low]!;
    } else {
      out[at] = value[Math.min(low, high)]!;
      out[at + 1] = value[Math.max(low, high)]!;
    }
  }
  return out;
}
