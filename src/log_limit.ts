/** Keeps others from filling the log: whoever is connected decides how many lines some sentences make. @module */

import { type Log, LOG_LEVELS, type LogLevel } from "./log.ts";

/** Lines of one sentence that are written in one span of time, and its length in milliseconds. */
const DEFAULTS = { most: 200, spanMs: 10_000 };

/** How many lines of one sentence came in the span of time that began at `sinceMs`. */
interface Count {
  sinceMs: number;
  lines: number;
}

/**
 * A log that writes at most `most` lines of one sentence in `spanMs` milliseconds. It says once that it leaves lines out,
 * and in the next span how many they were. Give it to whatever logs what comes from outside.
 *
 * @param options `now`: milliseconds since the epoch; `most`: default 200; `spanMs`: default 10,000.
 */
export function limitRepeats(
  log: Log,
  options: { now: () => number; most?: number; spanMs?: number },
): Log {
  const { now, most, spanMs } = { ...DEFAULTS, ...options };
  // Sentences are fixed, and so there are few.
  const counts = new Map<string, Count>();
  const limited = (level: LogLevel): Log[LogLevel] => (message, fields, content) => {
    const nowMs = now();
    let count = counts.get(message);
    if (!count || nowMs - count.sinceMs >= spanMs || nowMs < count.sinceMs) {
      const leftOut = (count?.lines ?? 0) - most;
      if (leftOut > 0) {
        log[level]("{count} more lines were left out: {sentence}", { count: leftOut, sentence: message });
      }
      count = { sinceMs: nowMs, lines: 0 };
      counts.set(message, count);
    }
    count.lines++;
    if (count.lines <= most) return log[level](message, fields, content);
    if (count.lines === most + 1) {
      log[level]("too many lines at once: no more of them for {ms} ms: {sentence}", { ms: spanMs, sentence: message });
    }
  };
  return Object.fromEntries(LOG_LEVELS.map((level) => [level, limited(level)])) as Log;
}
