/** Timeline: play, step and scrub. */

import { h } from "./dom";
import type { MakePart } from "./part";

export const timeline: MakePart = () => ({ el: h("section", { class: "timeline", "aria-label": "timeline" }) });
