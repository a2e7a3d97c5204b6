/** Text of somebody else's choice, made fit to be shown: on the terminal, on the page. @module */

import { escapeControls } from "../control_characters.ts";

/** Longest text that is printed on the terminal, and longest raw frame that is kept, in UTF-16 code units. */
export const PRINTED_LENGTH = 2_000;
/** Longest query or answer that the page is sent unasked, in UTF-16 code units. */
export const SHOWN_LENGTH = 16_000;

/** Text on one line, at most {@linkcode PRINTED_LENGTH} of it, unable to forge lines or move the cursor. */
export function printable(text: string): string {
  return escapeControls(
    text.length > PRINTED_LENGTH ? `${text.slice(0, PRINTED_LENGTH)}… (${text.length} characters)` : text,
  );
}

/** The beginning of a text, to be kept without the rest: a slice alone would hold the whole text in memory. */
export function beginning(text: string, length: number): string {
  if (text.length <= length) return text;
  return new TextDecoder().decode(new TextEncoder().encode(text.slice(0, length)));
}
