/** Inspector: the numbers of one place. */

import { h } from "./dom";
import type { MakePart } from "./part";

export const inspector: MakePart = () => ({ el: h("section", { class: "inspector", "aria-label": "inspector" }) });
