/**
 * What the page and its host say to each other. The host sends frames (a JSON head and typed
 * arrays, see frames.ts), the page sends messages (JSON). `web/messages.py` checks the messages,
 * `thalweg/viewer/scene.py` makes the frames; this file is their TypeScript side.
 */

/** The network and its data: everything that makes an objective. */
export interface Bench {
  data: string;
  points: number; // a class
  noise: number;
  data_seed: number;
  depth: number; // hidden layers
  width: number;
  activation: string;
  scale: number; // standard deviation of the initial weights
  seed: number; // of the initial weights
  l2: number;
}

/** How to make a plane; which fields count depends on the recipe. */
export interface PlaneSpec {
  recipe: "random" | "filter" | "principal" | "eigen" | "points" | "twins" | "aligned" | "stored";
  seed: number;
  /** Where its middle is: the start, or a step of a run; -1 is the last one. */
  run?: number | null;
  step?: number | null;
  /** Recipe "points": three ends of runs, by run. Recipe "principal": filled in by the host. */
  runs?: number[];
  /** How many steps of each of `runs` counted; filled in by the host, so that a link is exact. */
  steps?: number[];
}

export interface Window {
  a0: number;
  a1: number;
  b0: number;
  b1: number;
}

export interface OptimizerSpec {
  name: string; // SGD, momentum, Nesterov, RMSprop, Adam, AdamW
  lr: number;
}

/** A ball dropped at (a, b) of the plane that was drawn then: one run an optimizer. */
export interface Drop {
  a: number;
  b: number;
  optimizers: OptimizerSpec[];
  steps: number;
  batch: number; // 0: all examples
  seed: number; // of the minibatches
}

/** What was done, in order; replayed, it gives the same planes and runs again. */
export type Action = { plane: PlaneSpec } | { drop: Drop } | { remove: number };

/** A place of the plane, or a step of a run, or a critical point by its number in the frame of them. */
export interface Whereabouts {
  a: number;
  b: number;
  run?: number | null;
  step?: number | null;
  found?: number | null;
}

// ---------------------------------------------------------------- messages, page -> host

export type Message =
  | { kind: "open"; bench: Bench | null; log: Action[]; window: Window | null; points: number; stored?: string | null }
  | { kind: "bench"; bench: Bench; number: number } // the how manieth of these
  | { kind: "plane"; plane: PlaneSpec }
  | { kind: "window"; window: Window; points: number }
  | { kind: "drop"; drop: Drop }
  | { kind: "control"; run: number | null; action: "pause" | "play" | "step" | "remove" }
  | { kind: "speed"; steps_per_second: number } // 0: as fast as it goes
  | ({ kind: "inspect" } & Whereabouts)
  | ({ kind: "boundary" } & Whereabouts)
  | { kind: "find"; a: number; b: number } // critical points, from here and from where the runs rest
  | { kind: "basins" }
  | { kind: "trust"; full: boolean }
  | ({ kind: "spectrum" } & Whereabouts)
  | { kind: "stability"; run: number }
  | { kind: "tour"; tour: string; step: number }
  | { kind: "export"; format: "html" | "svg"; view: string } // the part of the address that is the visitor's own
  | { kind: "choose"; stored: string };

// ---------------------------------------------------------------- frames, host -> page

export interface Choices {
  data: string[]; // none: the objective is given, there is no bench
  activations: string[];
  optimizers: { name: string; lr: number; color: string }[];
  recipes: { recipe: PlaneSpec["recipe"]; words: string }[];
  limits: { points: number; depth: number; width: number; grid: number; runs: number; steps: number };
}

export interface TourEntry {
  tour: string;
  title: string;
  steps: number;
}

export interface Heads {
  hello: {
    version: string;
    title: string;
    live: boolean; // false: a saved file; nothing new can be computed
    /** figure: terrain, map and trust lines alone, for reports and notebooks. */
    layout: "explorer" | "figure";
    choices: Choices | null; // null: nothing can be chosen, as in a figure
    tours: TourEntry[];
    stored: { name: string; kind: string; words: string }[];
    left_out?: string; // which of them are not listed, in words
  };
  /** What is looked at. Sent anew when bench, plane, window or log change. */
  scene: {
    scene: number; // counts up; frames of an older plane carry a lower one
    stored?: string | null; // the stored result that is shown
    bench: Bench | null;
    answered?: number; // the last message "bench" that is in it
    known?: boolean; // whether the loss can be computed, so that balls can be dropped
    objective: string; // its name
    parameters: number;
    plane: PlaneSpec;
    plane_words: string;
    window: Window;
    home?: Window; // the plane's own window, to which the map is reset
    points: number; // of the grid, along its longer side
    log: Action[];
    runs?: number[]; // those that are shown; others are gone
  };
  /** arrays: x (n, 2) f4, y (n,) u1 */
  data: { classes: number };
  /** arrays: a (na,) f4, b (nb,) f4, values (nb, na) f4, mask (nb, na) u1: see Mask */
  surface: {
    scene: number;
    draft: boolean; // a coarse one, the fine one is on its way
    field: string;
    field_label: string;
    title: string;
    a_label: string;
    b_label: string;
    lengths: [number, number];
    equal: boolean;
    scale: "linear" | "log";
    limits: [number, number];
    levels: number[];
    level_texts: string[];
    note: string; // what is hatched, with counts
    marks: Mark[];
  };
  /** A run as a whole; sent when it starts and whenever its status changes. */
  run: {
    run: number;
    name: string; // "Adam, lr 0.01"
    color: string;
    status: "running" | "paused" | "rested" | "done" | "diverged" | "stored";
    words: string; // "left the window at step 12 upward", "diverged at step 40: ..."
    length: number; // steps asked for
    captured: number | null; // share of its variance that the plane captures
  };
  /**
   * More steps of a run in the present plane. arrays: step (t,) i4, a, b, loss, plane_loss,
   * distance (t,) f4 [out of the plane], band (t,) u1 [how large the gap: 0 true .. 5; 3 and more
   * is 10 % of the range and more]
   */
  path: { scene: number; run: number; replace: boolean };
  critical: { scene: number; points: CriticalMark[]; words: string };
  inspect: { scene: number; title: string; rows: [string, string][]; words: string; warning: boolean; a: number; b: number };
  /** arrays: values (m, m) f4: the class-1 probability, row 0 at y0; with more classes: the class */
  boundary: { x0: number; x1: number; y0: number; y1: number; classes: number; accuracy: number; words: string; a: number | null; b: number | null };
  /** arrays: basin (nb, na) i4, -1 outside */
  basins: { scene: number; count: number; words: string; a: number[]; b: number[] };
  trust: { lines: { text: string; warning: boolean }[] };
  /** arrays: eigenvalues (n,) f4 */
  spectrum: { title: string; negative: number; words: string };
  /** arrays: step (t,) i4, ratio (t,) f4 [1 is the edge], sharpness (t,) f4 */
  stability: { run: number; words: string };
  caption: { tour: string; step: number; of: number; title: string; words: string; next: string };
  /** arrays: bytes (n,) u1 */
  file: { name: string; mime: string };
  busy: { what: string; share: number | null; done: boolean };
  fault: { wanted: string; got: string; mend: string; about: string };
}

export interface Mark {
  a: number;
  b: number;
  text: string;
  kind: "point" | "minimum" | "saddle" | "maximum";
}

export interface CriticalMark extends Mark {
  loss: number;
  index: number | null;
  nullity: number | null;
  distance: number; // out of the plane
  words: string; // "saddle of index 3 at loss 0.61, which this plane draws as a minimum"
}

export const Mask = { known: 0, pending: 1, nan: 2, infinite: 3, failed: 4 } as const;

export type Kind = keyof Heads;
export type Arrays = Record<string, Float32Array | Int32Array | Uint8Array>;
export interface Frame<K extends Kind = Kind> {
  kind: K;
  head: Heads[K];
  arrays: Arrays;
}
