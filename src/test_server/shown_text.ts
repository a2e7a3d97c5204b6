/** Text of somebody else's choice, made fit to be shown: on the terminal, on the page. @module */

/** Longest text that is shown, in UTF-16 code units. */
export const SHOWN_LENGTH = 2_000;

/** Text on one line, unable to forge lines, move the cursor or turn the text around. */
export function printable(text: string): string {
  const cut = text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}… (${text.length} characters)` : text;
  return cut.replace(
    /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu,
    (character) => character === "\n" ? "\\n" : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The beginning of a text, to be kept without the rest: a slice alone would hold the whole text in memory. */
export function beginning(text: string): string {
  if (text.length <= SHOWN_LENGTH) return text;
  return new TextDecoder().decode(new TextEncoder().encode(text.slice(0, SHOWN_LENGTH)));
}
