/** Shading: the answer of a network, place by place, as calm colors. */

const LIGHT = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"];
const DARK = ["#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#0072B2", "#D55E00"];
const STRENGTH = 110; // of 255: where the network is sure; the data must stand out

/** One color a class. */
export function classColors(dark: boolean, classes: number): string[] {
  const colors = dark ? DARK : LIGHT;
  return Array.from({ length: classes }, (_, i) => colors[i % colors.length]!);
}

/**
 * RGBA of square values whose first row is the lowest, in rows from above as pictures have them.
 * Two classes: the first class's color fades to nothing at 0.5, and on to the second's.
 */
export function shaded(values: Float32Array, classes: number, colors: readonly string[]): Uint8ClampedArray<ArrayBuffer> {
  const side = Math.round(Math.sqrt(values.length));
  const parts = colors.map((color) => [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16)));
  const out = new Uint8ClampedArray(4 * values.length);
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const value = values[row * side + column]!;
      if (!Number.isFinite(value)) continue;
      const one = classes <= 2 ? (value >= 0.5 ? 1 : 0) : Math.round(value);
      const [red = 0, green = 0, blue = 0] = parts[one] ?? [];
      const sure = classes <= 2 ? Math.abs(2 * value - 1) : 1;
      out.set([red, green, blue, STRENGTH * sure], 4 * ((side - 1 - row) * side + column));
    }
  }
  return out;
}
