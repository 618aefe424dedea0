/** Small words for making elements. */

type Props = Record<string, string | number | boolean | null | undefined | ((event: Event) => void)>;

/**
 * Make an element: `h("button", { class: "quiet", onclick: go, "aria-label": "Play" }, "Play")`.
 * Functions become listeners, true an empty attribute, false, null and undefined none. Children
 * that are strings become text, never markup.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: (Node | string | null)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === "function") element.addEventListener(name.replace(/^on/, ""), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child): child is Node | string => child !== null));
  return element;
}
