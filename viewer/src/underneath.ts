/** Underneath: critical points, basins and the spectrum. */

import { h } from "./dom";
import type { MakePart } from "./part";

export const underneath: MakePart = () => ({ el: h("section", { class: "underneath", "aria-label": "underneath" }) });
