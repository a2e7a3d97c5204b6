/** Buttons that copy a text. @module */

import { element, setText } from "./elements.ts";

/** How long a button tells that it has copied, in milliseconds. */
const TOLD_MS = 2_000;

/**
 * A button that copies the text that `read` gives.
 *
 * @param options `label`: what it copies, for screen readers; `text`: what stands on it, default "Copy".
 */
export function createCopyButton(
  read: () => string | Promise<string>,
  options: { label: string; text?: string },
): HTMLButtonElement {
  const { label, text = "Copy" } = options;
  const shown = element("span", { "aria-live": "polite" }, text);
  const button = element("button", { type: "button", class: "small copy", "aria-label": label }, shown);
  button.addEventListener("click", async () => {
    const isCopied = await copy(await read());
    button.removeAttribute("aria-label"); // screen readers are to read its text now
    setText(shown, isCopied ? "Copied" : "Not copied");
    await new Promise((resolve) => setTimeout(resolve, TOLD_MS));
    setText(shown, text);
    button.setAttribute("aria-label", label);
  });
  return button;
}

async function copy(text: string): Promise<boolean> {
  // Browsers have a clipboard only for pages of this machine and over TLS.
  if (!navigator.clipboard) return copySelected(text);
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch (error) {
    if (error instanceof DOMException) return copySelected(text);
    throw error;
  }
}

function copySelected(text: string): boolean {
  const focused = document.activeElement;
  const field = element("textarea", { class: "visually-hidden", "aria-hidden": "true" });
  field.value = text;
  document.body.append(field);
  field.select();
  const isCopied = document.execCommand("copy");
  field.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return isCopied;
}
