/** Accepts connections for as long as a listener is open, also while the system has no descriptor for them. @module */

import type { Clock } from "./clock.ts";

/** Pause after a failure to accept, in milliseconds. */
const PAUSE_MS = 500;

/**
 * Hand every connection of `listener` to `take`, until disposed of. A failure to accept, such as too many open files, is
 * waited out.
 *
 * @param options `failed`: is told of the first failure after a connection that could be accepted.
 */
export function acceptAll<Connection extends Deno.Conn>(
  listener: Deno.Listener<Connection>,
  take: (connection: Connection) => void,
  options: { clock: Pick<Clock, "sleep">; failed: (error: unknown) => void },
): Disposable {
  const stopping = new AbortController(), { signal } = stopping;
  void (async () => {
    for (let isWell = true; !signal.aborted;) {
      try {
        take(await listener.accept());
        isWell = true;
      } catch (error) {
        if (signal.aborted) return;
        if (isWell) options.failed(error);
        isWell = false;
        await options.clock.sleep(PAUSE_MS, signal);
      }
    }
  })();
  return {
    [Symbol.dispose]() {
      stopping.abort();
      listener.close();
    },
  };
}
