/** Boundary: what the network under the pointer computes. */

import { h } from "./dom";
import type { MakePart } from "./part";

export const boundary: MakePart = () => ({ el: h("section", { class: "boundary", "aria-label": "boundary" }) });
