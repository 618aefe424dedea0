/** Sign: the one warning sign, with its word for those who hear the page. */

import { h } from "./dom";

export function sign(): HTMLElement {
  return h("span", { class: "sign" }, h("span", { "aria-hidden": "true" }, "!"), h("span", { class: "heard" }, "Warning: "));
}
