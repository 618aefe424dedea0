/** Row: where in a path a step is. */

/** The last of `size` rows whose step is at most `step`; null: the last of all; -1: none. */
export function rowAt(steps: ArrayLike<number>, size: number, step: number | null): number {
  if (step === null) return size - 1;
  let low = 0;
  let high = size;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle]! <= step) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
