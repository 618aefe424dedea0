/** Steering: the map by keyboard: a crosshair that arrow keys move. */

import type { Window } from "./protocol";
import type { Pointer, Store } from "./state";

export interface Steered {
  store: Store;
  view(): Window | null;
  /** Tell of the crosshair, for those who hear the page. */
  say(): void;
  act(pointer: Pointer): void;
  zoom(factor: number): void;
  reset(): void;
}

const STEP = 1 / 50; // of the window
const STRIDE = 1 / 8; // with Shift
const PAUSE = 200; // milliseconds without a key before the place is said

/** Return where a key moves a place to; null for other keys. The place stays in the window. */
export function stepped(key: string, large: boolean, at: Pointer | null, window: Window): Pointer | null {
  const [wide, tall] = [window.a1 - window.a0, window.b1 - window.b0];
  const ways: Record<string, readonly [number, number]> = {
    ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1],
  };
  const way = ways[key];
  if (!way) return null;
  // The first key brings the crosshair in, to the middle.
  const from = at ?? { a: (window.a0 + window.a1) / 2, b: (window.b0 + window.b1) / 2 };
  const size = at ? (large ? STRIDE : STEP) : 0;
  const a = Math.min(window.a1, Math.max(window.a0, from.a + way[0] * size * wide));
  const b = Math.min(window.b1, Math.max(window.b0, from.b + way[1] * size * tall));
  return { a, b, run: null, step: null };
}

/** Listen to keys on an element; return how to stop. */
export function steering(el: HTMLElement, { store, view, say, act, zoom, reset }: Steered): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const press = (event: KeyboardEvent) => {
    const window = view();
    if (!window || event.ctrlKey || event.metaKey || event.altKey) return;
    const { pointer } = store.state;
    const next = stepped(event.key, event.shiftKey, pointer, window);
    if (next) {
      store.set({ pointer: next });
      clearTimeout(timer);
      timer = setTimeout(say, PAUSE);
    } else if (event.key === "Enter" && pointer) act(pointer);
    else if (event.key === "+" || event.key === "=") zoom(1 / 1.5);
    else if (event.key === "-") zoom(1.5);
    else if (event.key === "0") reset();
    else if (event.key === "Escape") {
      store.set({ pointer: null });
      return; // others have something to let go of, too
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  el.addEventListener("keydown", press);
  return () => {
    clearTimeout(timer);
    el.removeEventListener("keydown", press);
  };
}
