import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Message, Window } from "../src/protocol";
import { begin, Store } from "../src/state";
import { alike, boxed, makeZoom, moved, zoomed } from "../src/zoom";

const home: Window = { a0: -2, a1: 2, b0: -1, b1: 1 };

describe("windows", () => {
  test("zooming keeps the place under the pointer and the shape", () => {
    const near = zoomed(home, 0.5, 1, 0.5);
    expect(near).toEqual({ a0: -0.5, a1: 1.5, b0: -0.25, b1: 0.75 });
    expect(alike(zoomed(near, 2, 1, 0.5), home)).toBe(true);
  });
  test("a move", () => expect(moved(home, 0.5, -1)).toEqual({ a0: -1.5, a1: 2.5, b0: -2, b1: 0 }));
  test("a box becomes the smallest window of the same shape around it", () => {
    expect(boxed(home, [0, 1], [0.9, 0.7])).toEqual({ a0: 0, a1: 1, b0: expect.closeTo(0.55), b1: expect.closeTo(1.05) });
    const tall = boxed(home, [1, 1.2], [-1, 1]);
    expect(tall).toEqual({ a0: expect.closeTo(-0.9), a1: expect.closeTo(3.1), b0: -1, b1: 1 });
  });
});

describe("zoom", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function opened(live = true) {
    const store = new Store(begin());
    const sent: Message[] = [];
    let changes = 0;
    const scene = (window: Window, more: object = {}) => {
      store.set({ scene: { scene: 1, bench: null, objective: "o", plane: { recipe: "random", seed: 0 }, window, log: [], ...more } as never, window });
      vi.advanceTimersByTime(1);
    };
    store.set({ hello: { live } as never });
    const zoom = makeZoom({ store, send: (message) => sent.push(message), root: null as never }, () => changes++);
    scene(home);
    return { store, sent, zoom, scene, changes: () => changes };
  }

  test("asks once, 200 ms after the last move", () => {
    const { zoom, sent } = opened();
    zoom.to(moved(home, 0.1, 0));
    vi.advanceTimersByTime(150);
    zoom.to(moved(home, 0.2, 0));
    vi.advanceTimersByTime(199);
    expect(sent).toEqual([]);
    vi.advanceTimersByTime(2);
    expect(sent).toEqual([{ kind: "window", window: moved(home, 0.2, 0), points: 81 }]);
  });
  test("windows that the visitor has left behind do not move the map", () => {
    const { zoom, scene } = opened();
    const wanted = moved(home, 1, 0);
    zoom.to(wanted);
    scene(moved(home, 0.3, 0)); // an answer to an older question, while the hand is on the map
    expect(zoom.view()).toEqual(wanted);
    vi.advanceTimersByTime(250);
    scene(moved(home, 0.4, 0)); // and while the newest is on its way
    expect(zoom.view()).toEqual(wanted);
    scene(wanted);
    scene(moved(home, 0.5, 0)); // the host's own wish, later
    expect(zoom.view()).toEqual(moved(home, 0.5, 0));
  });
  test("another plane brings its own window, and reset goes to it", () => {
    const { zoom, scene, sent } = opened();
    zoom.to(moved(home, 1, 0));
    const other = { a0: 0, a1: 8, b0: 0, b1: 4 };
    scene(other, { plane: { recipe: "random", seed: 1 } });
    expect(zoom.view()).toEqual(other);
    expect(zoom.away()).toBe(false);
    zoom.to(zoomed(other, 0.5, 1, 1));
    expect(zoom.away()).toBe(true);
    zoom.reset();
    expect(zoom.view()).toEqual(other);
    vi.advanceTimersByTime(250);
    expect(sent.map((message) => message.kind)).toEqual(["window"]);
  });
  test("a link opens zoomed in, with the plane's own window to go back to", () => {
    const { zoom, scene } = opened();
    scene(zoomed(home, 0.1, 0, 0), { plane: { recipe: "random", seed: 2 }, home });
    expect(zoom.away()).toBe(true);
    zoom.reset();
    expect(zoom.view()).toEqual(home);
  });
  test("a saved file moves, but asks for nothing", () => {
    const { zoom, sent } = opened(false);
    zoom.to(moved(home, 1, 0));
    vi.advanceTimersByTime(10_000);
    expect(zoom.view()).toEqual(moved(home, 1, 0));
    expect(sent).toEqual([]);
  });
  test("neither endless zoom nor NaN", () => {
    const { zoom } = opened();
    zoom.to(zoomed(home, 1e-6, 0, 0));
    zoom.to(zoomed(home, NaN, 0, 0));
    expect(zoom.view()).toEqual(home);
  });
});
