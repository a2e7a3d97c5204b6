/** Long contents, folded until somebody wants to see all of them. @module */

import { element, setText } from "./elements.ts";

/** Contents that may be folded. */
export interface Fold {
  readonly root: HTMLElement;
  readonly content: HTMLElement;
  /** How many characters are there, where only the first of them are in the contents. */
  setLength(length: { shown: number; whole: number }): void;
}

/**
 * Fold `content` to the height that its style sheet gives to `.folded`; where it is higher, a button shows the rest.
 *
 * @param readWhole Puts the rest into the contents, where the page has only the beginning. Resolves to what went wrong,
 * if something did.
 */
export function createFold(content: HTMLElement, what: string, readWhole: () => Promise<string | undefined>): Fold {
  const button = element("button", { type: "button", class: "small fold", hidden: "", "aria-expanded": "false" });
  const problem = element("p", { class: "error", role: "status" });
  let isOpen = false;
  let missing = 0;
  content.classList.add("folded");

  function show(): void {
    content.classList.toggle("folded", !isOpen);
    button.setAttribute("aria-expanded", String(isOpen));
    const isHigher = content.scrollHeight > content.clientHeight + 2;
    button.hidden = !isOpen && !isHigher && missing === 0;
    const more = missing > 0 ? `, ${missing.toLocaleString("en")} characters more` : "";
    // More may have come since all of it was shown.
    setText(button, isOpen && missing <= 0 ? `Fold the ${what}` : `Show all of the ${what}${more}`);
  }

  button.addEventListener("click", async () => {
    isOpen = !isOpen || missing > 0;
    if (isOpen && missing > 0) setText(problem, await readWhole() ?? "");
    show();
  });
  new ResizeObserver(show).observe(content);

  return {
    root: element("div", { class: "fold-root" }, content, button, problem),
    content,
    setLength({ shown, whole }) {
      missing = whole - shown;
      show();
    },
  };
}
