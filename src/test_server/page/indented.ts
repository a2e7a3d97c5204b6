/** JSON with line breaks and indentation, every other character as it was. @module */

/**
 * Indent a JSON text by two spaces for each level. Only blanks between tokens change, so that numbers, escapes and fields
 * that stand twice are shown as they went over the wire. What is no JSON object or array comes back as it is, and so does
 * the rest of a text that is cut or broken off.
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
