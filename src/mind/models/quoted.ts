/** Places in a text that are within code or quotes: there, marks and tokens are an answer's own words. @module */

const FENCE = /[ \t]*```/y;

/**
 * Tells whether a place in a text is within code, or right behind a quotation mark.
 *
 * Places must be asked for in ascending order: the text is read once, however many of them there are.
 */
export function quotesIn(text: string): (at: number) => boolean {
  /** The line that was read last: where it starts and ends, and the end of the fence that it begins with. */
  let start = 0, end = endOfLine(text, 0), fenceEnd = fenceAt(text, 0);
  /** Fences of the lines before it, and backticks in it as far as they are counted. */
  let fences = 0, backticks = 0, counted = 0;
  return (at) => {
    while (end < at) {
      if (fenceEnd !== undefined) fences++;
      start = counted = end + 1;
      backticks = 0;
      end = endOfLine(text, start);
      fenceEnd = fenceAt(text, start);
    }
    if (isBehindMark(text, at)) return true;
    const hasFence = fenceEnd !== undefined && fenceEnd <= at;
    if ((fences + (hasFence ? 1 : 0)) % 2 === 1) return true;
    for (; counted < at; counted++) if (text[counted] === "`") backticks++;
    return backticks % 2 === 1 && !hasFence;
  };
}

/** The place of the line break that ends the line of `start`; the text's length for the last line. */
function endOfLine(text: string, start: number): number {
  const end = text.indexOf("\n", start);
  return end < 0 ? text.length : end;
}

/** The place behind the fence of a block of code; undefined if none begins the line. */
function fenceAt(text: string, start: number): number | undefined {
  FENCE.lastIndex = start;
  return FENCE.test(text) ? FENCE.lastIndex : undefined;
}

/** Whether a quotation mark stands before a place, with at most one blank between them. */
function isBehindMark(text: string, at: number): boolean {
  return /["'`“‘«]\s?$/.test(text.slice(Math.max(0, at - 2), at));
}
