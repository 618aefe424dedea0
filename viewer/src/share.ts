/** Share: the link to what is seen, in the clipboard or in a field to copy from. */

import { h } from "./dom";

const SHOWN = 3000; // milliseconds that the confirmation stays

export function share(flush: () => void): { els: HTMLElement[]; button: HTMLButtonElement } {
  const field = h("input", { type: "text", readonly: true, "aria-label": "Link" });
  const dialog = h(
    "dialog",
    { class: "share", "aria-label": "Link" },
    h("h2", {}, "Copy this link"),
    field,
    h("button", { type: "button", class: "close", onclick: () => dialog.close() }, "Close"),
  );
  const heard = h("span", { class: "heard", role: "status" });
  const button = h("button", { type: "button", class: "link", onclick: () => void copy() }, "Copy link");
  const copy = async () => {
    flush();
    try {
      await navigator.clipboard.writeText(location.href);
      button.textContent = heard.textContent = "Link copied";
      setTimeout(() => {
        button.textContent = "Copy link";
        heard.textContent = "";
      }, SHOWN);
    } catch {
      field.value = location.href;
      dialog.showModal();
      field.select();
    }
  };
  return { els: [button, heard, dialog], button };
}
