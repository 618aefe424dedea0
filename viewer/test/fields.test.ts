import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { rested } from "../src/fields";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("work waits for a rest, and is done once", () => {
  const work = vi.fn();
  const ask = rested(work, 100);
  for (let n = 0; n < 5; n++) {
    ask();
    vi.advanceTimersByTime(60);
  }
  expect([work.mock.calls.length, ask.waiting()]).toEqual([0, true]);
  vi.advanceTimersByTime(60);
  expect([work.mock.calls.length, ask.waiting()]).toEqual([1, false]);
});

test("who goes on does not wait: what was typed counts at once, and not twice", () => {
  const work = vi.fn();
  const ask = rested(work, 100);
  ask.now();
  expect(work).not.toHaveBeenCalled();
  ask();
  ask.now();
  vi.advanceTimersByTime(500);
  expect([work.mock.calls.length, ask.waiting()]).toEqual([1, false]);
});
