/** Zoom: the window that the map shows, and the question for a finer map once it stands still. */

import type { Context } from "./part";
import type { Heads, Window } from "./protocol";

const STILL = 200; // milliseconds without a move before the host is asked
const ANSWER = 4000; // milliseconds after which an answer is no longer waited for
const MOST = 1e4; // how much smaller than the plane's own window it can get, or larger

/** Return the window with `factor` times the width, (a, b) staying where it is. */
export function zoomed(window: Window, factor: number, a: number, b: number): Window {
  return {
    a0: a + (window.a0 - a) * factor,
    a1: a + (window.a1 - a) * factor,
    b0: b + (window.b0 - b) * factor,
    b1: b + (window.b1 - b) * factor,
  };
}

export function moved(window: Window, a: number, b: number): Window {
  return { a0: window.a0 + a, a1: window.a1 + a, b0: window.b0 + b, b1: window.b1 + b };
}

/** Return the smallest window of the shape of `window` around two corners. */
export function boxed(window: Window, a: readonly [number, number], b: readonly [number, number]): Window {
  const [wide, tall] = [window.a1 - window.a0, window.b1 - window.b0];
  const factor = Math.max(Math.abs(a[1] - a[0]) / wide, Math.abs(b[1] - b[0]) / tall);
  const [middleA, middleB] = [(a[0] + a[1]) / 2, (b[0] + b[1]) / 2];
  return {
    a0: middleA - (wide * factor) / 2,
    a1: middleA + (wide * factor) / 2,
    b0: middleB - (tall * factor) / 2,
    b1: middleB + (tall * factor) / 2,
  };
}

/** Whether two windows are the same but for rounding. */
export function alike(one: Window, other: Window): boolean {
  const small = 1e-6 * (Math.abs(one.a1 - one.a0) + Math.abs(one.b1 - one.b0));
  return (["a0", "a1", "b0", "b1"] as const).every((end) => Math.abs(one[end] - other[end]) <= small);
}

export interface Zoom {
  /** What the map shows now; null before there is a plane. */
  view(): Window | null;
  /** Whether that is not the plane's own window. */
  away(): boolean;
  to(window: Window): void;
  reset(): void;
  dispose(): void;
}

/** Keep the window of the map: the visitor's while it moves, else the scene's. */
export function makeZoom({ store, send }: Context, changed: () => void): Zoom {
  let view: Window | null = null;
  let home: Window | null = null;
  let plane = ""; // the plane that `home` belongs to
  let asked: Window | null = null; // not yet answered
  let timer: ReturnType<typeof setTimeout> | undefined;
  const show = (window: Window) => {
    view = window;
    changed();
  };
  const ask = () => {
    if (!view || !store.state.hello?.live) return;
    asked = view;
    send({ kind: "window", window: view, points: store.state.points });
    timer = setTimeout(() => {
      asked = null;
      timer = undefined;
    }, ANSWER);
  };
  const follow = () => {
    const { scene, window } = store.state;
    if (!scene || !window) return;
    const now = planeOf(scene);
    if (now !== plane || !home) {
      plane = now;
      home = scene.home ?? scene.window;
      clearTimeout(timer);
      timer = undefined;
      asked = null;
    } else if (scene.home) home = scene.home;
    if (asked && alike(asked, window)) {
      clearTimeout(timer);
      timer = undefined;
      asked = null;
    }
    // While a hand is on the map, or an answer is on its way, older windows do not count.
    if (timer === undefined && (!view || !alike(view, window))) show(window);
  };
  const stop = store.on(["scene", "window"], follow);
  const to = (window: Window) => {
    if (!home || !sane(window, home)) return;
    show(window);
    store.set({ window });
    asked = null;
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = undefined;
      ask();
    }, STILL);
  };
  const away = () => view !== null && home !== null && !alike(view, home);
  follow();
  return {
    view: () => view,
    away,
    to,
    reset: () => {
      if (home && away()) to(home);
    },
    dispose() {
      clearTimeout(timer);
      stop();
    },
  };
}

/** What makes the plane: with it the home window changes. */
function planeOf({ objective, plane, bench }: Heads["scene"]): string {
  return JSON.stringify([objective, plane, bench]);
}

function sane(window: Window, home: Window): boolean {
  const factor = (window.a1 - window.a0) / (home.a1 - home.a0);
  const values = Object.values(window) as number[];
  return values.every(Number.isFinite) && factor > 1 / MOST && factor < MOST;
}
