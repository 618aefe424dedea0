/** Curves: loss, distance and stability of every run over its steps. */

import { h } from "./dom";
import type { MakePart } from "./part";

export const curves: MakePart = () => ({ el: h("section", { class: "curves", "aria-label": "curves" }) });
