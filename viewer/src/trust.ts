/** Trust: how far to trust the picture. */

import { h } from "./dom";
import type { MakePart } from "./part";

export const trust: MakePart = () => ({ el: h("section", { class: "trust", "aria-label": "trust" }) });
