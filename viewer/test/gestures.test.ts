import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { listen } from "../src/gestures";

class Box extends EventTarget {
  setPointerCapture(): void {}
  getBoundingClientRect() {
    return { left: 100, top: 50 };
  }
}

function setUp(waits = false) {
  const box = new Box();
  const told: unknown[][] = [];
  const tell = (name: string) => (...rest: unknown[]) => void told.push([name, ...rest]);
  const stop = listen(box as unknown as HTMLElement, {
    hover: tell("hover"), click: tell("click"), pan: tell("pan"), zoom: tell("zoom"), box: tell("box"), reset: tell("reset"),
    waits: () => waits,
  });
  let time = 1000;
  const fire = (name: string, x: number, y: number, more: object = {}) => {
    const event = new Event(name, { cancelable: true });
    const all = { clientX: 100 + x, clientY: 50 + y, button: 0, pointerId: 1, pointerType: "mouse", shiftKey: false, timeStamp: (time += 10), ...more };
    for (const [key, value] of Object.entries(all)) Object.defineProperty(event, key, { value });
    box.dispatchEvent(event);
    return event;
  };
  const names = () => told.map(([name]) => name);
  return { told, names, fire, stop, later: (ms: number) => (time += ms) };
}

describe("gestures", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("a click fires when the button comes up, never at its start", () => {
    const { told, fire } = setUp();
    fire("pointerdown", 20, 30);
    fire("pointermove", 22, 31);
    expect(told).toEqual([]);
    fire("pointerup", 22, 31);
    expect(told).toEqual([["click", { x: 22, y: 31 }]]);
  });
  test("a drag pans and is no click", () => {
    const { told, names, fire } = setUp();
    fire("pointerdown", 20, 30);
    fire("pointermove", 30, 30);
    fire("pointermove", 31, 35);
    fire("pointerup", 20, 30);
    expect(names()).toEqual(["hover", "pan", "hover", "pan"]);
    expect(told.filter(([name]) => name === "pan")).toEqual([["pan", 10, 0], ["pan", 1, 5]]);
  });
  test("with Shift, a drag is a box", () => {
    const { told, fire } = setUp();
    fire("pointerdown", 20, 30, { shiftKey: true });
    fire("pointermove", 60, 70);
    fire("pointerup", 80, 90);
    expect(told).toEqual([
      ["box", { x: 20, y: 30 }, { x: 60, y: 70 }, false],
      ["box", { x: 20, y: 30 }, { x: 80, y: 90 }, true],
    ]);
  });
  test("a double click resets; its second half is no click", () => {
    const { names, fire, later } = setUp();
    for (let k = 0; k < 2; k++) {
      fire("pointerdown", 20, 30);
      fire("pointerup", 20, 30);
    }
    expect(names()).toEqual(["click", "reset"]);
    later(1000);
    fire("pointerdown", 20, 30);
    fire("pointerup", 20, 30);
    expect(names().at(-1)).toBe("click");
  });
  test("where a click waits, a double click is none at all", () => {
    const { names, fire, later } = setUp(true);
    fire("pointerdown", 20, 30);
    fire("pointerup", 20, 30);
    fire("pointerdown", 20, 30);
    fire("pointerup", 20, 30);
    vi.advanceTimersByTime(1000);
    expect(names()).toEqual(["reset"]);
    later(1000);
    fire("pointerdown", 20, 30);
    fire("pointerup", 20, 30);
    expect(names()).toEqual(["reset"]);
    vi.advanceTimersByTime(1000);
    expect(names()).toEqual(["reset", "click"]);
  });
  test("two fingers pinch, and no click follows", () => {
    const { told, names, fire } = setUp();
    fire("pointerdown", 0, 0, { pointerId: 1, pointerType: "touch" });
    fire("pointerdown", 100, 0, { pointerId: 2, pointerType: "touch" });
    fire("pointermove", 200, 0, { pointerId: 2, pointerType: "touch" });
    expect(told[0]).toEqual(["zoom", 0.5, { x: 100, y: 0 }]);
    fire("pointerup", 200, 0, { pointerId: 2, pointerType: "touch" });
    fire("pointerup", 0, 0, { pointerId: 1, pointerType: "touch" });
    expect(names()).not.toContain("click");
  });
  test("the wheel zooms about the pointer, and the page does not scroll", () => {
    const { told, fire } = setUp();
    const event = fire("wheel", 5, 6, { deltaY: -50, deltaMode: 0 });
    expect(event.defaultPrevented).toBe(true);
    expect(told).toEqual([["zoom", expect.closeTo(Math.exp(-0.2), 9), { x: 5, y: 6 }]]);
  });
  test("hovering is told, leaving too, but a tap leaves its mark; nothing after the end", () => {
    const { told, fire, stop } = setUp();
    fire("pointermove", 1, 2);
    fire("pointerleave", 1, 2);
    fire("pointerleave", 1, 2, { pointerType: "touch" });
    expect(told).toEqual([["hover", { x: 1, y: 2 }], ["hover", null]]);
    fire("pointerdown", 1, 2, { button: 2 });
    fire("pointerup", 1, 2, { button: 2 });
    expect(told).toHaveLength(2);
    stop();
    fire("pointermove", 1, 2);
    expect(told).toHaveLength(2);
  });
});
