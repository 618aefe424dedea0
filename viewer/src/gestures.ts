/** Gestures: what hands do on the map: hover, click, drag, box, wheel, pinch, double click. */

export interface Place {
  x: number;
  y: number;
}

/** What gestures mean; places are in pixels of the element. */
export interface Moves {
  hover(place: Place | null): void;
  click(place: Place): void;
  pan(dx: number, dy: number): void;
  zoom(factor: number, place: Place): void;
  box(from: Place, to: Place, done: boolean): void; // none at all if from is to
  reset(): void;
  /** Whether a click must wait, in case it becomes a double click that resets. */
  waits(): boolean;
}

const DRAG = 4; // pixels: what moves less is a click
const DOUBLE = 300; // milliseconds between two clicks that are one double click

/** Listen on an element; return how to stop. */
export function listen(el: HTMLElement, moves: Moves): () => void {
  const fingers = new Map<number, Place>();
  let start: Place | null = null; // of the gesture, while it may be a click
  let boxed = false;
  let boxStart: Place | null = null;
  let pinched = false;
  let last: { time: number; place: Place } | null = null; // click
  let waiting: ReturnType<typeof setTimeout> | undefined;

  const placeOf = (event: MouseEvent): Place => {
    const box = el.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const clicked = (place: Place, time: number, slack: number) => {
    const twice = last && time - last.time < DOUBLE && away(last.place, place) < slack;
    clearTimeout(waiting);
    if (twice) {
      last = null;
      moves.reset();
      return;
    }
    last = { time, place };
    if (moves.waits()) waiting = setTimeout(() => moves.click(place), DOUBLE);
    else moves.click(place);
  };
  const on: { [K in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[K]) => void } = {
    pointerdown(event) {
      if (event.button !== 0) return;
      el.setPointerCapture(event.pointerId);
      const place = placeOf(event);
      fingers.set(event.pointerId, place);
      pinched ||= fingers.size > 1;
      start = fingers.size === 1 ? place : null;
      boxed = event.shiftKey;
    },
    pointermove(event) {
      const place = placeOf(event);
      const before = fingers.get(event.pointerId);
      if (!before) {
        moves.hover(place);
        return;
      }
      if (fingers.size > 1) {
        const other = [...fingers].find(([id]) => id !== event.pointerId)![1];
        moves.zoom(away(before, other) / Math.max(1, away(place, other)), middle(place, other));
        moves.pan((place.x - before.x) / 2, (place.y - before.y) / 2);
      } else if (start && away(start, place) < DRAG) {
        return;
      } else if (boxed) {
        if (boxStart === null) boxStart = start;
        start = null;
        if (boxStart) moves.box(boxStart, place, false);
      } else if (!pinched) {
        const from = start ?? before;
        start = null;
        moves.hover(null);
        moves.pan(place.x - from.x, place.y - from.y);
      }
      fingers.set(event.pointerId, place);
    },
    pointerup(event) {
      if (!fingers.delete(event.pointerId)) return;
      const place = placeOf(event);
      if (boxStart) moves.box(boxStart, place, true);
      else if (start && !pinched) clicked(place, event.timeStamp, event.pointerType === "touch" ? 24 : 8);
      ended();
    },
    pointercancel(event) {
      fingers.delete(event.pointerId);
      if (boxStart) moves.box(boxStart, boxStart, true); // takes it back
      ended();
    },
    pointerleave(event) {
      if (!fingers.size && event.pointerType !== "touch") moves.hover(null); // a tap leaves its mark
    },
    wheel(event) {
      event.preventDefault();
      if (!event.deltaY) return;
      const lines = event.deltaMode === 1 ? 16 : 1;
      moves.zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY * lines)) * 0.004), placeOf(event));
    },
  };
  const ended = () => {
    boxStart = null;
    start = null;
    if (!fingers.size) pinched = false;
  };
  for (const [name, listener] of Object.entries(on)) {
    el.addEventListener(name, listener as EventListener, name === "wheel" ? { passive: false } : undefined);
  }
  return () => {
    clearTimeout(waiting);
    for (const [name, listener] of Object.entries(on)) el.removeEventListener(name, listener as EventListener);
  };
}

function away(one: Place, other: Place): number {
  return Math.hypot(one.x - other.x, one.y - other.y);
}

function middle(one: Place, other: Place): Place {
  return { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 };
}
