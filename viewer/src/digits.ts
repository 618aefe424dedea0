/** Digits: numbers to be read by people, written the same everywhere. */

const PLAIN = new Intl.NumberFormat("en", { maximumFractionDigits: 12 });
const RAISED = "⁻⁰¹²³⁴⁵⁶⁷⁸⁹";

/** A number rounded to `digits` that count: 0.612, −14.2, 10,000, 1.2 × 10⁶; as in views/prose.py. */
export function short(value: number, digits = 3): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const rounded = Number(value.toPrecision(digits));
  if (rounded === 0) return "0";
  const size = Math.abs(rounded);
  if (size >= 1e-4 && size < 1e5) return PLAIN.format(rounded).replace("-", "−");
  const [front = "", power = ""] = rounded.toExponential().split("e");
  const raised = [...power.replace("+", "")].map((sign) => RAISED["-0123456789".indexOf(sign)]).join("");
  return `${front} × 10${raised}`.replace("-", "−");
}

/** Both ends of a span, with so many digits that one sees how far they are apart. */
export function fromTo(low: number, high: number): [string, string] {
  const alike = Math.log10(Math.max(Math.abs(low), Math.abs(high)) / (high - low));
  const digits = Number.isFinite(alike) ? Math.min(12, Math.max(3, 2 + Math.ceil(alike))) : 3;
  return [short(low, digits), short(high, digits)];
}

/** Words in which no line ends between a number and what belongs to it. */
export function unbroken(words: string): string {
  return words.replace(/(?<=\d) (?=%)| (?=× 10)|(?<=×) (?=10)/g, "\u00a0");
}

/** A count, with every digit. */
export function count(value: number): string {
  return PLAIN.format(value);
}

/** A share that is an error: rounded up, so that it never promises too much. */
export function percent(share: number): string {
  if (share <= 0) return "0 %";
  const hundred = share * 100;
  const step = hundred < 1 ? 0.1 : 1;
  return `${short(Math.ceil(hundred / step - 1e-9) * step)} %`;
}

/** Round places for the ticks of an axis from `low` to `high`, about `count` of them. */
export function ticks(low: number, high: number, log: boolean, count: number): number[] {
  if (!(high > low)) return [low];
  const decades = log && low > 0 ? Math.log10(high / low) : 0;
  if (decades > 1) return decadeTicks(low, high, decades, count);
  const rough = (high - low) / count;
  const ten = 10 ** Math.floor(Math.log10(rough));
  const step = ten * ([1, 2, 5].find((factor) => factor * ten >= rough * 0.999) ?? 10);
  const found: number[] = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) {
    found.push(Number((k * step).toPrecision(12)));
  }
  return found;
}

/** Powers of ten, with 2 and 5 between them where there is room, or every few decades. */
function decadeTicks(low: number, high: number, decades: number, count: number): number[] {
  const factors = decades * 3 <= count + 1 ? [1, 2, 5] : [1];
  const every = Math.max(1, Math.ceil(decades / count));
  const found: number[] = [];
  for (let ten = Math.floor(Math.log10(low)); ten <= Math.log10(high); ten++) {
    if (ten % every !== 0) continue;
    for (const factor of factors) {
      const tick = Number(`${factor}e${ten}`);
      if (tick >= low && tick <= high) found.push(tick);
    }
  }
  return found;
}

/**
 * Zero and powers of ten on either side of it, no closer than a `count`-th of the axis, which is
 * linear up to `linear` and logarithmic beyond.
 */
export function bothTicks(low: number, high: number, linear: number, count: number): number[] {
  const place = (value: number) => Math.asinh(value / linear);
  const apart = (place(high) - place(low)) / count;
  const side = (end: number) => {
    const found: number[] = [];
    let last = 0;
    for (let ten = Math.round(Math.log10(linear)); Number(`1e${ten}`) <= end; ten++) {
      const tick = Number(`1e${ten}`);
      if (place(tick) - last < apart) continue;
      found.push(tick);
      last = place(tick);
    }
    return found;
  };
  const below = side(-low).map((tick) => -tick);
  return [...below.reverse(), 0, ...side(high)];
}
