/** A log for tests that look at its lines. @module */

import { createLog, type Log, type LogLevel } from "../../src/log.ts";

/** A log whose lines are kept. By default it takes all levels, in text, without content. */
export function keptLog(options: {
  level?: LogLevel;
  format?: "text" | "json";
  content?: boolean;
  now: () => number;
}): { readonly lines: string[]; readonly log: Log } {
  const lines: string[] = [];
  const { level = "debug", format = "text", content = false, now } = options;
  return { lines, log: createLog({ level, format, content, write: (line) => void lines.push(line), now }) };
}
