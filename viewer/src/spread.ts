/** Spread: names beside lines, moved apart so that none covers another. */

/**
 * Places at least `gap` apart within `low` to `high`, in the order of `wanted` and near it. Where
 * there is no room for all, they are as far apart as it allows.
 */
export function spread(wanted: readonly number[], gap: number, low: number, high: number): number[] {
  const order = wanted.map((_, i) => i).sort((i, j) => wanted[i]! - wanted[j]!);
  const apart = order.length > 1 ? Math.min(gap, (high - low) / (order.length - 1)) : gap;
  const at = order.map((i) => Math.min(high, Math.max(low, wanted[i]!)));
  for (let k = 1; k < at.length; k++) at[k] = Math.max(at[k]!, at[k - 1]! + apart);
  for (let k = at.length - 1, bound = high; k >= 0; k--, bound -= apart) at[k] = Math.min(at[k]!, bound);
  const out = new Array<number>(wanted.length);
  order.forEach((i, k) => (out[i] = at[k]!));
  return out;
}
