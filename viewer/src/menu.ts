/** Menu: share, export, theme. */

import { h } from "./dom";
import type { MakePart } from "./part";

export const menu: MakePart = () => ({ el: h("section", { class: "menu", "aria-label": "menu" }) });
