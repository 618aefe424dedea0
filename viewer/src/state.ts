/** State: everything that the page shows, in one place; parts listen to what they draw. */

import type { Action, Arrays, Bench, Heads, OptimizerSpec, Window } from "./protocol";

/** A run with its whole path, in arrays that grow. */
export interface Run extends Readonly<RunHead> {
  path: Path;
}
type RunHead = Heads["run"];

/** The path of a run in the present plane; the first `size` entries count. */
export interface Path {
  size: number;
  step: Int32Array;
  a: Float32Array;
  b: Float32Array;
  loss: Float32Array;
  plane_loss: Float32Array;
  distance: Float32Array;
  band: Uint8Array;
}

/** A frame with its arrays beside the head: how big results are kept. */
export type Held<K extends keyof Heads> = Heads[K] & { arrays: Arrays };

export interface Camera {
  azimuth: number; // radians; 0 looks along +b
  elevation: number; // radians above the plane
  distance: number; // in units of the terrain's width
  east?: number; // what it looks at, off the middle along a and b, in the same units
  north?: number;
}

/** What the pointer marks, wherever it is: a place of the map, perhaps a step of a run or a critical point. */
export interface Pointer {
  a: number;
  b: number;
  run: number | null;
  step: number | null;
  found?: number; // number of the critical point, which may lie far out of the plane
}

export interface State {
  // from the host
  hello: Heads["hello"] | null;
  scene: Heads["scene"] | null;
  data: Held<"data"> | null;
  surface: Held<"surface"> | null;
  runs: ReadonlyMap<number, Run>;
  critical: Heads["critical"] | null;
  inspect: Heads["inspect"] | null;
  boundary: Held<"boundary"> | null;
  basins: Held<"basins"> | null;
  trust: Heads["trust"] | null;
  spectrum: Held<"spectrum"> | null;
  stability: ReadonlyMap<number, Held<"stability">>;
  caption: Heads["caption"] | null;
  busy: ReadonlyMap<string, number | null>;
  fault: Heads["fault"] | null;
  connection: "opening" | "open" | "lost" | "file";
  // the visitor's own
  bench: Bench | null; // as in the form; the scene's is what the picture shows
  asked: number; // messages "bench" that were sent
  optimizers: OptimizerSpec[]; // what a ball is dropped with
  steps: number;
  batch: number;
  speed: number; // steps a second; 0: as fast as it goes
  stored: string | null; // the stored result that is shown
  window: Window | null; // wanted; null: the plane's own
  points: number; // of the grid, wanted
  time: number | null; // step up to which paths are drawn; null: all of it
  pointer: Pointer | null;
  camera: Camera;
  height: "linear" | "log" | "auto";
  theme: "light" | "dark" | "auto";
  tool: "look" | "drop"; // what a click on map or terrain does
  looked: Pointer | null; // the place that inspector and boundary tell of
  pinned: boolean; // whether they stay there while the pointer goes on
  panel: string; // which panel is open on a narrow screen
}

export type Key = keyof State;
type Listener = () => void;

/** The state and who listens. Changes are told once a frame, however many there were. */
export class Store {
  private readonly listeners: [ReadonlySet<Key>, Listener][] = [];
  private changed = new Set<Key>();
  private asked = false;

  constructor(public readonly state: State) {}

  /** Change some keys. */
  set(patch: Partial<State>): void {
    for (const key of Object.keys(patch) as Key[]) {
      if (Object.is(this.state[key], patch[key])) continue;
      (this.state as unknown as Record<string, unknown>)[key] = patch[key];
      this.touch(key);
    }
  }

  /** Tell of a key whose meaning changed though its value did not. */
  touch(key: Key): void {
    this.changed.add(key);
    if (this.asked) return;
    this.asked = true;
    schedule(() => this.tell());
  }

  /** Call `listener` after changes of any of the keys; return how to stop. */
  on(keys: readonly Key[], listener: Listener): () => void {
    const entry: [ReadonlySet<Key>, Listener] = [new Set(keys), listener];
    this.listeners.push(entry);
    return () => void this.listeners.splice(this.listeners.indexOf(entry), 1);
  }

  private tell(): void {
    const changed = [...this.changed];
    this.changed = new Set();
    this.asked = false;
    for (const [keys, listener] of [...this.listeners]) {
      if (!changed.some((key) => keys.has(key))) continue;
      try {
        listener();
      } catch (error) {
        reportError(error); // one part that fails takes no other with it
      }
    }
  }
}

/** A hidden tab gets no animation frames, but must not pile up changes. */
function schedule(work: () => void): void {
  if (typeof document === "undefined" || document.visibilityState === "hidden") setTimeout(work, 0);
  else requestAnimationFrame(work);
}

export function begin(): State {
  return {
    hello: null,
    scene: null,
    data: null,
    surface: null,
    runs: new Map(),
    critical: null,
    inspect: null,
    boundary: null,
    basins: null,
    trust: null,
    spectrum: null,
    stability: new Map(),
    caption: null,
    busy: new Map(),
    fault: null,
    connection: "opening",
    bench: null,
    asked: 0,
    optimizers: [{ name: "Adam", lr: 0.02 }],
    steps: 300,
    batch: 0,
    speed: 60,
    stored: null,
    window: null,
    points: 81,
    time: null,
    pointer: null,
    camera: { azimuth: -0.6, elevation: 0.7, distance: 2.15 },
    height: "auto",
    theme: "auto",
    tool: "drop",
    looked: null,
    pinned: false,
    panel: "terrain",
  };
}

/** The actions that a link must hold: the scene's log. */
export function logOf(state: State): Action[] {
  return state.scene?.log ?? [];
}
