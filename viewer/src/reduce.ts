/** Reduce: what a frame from the host changes in the state. */

import type { Frame, Heads } from "./protocol";
import type { Path, Run, State, Store } from "./state";

/** What was found in a plane. */
const FORGOTTEN = { critical: null, basins: null, inspect: null, trust: null };
/** Requests whose faults are about the plane that was shown then. */
const OF_A_PLANE = ["bench", "plane", "window", "drop", "find", "basins", "trust", "spectrum", "stability", "inspect", "boundary"];
const FLOATS = ["a", "b", "loss", "plane_loss", "distance"] as const;

/** Apply one frame. Frames of a plane that is no longer shown are dropped. */
export function receive(store: Store, frame: Frame): void {
  const { state } = store;
  const head = frame.head as { scene?: number };
  const late = head.scene !== undefined && head.scene < (state.scene?.scene ?? 0);
  if (late && frame.kind !== "scene") return;
  store.set(patch(state, frame));
}

function patch(state: State, frame: Frame): Partial<State> {
  const held = { ...frame.head, arrays: frame.arrays } as never;
  switch (frame.kind) {
    case "hello":
      // A host that begins anew has forgotten what it was about, and what it had found.
      return { ...FORGOTTEN, hello: frame.head as Heads["hello"], asked: 0, busy: new Map(), stability: new Map() };
    case "scene":
      return arrived(state, frame.head as Heads["scene"]);
    case "run":
      return { runs: withRun(state, frame.head as Heads["run"]) };
    case "path":
      return { runs: withSteps(state, frame) };
    case "stability": {
      const { run } = frame.head as Heads["stability"];
      return { stability: new Map(state.stability).set(run, held) };
    }
    case "critical": {
      // The numbers of an earlier search name nothing any more.
      const stale = state.looked?.found === undefined ? {} : { looked: null, pinned: false };
      return { critical: frame.head as Heads["critical"], ...stale };
    }
    case "fault": {
      const fault = frame.head as Heads["fault"];
      return fault.about === "bench" && state.scene ? { fault, bench: state.scene.bench } : { fault };
    }
    case "busy": {
      const { what, share, done } = frame.head as Heads["busy"];
      const busy = new Map(state.busy).set(what, share);
      if (done) busy.delete(what);
      return { busy };
    }
    case "file":
      return {}; // app.ts hands it to the visitor
    case "data":
    case "surface":
    case "boundary":
    case "basins":
    case "spectrum":
      return { [frame.kind]: held };
    default:
      return { [frame.kind]: frame.head };
  }
}

/** A new scene; what belonged to another plane or another network goes. */
function arrived(state: State, scene: Heads["scene"]): Partial<State> {
  const old = state.scene;
  const drops = scene.log.filter((action) => "drop" in action).length;
  const change: Partial<State> = { scene, window: scene.window };
  // What the visitor chose since stays in the form; its own scene is on the way.
  if ((scene.answered ?? state.asked) >= state.asked) change.bench = scene.bench;
  if (scene.stored !== undefined) change.stored = scene.stored;
  if (!old || old.scene !== scene.scene) {
    Object.assign(change, FORGOTTEN, { pointer: null, looked: null, pinned: false });
    if (state.fault && OF_A_PLANE.includes(state.fault.about)) change.fault = null;
  }
  if (scene.runs) {
    const kept = new Set(scene.runs);
    change.runs = new Map([...state.runs].filter(([run]) => kept.has(run)));
    change.stability = new Map([...state.stability].filter(([run]) => kept.has(run)));
    if (kept.size === 0) Object.assign(change, { time: null, spectrum: null });
  } else if (drops === 0) Object.assign(change, { runs: new Map(), stability: new Map(), time: null, spectrum: null });
  return change;
}

function withRun(state: State, head: Heads["run"]): ReadonlyMap<number, Run> {
  const path = state.runs.get(head.run)?.path ?? emptyPath(256);
  return new Map(state.runs).set(head.run, { ...head, path });
}

function withSteps(state: State, frame: Frame): ReadonlyMap<number, Run> {
  const { run, replace } = frame.head as Heads["path"];
  const known = state.runs.get(run);
  if (!known) return state.runs;
  const more = frame.arrays;
  const count = more.step?.length ?? 0;
  const size = (replace ? 0 : known.path.size) + count;
  const path = size > known.path.step.length || replace ? grown(known.path, size, replace) : { ...known.path };
  const at = size - count;
  path.step.set((more.step ?? new Int32Array()) as Int32Array, at);
  path.band.set((more.band ?? new Uint8Array()) as Uint8Array, at);
  for (const name of FLOATS) path[name].set((more[name] ?? new Float32Array()) as Float32Array, at);
  path.size = size;
  return new Map(state.runs).set(run, { ...known, path });
}

export function emptyPath(room: number): Path {
  const floats = () => new Float32Array(room);
  return {
    size: 0,
    step: new Int32Array(room),
    a: floats(),
    b: floats(),
    loss: floats(),
    plane_loss: floats(),
    distance: floats(),
    band: new Uint8Array(room),
  };
}

/** A path with room for `size` steps and more, so that streaming copies seldom. */
function grown(old: Path, size: number, fresh: boolean): Path {
  const path = emptyPath(Math.max(256, 2 ** Math.ceil(Math.log2(size + 1))));
  if (fresh) return path;
  path.step.set(old.step.subarray(0, old.size));
  path.band.set(old.band.subarray(0, old.size));
  for (const name of FLOATS) path[name].set(old[name].subarray(0, old.size));
  return path;
}
