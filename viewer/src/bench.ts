/** Bench: data, network and plane. */

import { h } from "./dom";
import type { MakePart } from "./part";

export const bench: MakePart = () => ({ el: h("section", { class: "bench", "aria-label": "bench" }) });
