/** Notices: faults, work under way, a lost connection. */

import { h } from "./dom";
import type { MakePart } from "./part";

export const notices: MakePart = () => ({ el: h("section", { class: "notices", "aria-label": "notices" }) });
