/** Asking a source again while it is busy, or not there yet. @module */

import { backoffDelayMs, type Clock } from "../../clock.ts";
import type { Log } from "../../log.ts";
import { QuoteError } from "./source.ts";

/** Tries in all: the last one is some four seconds after the first. */
const TRIES = 4;
const BASE_MS = 500;

/**
 * What `ask` returns, as soon as it does.
 *
 * @param options `name`: of the source, for the log.
 * @throws {QuoteError} The last one, or the first that will not pass.
 */
export async function askPatiently<T>(
  ask: () => Promise<T>,
  { name, clock, log, signal }: { name: string; clock: Clock; log: Log; signal: AbortSignal },
): Promise<T> {
  for (let tries = 1;; tries++) {
    try {
      return await ask();
    } catch (error) {
      const mayPass = error instanceof QuoteError && error.isPassing && tries < TRIES && !signal.aborted;
      if (!mayPass) throw error;
      log.warn("a source of quotes and keys does not answer yet: it is asked again", {
        source: name,
        error: error.message,
      });
      await clock.sleep(backoffDelayMs(tries, { baseMs: BASE_MS }), signal);
    }
  }
}
