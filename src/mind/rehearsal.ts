/** A first search before anybody asks: a young process needs some 20 ms for it, and 1 ms for the next one. @module */

import type { Clock } from "../clock.ts";

/** Does once what the first question would have to wait for. */
export interface Rehearsal extends Disposable {
  /** A question was asked: nothing is to be rehearsed any more. */
  asked(): void;
  /** Rehearse soon, unless a question comes first. */
  begin(): void;
}

/** Milliseconds before a rehearsal: a question that is on its way already needs none. */
const WAIT_MS = 3;

/** @param parts `rehearse`: what the first question would have to wait for; called once at most. */
export function createRehearsal({ rehearse, clock }: { rehearse: () => void; clock: Clock }): Rehearsal {
  const over = new AbortController();
  let hasBegun = false;

  async function begin() {
    hasBegun = true;
    await clock.sleep(WAIT_MS, over.signal);
    if (!over.signal.aborted) rehearse();
  }

  return {
    asked: () => over.signal.aborted || over.abort(),
    begin: () => hasBegun || over.signal.aborted || void begin(),
    [Symbol.dispose]: () => over.abort(),
  };
}
