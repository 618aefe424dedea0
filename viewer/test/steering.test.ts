import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { begin, Store } from "../src/state";
import { stepped, steering } from "../src/steering";

const window = { a0: 0, a1: 100, b0: 0, b1: 50 };
const at = (a: number, b: number) => ({ a, b, run: null, step: null });

describe("steps", () => {
  test("the first key brings the crosshair to the middle", () => expect(stepped("ArrowLeft", false, null, window)).toEqual(at(50, 25)));
  test("steps and strides, up is larger b", () => {
    expect(stepped("ArrowRight", false, at(50, 25), window)).toEqual(at(52, 25));
    expect(stepped("ArrowUp", true, at(50, 25), window)).toEqual(at(50, 31.25));
    expect(stepped("ArrowDown", false, { a: 50, b: 25, run: 3, step: 9 }, window)).toEqual(at(50, 24));
  });
  test("never out of the window", () => expect(stepped("ArrowLeft", true, at(3, 25), window)).toEqual(at(0, 25)));
  test("other keys do not move it", () => expect(stepped("a", false, at(3, 25), window)).toBeNull());
});

describe("keys", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("do what the help says", () => {
    const el = new EventTarget();
    const store = new Store(begin());
    const told: unknown[] = [];
    const stop = steering(el as HTMLElement, {
      store, view: () => window, say: () => told.push("say"), act: (pointer) => told.push(["act", pointer.a]),
      zoom: (factor) => told.push(["zoom", factor]), reset: () => told.push("reset"),
    });
    const press = (key: string, more: object = {}) => {
      const event = Object.assign(new Event("keydown", { cancelable: true }), { key, shiftKey: false, ...more });
      el.dispatchEvent(event);
      return event.defaultPrevented;
    };
    expect(press("Enter")).toBe(false); // nowhere yet
    press("ArrowRight");
    press("ArrowRight");
    expect(store.state.pointer).toEqual(at(52, 25));
    vi.advanceTimersByTime(300);
    for (const key of ["Enter", "+", "-", "0"]) expect(press(key)).toBe(true);
    expect(told).toEqual(["say", ["act", 52], ["zoom", 1 / 1.5], ["zoom", 1.5], "reset"]);
    expect(press("Tab")).toBe(false);
    expect(press("0", { ctrlKey: true })).toBe(false);
    press("Escape");
    expect(store.state.pointer).toBeNull();
    stop();
    press("ArrowRight");
    expect(store.state.pointer).toBeNull();
  });
});
