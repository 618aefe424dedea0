/** Link: the state in the address, so that a link restores the exact view and seeds. */

import { type Address, readAddress, untouched, writeAddress } from "./address";
import { Malformed } from "./literal";
import type { Context } from "./part";
import type { Heads, Window } from "./protocol";
import { type Camera, type Key, logOf, type State } from "./state";
import { alike } from "./zoom";

export interface Link {
  /** Ask the host for what the state says: at the start, and again after a lost connection. */
  open(): void;
  /** Bring the address up to date now. */
  flush(): void;
  /** Whether the address holds the state. */
  readonly kept: boolean;
  dispose(): void;
}

const REST = 300; // milliseconds without a change before the address follows

const DEFAULT = "this is the default view instead";
const REFUSALS = ["message", "open"]; // what a fault is about if a host did not take the link

const KEYS: Key[] = [
  "scene", "window", "points", "optimizers", "steps", "batch", "speed", "camera", "height", "theme", "time", "tool",
  "stored", "caption",
];

/** Keep the state and, where the page is ours, `location.hash` in step. */
export function link(context: Context, inAddress: boolean): Link {
  const { store, send } = context;
  let timer = 0;
  let time: number | null = null; // wanted by the link, set when its runs are there
  let wanted = 0; // actions of the link that the host still replays
  let written: string | null = ""; // null: what stands there is not ours
  let asked: Heads["scene"] | null | undefined; // the scene before the host was asked; undefined: it has answered

  /** Begin with what the address says. */
  const start = () => {
    const address = read();
    const { log: _, tour: __, ...mine } = address;
    store.set({ ...mine, caption: null }); // a story's words go with its scene
    ask(address);
  };

  const read = (): Address => {
    try {
      const address = readAddress(location.hash);
      written = writeAddress(address);
      return address;
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      written = null;
      const { wanted, got } = error;
      store.set({ fault: { wanted: `a link needs ${wanted}`, got, mend: DEFAULT, about: "link" } });
      return untouched();
    }
  };

  const ask = (address: Address) => {
    const { bench, log, window, points, stored, tour } = address;
    time = address.time;
    wanted = log.length;
    asked = store.state.scene;
    send({ kind: "open", bench, log, window, points, stored });
    if (tour) send({ kind: "tour", ...tour });
  };

  const follow = () => {
    if (!inAddress || store.state.connection !== "open" || !store.state.scene || asked !== undefined) return;
    const text = writeAddress(addressOf(store.state));
    if (text === written) return;
    written = text;
    history.replaceState(history.state, "", text ? `#${text}` : location.pathname + location.search);
  };

  const changed = () => {
    const { scene } = store.state;
    if (scene !== asked) asked = undefined;
    if (time !== null && asked === undefined && scene && scene.log.length >= wanted) {
      store.set({ time });
      time = null;
    }
    clearTimeout(timer);
    timer = setTimeout(follow, REST) as unknown as number;
  };

  const visited = () => {
    if (location.hash.replace(/^#/, "") === written) return;
    start();
  };

  /** A host that did not take the link shows nothing at all: then the default view. */
  const refused = () => {
    const { fault } = store.state;
    if (asked === undefined || written === null || !fault || !REFUSALS.includes(fault.about)) return;
    written = null; // and not again: the default view was asked for now
    store.set({ fault: { ...fault, wanted: `a link: ${fault.wanted}`, mend: DEFAULT, about: "link" } });
    const address = untouched();
    store.set({ bench: null, stored: null, time: null, points: address.points });
    ask(address);
  };

  let begun = false;
  const stops = [store.on(KEYS, changed), store.on(["fault"], refused)];
  if (inAddress) window.addEventListener("hashchange", visited);
  return {
    open() {
      if (inAddress && !begun) start();
      else ask(addressOf(store.state));
      begun = true;
    },
    flush: follow,
    kept: inAddress,
    dispose() {
      clearTimeout(timer);
      for (const stop of stops) stop();
      if (inAddress) window.removeEventListener("hashchange", visited);
    },
  };
}

/** What a link to the present state holds. A tour brings its own network, planes and runs. */
export function addressOf(state: State): Address {
  const { optimizers, steps, batch, speed, height, theme, tool, time, stored, caption, camera } = state;
  const seen = caption
    ? { bench: null, log: [], window: null }
    : { bench: state.scene?.bench ?? state.bench, log: logOf(state), window: zoomed(state) };
  return {
    ...seen,
    points: state.points,
    optimizers, steps, batch, speed, height, theme, tool, time, stored,
    camera: Object.fromEntries(Object.entries(camera).map(([name, value]) => [name, short(value)])) as unknown as Camera,
    tour: caption ? { tour: caption.tour, step: caption.step } : null,
  };
}

/** A thousandth of a radian is seen by nobody, and makes links short. */
function short(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** The window, unless it is the plane's own. */
function zoomed({ scene, window }: State): Window | null {
  const seen = window ?? scene?.window ?? null;
  return seen && scene?.home && alike(seen, scene.home) ? null : seen;
}
