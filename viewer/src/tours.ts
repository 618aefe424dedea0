/** Tours: the captions of a guided story, and what starts one. */

import { h } from "./dom";
import type { MakePart } from "./part";

export const tours: MakePart = () => ({ el: h("section", { class: "tours", "aria-label": "tours" }) });
