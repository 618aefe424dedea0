/** Terrain: the loss as ground that one can walk around. */

import { h } from "./dom";
import type { MakePart } from "./part";

export const terrain: MakePart = () => ({ el: h("section", { class: "terrain", "aria-label": "terrain" }) });
