/** Link: the state in the address, so that a link restores the exact view and seeds. */

import type { Context } from "./part";
import { logOf } from "./state";

export interface Link {
  /** Ask the host for what the state says: at the start, and again after a lost connection. */
  open(): void;
  dispose(): void;
}

export function link(context: Context, _inAddress: boolean): Link {
  const { store, send } = context;
  return {
    open() {
      const { bench, window, points } = store.state;
      send({ kind: "open", bench, log: logOf(store.state), window, points });
    },
    dispose: () => undefined,
  };
}
