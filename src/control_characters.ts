/** Makes text of somebody else's choice fit for terminals and logs, in one way for the whole program. @module */

/** Control characters, line and paragraph separators, and the marks that turn text around. */
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** Text on one line that can't forge lines, move the cursor, colour the rest or turn it around: `\n`, `\u001b`. */
export function escapeControls(text: string): string {
  return text.replace(CONTROLS, escaped);
}

/** The same for text of several lines: line feeds and tabs stay. */
export function escapeControlsInLines(text: string): string {
  return text.replace(
    CONTROLS,
    (character) => character === "\n" || character === "\t" ? character : escaped(character),
  );
}

function escaped(character: string): string {
  if (character === "\n") return "\\n";
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
