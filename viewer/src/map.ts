/** Map: the loss from above, with contour lines, paths and marks. */

import { h } from "./dom";
import type { MakePart } from "./part";

export const map: MakePart = () => ({ el: h("section", { class: "map", "aria-label": "map" }) });
