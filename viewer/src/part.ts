/** Parts of the page: each makes one element and keeps it up to date. */

import type { Message } from "./protocol";
import type { Store } from "./state";

export interface Context {
  store: Store;
  send(message: Message): void;
  /** The root that holds the whole viewer: dialogs go there, and full screen. */
  root: HTMLElement;
}

export interface Part {
  el: HTMLElement;
  /** Stop listening, free what the browser does not free by itself. */
  dispose?(): void;
}

export type MakePart = (context: Context) => Part;
