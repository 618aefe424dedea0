/** Address: the visitor's state as the short, readable text behind a link's `#`, and back. */

import { readLog, readOptimizers, writeLog, writeOptimizers } from "./actions";
import type { Action, Bench, OptimizerSpec, Window } from "./protocol";
import { begin, type Camera, type State } from "./state";
import { Malformed, number, positive, whole, write } from "./literal";

/** What a link holds. What is null or at its default is left out of it. */
export interface Address {
  bench: Bench | null; // null: the chapter's, or there is none
  log: Action[];
  window: Window | null; // null: the plane's own
  points: number;
  optimizers: OptimizerSpec[];
  steps: number;
  batch: number;
  speed: number;
  camera: Camera;
  height: State["height"];
  theme: State["theme"];
  time: number | null;
  tool: State["tool"];
  stored: string | null;
  tour: { tour: string; step: number } | null;
}

/** The chapter's network and data; `Bench` in web/messages.py has the same defaults. */
export const CHAPTER: Bench = {
  data: "spiral",
  points: 200,
  noise: 0.3,
  data_seed: 42,
  depth: 1,
  width: 16,
  activation: "relu",
  scale: 0.5,
  seed: 42,
  l2: 0,
};

const [STEPS, BATCH] = [10_000, 100_000]; // at most, as the host allows

/** The name in a link of each field of a bench. */
const BENCH_KEYS: Record<keyof Bench, string> = {
  data: "data",
  points: "points",
  noise: "noise",
  data_seed: "dataseed",
  depth: "depth",
  width: "width",
  activation: "activation",
  scale: "scale",
  seed: "seed",
  l2: "l2",
};
const FIELDS = Object.keys(BENCH_KEYS) as (keyof Bench)[];

/** The address of a visitor who has changed nothing. */
export function untouched(): Address {
  const { optimizers, steps, batch, speed, camera, height, theme, tool, points } = begin();
  return {
    bench: null, log: [], window: null, points, optimizers, steps, batch, speed, camera, height, theme, tool,
    time: null, stored: null, tour: null,
  };
}

/** Write an address; empty where nothing differs from the default. */
export function writeAddress(address: Address): string {
  const none = untouched();
  const found: [string, string][] = [];
  const add = (key: string, text: string, omitted: string) => {
    if (text !== omitted) found.push([key, text]);
  };
  const { bench, window, camera, tour } = address;
  add("stored", address.stored ?? "", "");
  for (const field of bench ? FIELDS : []) {
    add(BENCH_KEYS[field], write((bench as Bench)[field]), write(CHAPTER[field]));
  }
  add("log", writeLog(address.log), "");
  add("window", window ? list(window.a0, window.a1, window.b0, window.b1) : "", "");
  add("grid", write(address.points), write(none.points));
  add("balls", writeOptimizers(address.optimizers), writeOptimizers(none.optimizers));
  for (const key of ["steps", "batch", "speed", "height", "theme", "tool"] as const) {
    add(key, write(address[key]), write(none[key]));
  }
  add("time", address.time === null ? "" : write(address.time), "");
  add("camera", place(camera), place(none.camera));
  add("tour", tour ? (tour.step || tour.tour.includes(".") ? `${tour.tour}.${tour.step}` : tour.tour) : "", "");
  return found.map(([key, text]) => `${key}=${escape(text)}`).join("&");
}

/** Read an address; raises `Malformed`, which says what is wrong in words. */
export function readAddress(hash: string): Address {
  const address = untouched();
  const bench: Record<string, string | number> = {};
  const seen = new Set<string>();
  for (const part of hash.replace(/^#/, "").split("&")) {
    if (!part) continue;
    const [key, text] = divide(part);
    if (seen.has(key)) throw new Malformed("each word once", `${key} twice`);
    seen.add(key);
    const field = FIELDS.find((name) => BENCH_KEYS[name] === key);
    if (field) bench[field] = typeof CHAPTER[field] === "string" ? text : number(text);
    else take(address, key, text);
  }
  if (Object.keys(bench).length > 0) address.bench = { ...CHAPTER, ...bench };
  return address;
}

function take(address: Address, key: string, text: string): void {
  switch (key) {
    case "stored":
      address.stored = text;
      return;
    case "log":
      address.log = readLog(text);
      return;
    case "window": {
      const [a0, a1, b0, b1] = numbers(text, 4) as [number, number, number, number];
      if (!(a0 < a1 && b0 < b1)) throw new Malformed("a window from low to high", text);
      address.window = { a0, a1, b0, b1 };
      return;
    }
    case "grid":
      address.points = whole(text, 5);
      return;
    case "balls":
      address.optimizers = readOptimizers(text);
      return;
    case "steps":
      address.steps = whole(text, 1, STEPS);
      return;
    case "batch":
      address.batch = whole(text, 0, BATCH);
      return;
    case "speed":
      address.speed = positive(text);
      return;
    case "height":
      address.height = one(text, ["linear", "log", "auto"]);
      return;
    case "theme":
      address.theme = one(text, ["light", "dark", "auto"]);
      return;
    case "tool":
      address.tool = one(text, ["look", "drop"]);
      return;
    case "time":
      address.time = whole(text, 0);
      return;
    case "camera": {
      const [azimuth, elevation, distance, east, north] = numbers(text, text.split(",").length > 3 ? 5 : 3);
      address.camera = { azimuth, elevation, distance, ...(east === undefined ? {} : { east, north }) } as Camera;
      return;
    }
    case "tour": {
      const dot = text.lastIndexOf(".");
      if (dot === 0 || !text) throw new Malformed("tour=name.step", text || "nothing");
      address.tour =
        dot < 0 ? { tour: text, step: 0 } : { tour: text.slice(0, dot), step: whole(text.slice(dot + 1), 0) };
      return;
    }
    default:
      throw new Malformed("words that this version knows", key || "nothing before =");
  }
}

function divide(part: string): [string, string] {
  const at = part.indexOf("=");
  if (at < 0) throw new Malformed("key=value", part);
  try {
    return [part.slice(0, at), decodeURIComponent(part.slice(at + 1))];
  } catch {
    throw new Malformed("text in percent-encoding", part);
  }
}

/** Percent-encoding that leaves what a fragment may hold as it is, so that a link can be read. */
function escape(text: string): string {
  return encodeURIComponent(text).replace(/%(2C|3B|3A|2B|2F|40)/g, (code) => decodeURIComponent(code));
}

function one<T extends string>(text: string, known: readonly T[]): T {
  const found = known.find((name) => name === text);
  if (!found) throw new Malformed(known.join(", "), text);
  return found;
}

function numbers(text: string, count: number): number[] {
  const found = text.split(",").map(number);
  if (found.length !== count) throw new Malformed(`${count} numbers`, text);
  return found;
}

function list(...values: number[]): string {
  return values.map(write).join(",");
}

function place({ azimuth, elevation, distance, east = 0, north = 0 }: Camera): string {
  return list(azimuth, elevation, distance, ...(east || north ? [east, north] : []));
}
