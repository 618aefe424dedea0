/** Literal: numbers as the shortest text that reads back to the same number. */

/** Text that cannot be read: what was wanted, and what was there. */
export class Malformed extends Error {
  constructor(
    readonly wanted: string,
    readonly got: string,
  ) {
    super(`wanted ${wanted}, got ${got}`);
  }
}

/** Shortest text; `e+` becomes `e`, since a plus divides words. */
export function write(value: number | string): string {
  if (typeof value === "string") return value;
  return Object.is(value, -0) ? "-0" : String(value).replace("e+", "e");
}

const NUMBER = /^-?(\d+\.?\d*|\.\d+)(e-?\d{1,3})?$/;

export function number(text: string): number {
  const value = NUMBER.test(text) ? Number(text) : Number.NaN;
  if (!Number.isFinite(value)) throw new Malformed("a number", text || "nothing");
  return value;
}

export function positive(text: string): number {
  const value = number(text);
  if (value < 0) throw new Malformed("a number from 0 on", text);
  return value;
}

export function whole(text: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
  const value = number(text);
  const span = most === Number.MAX_SAFE_INTEGER ? "on" : `to ${most}`;
  if (!(Number.isInteger(value) && value >= least && value <= most)) throw new Malformed(`a whole number from ${least} ${span}`, text);
  return value;
}
