/** Inspect: asks what the place under the pointer is and what it computes, but not too often. */

import { toolOf } from "./drop";
import { browserTimer, Newest, type Timer } from "./newest";
import type { Context } from "./part";
import { rowAt } from "./row";
import type { Pointer, Run, State } from "./state";

const GAP = 83; // milliseconds between two questions: 12 a second
const PATIENCE = 2000;
const REST = 250; // the pointer rests when it has not moved for so long
const CLICK = 5; // pixels: a press that moves further is a drag

/** Look at a place and stay there. */
export function lookAt({ store, send }: Context, place: Pointer): void {
  if (!store.state.hello?.live) return; // the numbers of one place were saved, and no others can be had
  store.set({ looked: place, pinned: true });
  if (!sayable(place)) return;
  send({ kind: "boundary", ...place });
  send({ kind: "inspect", ...place });
}

/** Let the pointer lead again. */
export function release({ store }: Context): void {
  store.set({ pinned: false });
}

/** Follow the pointer, or else the newest run; return how to stop. */
export function follow(context: Context, timer: Timer = browserTimer): () => void {
  const { store, send, root } = context;
  // A place that was left meanwhile, as for one that was pinned, is not asked for any more.
  const ask = (kind: "boundary" | "inspect") => (place: Pointer) => {
    if (same(place, store.state.looked)) send({ kind, ...place });
  };
  const boundary = new Newest<Pointer>(ask("boundary"), GAP, PATIENCE, timer);
  let cancel: () => void = () => undefined;
  const look = (place: Pointer | null) => {
    const { hello, pinned, looked } = store.state;
    if (!hello?.live || pinned || !place || !sayable(place) || same(place, looked)) return;
    store.set({ looked: place });
    boundary.ask(place);
    cancel();
    cancel = timer.after(REST, () => ask("inspect")(place));
  };
  let pressed: PointerEvent | null = null;
  const press = (event: PointerEvent) => {
    pressed = event;
  };
  const click = (event: MouseEvent) => {
    const { pointer } = store.state;
    const moved = pressed ? Math.hypot(event.clientX - pressed.clientX, event.clientY - pressed.clientY) : 0;
    const on = event.composedPath().find((node) => node instanceof HTMLElement && pins(node, toolOf(store.state)));
    if (on && pointer && moved < CLICK) lookAt(context, pointer);
  };
  const escape = (event: KeyboardEvent) => {
    if (event.key === "Escape" && store.state.pinned) release(context);
  };
  root.addEventListener("pointerdown", press, true);
  root.addEventListener("click", click, true);
  root.addEventListener("keydown", escape);
  const stops = [
    store.on(["pointer"], () => look(store.state.pointer)),
    store.on(["runs", "time", "scene"], () => {
      if (!store.state.pointer) look(unpointed(store.state));
    }),
    store.on(["boundary"], () => boundary.answered()),
    () => root.removeEventListener("pointerdown", press, true),
    () => root.removeEventListener("click", click, true),
    () => root.removeEventListener("keydown", escape),
  ];
  look(unpointed(store.state));
  return () => {
    cancel();
    boundary.stop();
    for (const stop of stops) stop();
  };
}

/** Where to look while no pointer says so: at the newest run as of the time, or the plane's middle. */
export function unpointed({ scene, runs, time }: Pick<State, "scene" | "runs" | "time">): Pointer | null {
  const run = [...runs.values()].at(-1);
  if (run) return onRun(run, time);
  return scene ? { a: 0, b: 0, run: null, step: null } : null;
}

/** A run's place at a step; null is the last one. */
export function onRun({ run, path }: Pick<Run, "run" | "path">, step: number | null): Pointer | null {
  const row = rowAt(path.step, path.size, step);
  if (row < 0) return null;
  return { a: path.a[row]!, b: path.b[row]!, run, step: path.step[row]! };
}

/** The host takes finite places alone. */
export function sayable({ a, b }: Pointer): boolean {
  return Math.abs(a) <= 1e6 && Math.abs(b) <= 1e6;
}

function same(one: Pointer, other: Pointer | null): boolean {
  return other !== null && one.a === other.a && one.b === other.b && one.run === other.run && one.step === other.step && one.found === other.found;
}

/** A click on a chart pins; on map and terrain, where it can drop a ball, only with that tool. */
function pins(el: HTMLElement, tool: State["tool"]): boolean {
  return el.hasAttribute("data-pins") || (tool === "look" && el.hasAttribute("data-drawn"));
}
