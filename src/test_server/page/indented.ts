/** JSON with line breaks and indentation, every other character as it was. @module */

/**
 * Indent a JSON text by two spaces for each level. Only blanks between tokens change, so that numbers, escapes and fields
 * that stand twice are shown as they went over the wire. Any other text comes back as it is. A text that is cut is
 * indented as far as it goes.
 */
export function indented(text: string): string {
  if (!/^\s*[{[]/.test(text)) return text;
  const made: string[] = [];
  let level = 0;
  const lineBreak = () => made.push(`\n${"  ".repeat(level)}`);
  // A string, even one that is cut; blanks; an empty object or array; a mark; anything else.
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"?|\s+|\{\s*\}|\[\s*\]|[{}[\],:]|[^"\s{}[\],:]+/gs)) {
    if (/^\s+$/.test(token)) continue;
    if (token === "}" || token === "]") {
      level = Math.max(0, level - 1);
      lineBreak();
    }
    made.push(token);
    if (token === "{" || token === "[") {
      level++;
      lineBreak();
    } else if (token === ",") lineBreak();
    else if (token === ":") made.push(" ");
  }
  return made.join("");
}
