/** Balls: the optimizers that a drop starts. */

import { h } from "./dom";
import type { MakePart } from "./part";

export const balls: MakePart = () => ({ el: h("section", { class: "balls", "aria-label": "balls" }) });
