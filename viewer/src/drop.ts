/** Drop: a ball onto a place of the plane; one run for each optimizer that is chosen. */

import type { Context } from "./part";
import type { Message } from "./protocol";
import type { State } from "./state";

export const UNKNOWN = "Stored numbers alone: no ball can be dropped on a loss that is not known here";

/** Whether the page can compute the loss that it shows. */
export function canDrop({ hello, scene }: Pick<State, "hello" | "scene">): boolean {
  return hello?.live === true && scene?.known !== false;
}

/** What a click does: what the visitor chose, or what is left to do. */
export function toolOf(state: Pick<State, "hello" | "scene" | "tool">): State["tool"] {
  return canDrop(state) ? state.tool : "look";
}

/** Ask for the runs from (a, b), or say why there can be none. */
export function dropAt({ store, send }: Context, a: number, b: number): void {
  const { fault, message } = dropMessage(store.state, a, b);
  if (fault) store.set({ fault });
  // Runs are drawn up to the time: a ball that is dropped must be seen to roll.
  if (message) store.set({ time: null, fault: store.state.fault?.about === "drop" ? null : store.state.fault });
  if (message) send(message);
}

type Asked = { message?: Message; fault?: NonNullable<State["fault"]> };

/** Return what to ask for, or what is in the way. */
export function dropMessage(
  state: Pick<State, "hello" | "scene" | "optimizers" | "steps" | "batch">, a: number, b: number,
): Asked {
  if (!state.hello?.live) {
    const mend = "open it with thalweg explore";
    return { fault: { wanted: "a live page, to drop a ball", got: "a saved file", mend, about: "drop" } };
  }
  if (!state.optimizers.length) {
    return { fault: { wanted: "at least 1 optimizer", got: "none", mend: "choose one first", about: "drop" } };
  }
  const { optimizers, steps, batch, scene } = state;
  // Each drop draws its minibatches anew; a link holds the seed.
  const seed = batch ? (scene?.log ?? []).filter((action) => "drop" in action).length : 0;
  return { message: { kind: "drop", drop: { a, b, optimizers, steps, batch, seed } } };
}
