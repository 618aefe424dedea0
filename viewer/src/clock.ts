/** Clock: how playing moves the time, without any clock of its own. */

const WHOLE = 4000; // milliseconds for all of it, at the greatest speed

/**
 * Where playing brings the time after `elapsed` milliseconds; null when it came to the end.
 * Speed is in steps a second; 0 shows the whole in four seconds, or 300 a second if that is more.
 */
export function advance(time: number, elapsed: number, speed: number, last: number): number | null {
  const pace = speed > 0 ? speed : Math.max(300, (last * 1000) / WHOLE);
  const next = time + (pace * elapsed) / 1000;
  return next >= last ? null : next;
}

/** The time that playing starts from: the beginning again, if it is at the end. */
export function begins(time: number | null, last: number): number {
  return time === null || time >= last ? 0 : time;
}

/** One step on or back; null is the end. */
export function stepped(time: number | null, by: number, last: number): number | null {
  const next = Math.max(0, Math.min(last, time ?? last) + by);
  return next >= last ? null : next;
}
