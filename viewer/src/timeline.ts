/** Timeline: play, step and scrub. */

import { chips } from "./chips";
import { advance, begins, stepped } from "./clock";
import { count } from "./digits";
import { h } from "./dom";
import { icon } from "./icon";
import type { MakePart } from "./part";
import type { Run, State } from "./state";

const SPEEDS: [number, string][] = [
  [1, "1 step/s"],
  [10, "10 steps/s"],
  [60, "60 steps/s"],
  [300, "300 steps/s"],
  [0, "as fast as it goes"],
];

export const timeline: MakePart = (context) => {
  const { store, send, root } = context;
  let playing = false; // what has been computed is shown again

  const play = h("button", { type: "button", class: "timeline-play", onclick: toggle });
  const back = h("button", { type: "button", "aria-label": "One step back", title: "One step back (,)", onclick: () => step(-1) }, icon("back"));
  const on = h("button", { type: "button", "aria-label": "One step on", title: "One step on (.)", onclick: () => step(1) }, icon("on"));
  const range = h("input", { type: "range", min: 0, step: 1, "aria-label": "Step", oninput: scrub });
  const now = h("output", { class: "timeline-now", "aria-live": "off" });
  const speed = h(
    "select",
    { "aria-label": "Speed", onchange: hurry },
    ...SPEEDS.map(([value, text]) => h("option", { value }, text)),
  );
  const list = chips(context);
  const el = h(
    "section",
    { class: "timeline", "aria-label": "Timeline" },
    h("div", { class: "timeline-bar" }, back, play, on, range, now, speed),
    list.el,
  );

  function toggle(): void {
    const { state } = store;
    const computing = state.hello?.live ? computed(state) : "";
    if (computing && state.time === null) {
      send({ kind: "control", run: null, action: computing === "running" ? "pause" : "play" });
    } else if (playing) {
      playing = false;
    } else {
      playing = true;
      animate(begins(state.time, lastStep(state)));
    }
    show();
  }

  /** Frames are asked for only while it plays. */
  function animate(from: number): void {
    let exact = from;
    let before = performance.now();
    let set: number | null = Math.floor(from);
    store.set({ time: set });
    const frame = (at: number) => {
      const { time, speed } = store.state;
      if (!playing || !el.isConnected) return;
      if (time !== set) exact = time ?? 0; // scrubbed meanwhile
      const next = advance(exact, Math.max(0, at - before), speed, lastStep(store.state));
      before = at;
      exact = next ?? 0;
      playing = next !== null;
      set = next === null ? null : Math.floor(next);
      store.set({ time: set });
      if (playing) requestAnimationFrame(frame);
      else {
        // What there was has been shown again: now the runs themselves go on.
        if (store.state.hello?.live && computed(store.state) === "paused") send({ kind: "control", run: null, action: "play" });
        show();
      }
    };
    requestAnimationFrame(frame);
  }

  function step(by: number): void {
    const { state } = store;
    playing = false;
    const last = lastStep(state);
    if (by > 0 && state.time === null && state.hello?.live && computed(state)) {
      if (computed(state) === "running") send({ kind: "control", run: null, action: "pause" });
      send({ kind: "control", run: null, action: "step" });
    } else {
      store.set({ time: stepped(state.time, by, last) });
    }
    show();
  }

  function scrub(): void {
    const time = Number(range.value);
    store.set({ time: time >= Number(range.max) ? null : time });
  }

  function hurry(): void {
    const steps = Number(speed.value);
    store.set({ speed: steps });
    if (store.state.hello?.live) send({ kind: "speed", steps_per_second: steps });
  }

  function show(): void {
    const { state } = store;
    const last = lastStep(state);
    const computing = state.hello?.live && state.time === null ? computed(state) : "";
    const going = playing || computing === "running";
    if (play.dataset.going !== String(going)) {
      play.dataset.going = String(going);
      play.setAttribute("aria-label", going ? "Pause" : "Play");
      play.title = going ? "Pause (space)" : "Play (space)";
      play.replaceChildren(icon(going ? "pause" : "play"));
    }
    const none = last === 0;
    for (const control of [play, back, on, range]) control.disabled = none && !computing;
    range.max = String(last);
    range.value = String(state.time ?? last);
    now.textContent = none ? "" : `step ${count(state.time ?? last)} of ${count(Math.max(last, longest(state)))}`;
    speed.value = String(SPEEDS.find(([value]) => value === state.speed)?.[0] ?? 60);
    el.hidden = state.hello?.layout === "figure" && none;
    list.show();
  }

  const keys = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.composedPath()[0];
    if (!concerns(target, root)) return;
    if (event.key === " " && !busyWithSpace(target)) toggle();
    else if (event.key === "," && !writing(target)) step(-1);
    else if (event.key === "." && !writing(target)) step(1);
    else return;
    event.preventDefault();
  };
  document.addEventListener("keydown", keys);
  const stop = store.on(["runs", "time", "speed", "hello", "surface"], show);
  show();
  return {
    el,
    dispose() {
      playing = false;
      stop();
      document.removeEventListener("keydown", keys);
    },
  };
};

/** What the runs that are not at their end do. */
export function computed({ runs }: Pick<State, "runs">): "running" | "paused" | "" {
  const states = [...runs.values()].map(({ status }) => status);
  return states.includes("running") ? "running" : states.includes("paused") ? "paused" : "";
}

/** The last step that any run has come to. */
export function lastStep({ runs }: { runs: ReadonlyMap<number, Pick<Run, "path">> }): number {
  let last = 0;
  for (const { path } of runs.values()) if (path.size > 0) last = Math.max(last, path.step[path.size - 1]!);
  return last;
}

function longest({ runs }: State): number {
  const going = [...runs.values()].filter(({ status }) => status === "running" || status === "paused");
  return Math.max(0, ...going.map(({ length }) => length));
}

/** Keys count in the viewer, and on a page of its own also where nothing has the focus. */
function concerns(target: EventTarget | undefined, root: HTMLElement): boolean {
  const host = (root.getRootNode() as ShadowRoot).host;
  return (target instanceof Node && root.contains(target)) || (target === document.body && host.parentElement === target);
}

function writing(target: EventTarget | undefined): boolean {
  if (target instanceof HTMLInputElement) return !["range", "checkbox", "radio"].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

/** Elements that space works already. */
function busyWithSpace(target: EventTarget | undefined): boolean {
  if (target instanceof HTMLInputElement && target.type === "range") return false;
  return target instanceof Element && target.matches("button, input, select, textarea, summary, a, [role=button], dialog *");
}
