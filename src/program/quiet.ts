/** Notices when an agent that has just started has nothing more to do. @module */

import type { Clock } from "../clock.ts";
import type { Mind } from "../mind/mind.ts";

/** Milliseconds without an answer begun or finished after which an agent is quiet. */
const QUIET_MS = 500;

/**
 * A mind like `mind`, watched: `whenQuiet` is called once, as soon as nothing has been answered for half a second, be it
 * after the first answers or because no event came. After `signal` aborts it is not called any more.
 */
export function watchForQuiet(
  mind: Mind,
  { whenQuiet, clock, signal }: { whenQuiet: () => void; clock: Clock; signal: AbortSignal },
): Mind {
  let answering = 0, changes = 0;
  const wait = async () => {
    for (let seen = -1; seen !== changes || answering > 0;) {
      seen = changes;
      await clock.sleep(QUIET_MS, signal);
      if (signal.aborted) return;
    }
    whenQuiet();
  };
  void wait();
  return {
    agentId: mind.agentId,
    async answer(...question) {
      answering++;
      try {
        return await mind.answer(...question);
      } finally {
        answering--;
        changes++;
      }
    },
    [Symbol.asyncDispose]: () => mind[Symbol.asyncDispose](),
  };
}
