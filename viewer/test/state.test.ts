import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { begin, Store } from "../src/state";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a listener that throws is reported, and takes no other with it", () => {
  const reported: unknown[] = [];
  vi.stubGlobal("reportError", (error: unknown) => reported.push(error));
  const store = new Store(begin());
  const heard: (number | null)[] = [];
  const wrong = new Error("a part that fails");
  store.on(["time"], () => {
    throw wrong;
  });
  store.on(["time"], () => heard.push(store.state.time));
  for (const time of [3, 4]) {
    store.set({ time });
    vi.runAllTimers();
  }
  expect(heard).toEqual([3, 4]);
  expect(reported).toEqual([wrong, wrong]);
});

test("several changes are told once; what did not change is not told", () => {
  const store = new Store(begin());
  let told = 0;
  const stop = store.on(["time", "tool"], () => told++);
  store.set({ time: 1, tool: "look" });
  store.set({ time: 2 });
  vi.runAllTimers();
  store.set({ time: 2 });
  vi.runAllTimers();
  expect(told).toBe(1);
  stop();
  store.set({ time: 5 });
  vi.runAllTimers();
  expect(told).toBe(1);
});
