/** A log for tests that look at its lines. @module */

import { createLog, type Log, type LogFormat, type LogLevel } from "../../src/log.ts";

/** A log whose lines are kept. By default it takes all levels, in text, without content. */
export function keptLog(options: {
  level?: LogLevel;
  format?: LogFormat;
  colour?: boolean;
  content?: boolean;
  now: () => number;
}): { readonly lines: string[]; readonly log: Log } {
  const lines: string[] = [];
  const { level = "debug", format = "text", colour = false, content = false, now } = options;
  return { lines, log: createLog({ level, format, colour, content, write: (line) => void lines.push(line()), now }) };
}
