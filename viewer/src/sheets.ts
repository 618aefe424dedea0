/** Sheets: style sheets that a part of the page brings along. */

/** Add a style sheet where an element lives; return how to take it away. */
export function adopt(el: Element, css: string): () => void {
  const root = el.getRootNode() as ShadowRoot | Document;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  return () => {
    root.adoptedStyleSheets = root.adoptedStyleSheets.filter((other) => other !== sheet);
  };
}
