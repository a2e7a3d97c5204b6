/** How many answers a server is asked for at the same time: fewer, once that many have proved too much for it. @module */

import { ModelError } from "../model_error.ts";

/** Lets requests through, as many at a time as the server has shown to bear. */
export interface Crowd {
  /**
   * Run a request once there is room; again, with fewer beside it, if together they were too much for the server.
   *
   * @param ask Calls `heard` whenever a part of its answer has come.
   */
  run<T>(ask: (heard: () => void) => Promise<T>): Promise<T>;
}

/** Answers in a row without trouble after which one more at a time is tried. */
const CALM = 32;

/**
 * A crowd without a limit at first. It is too much for a server in two ways:
 *
 * - llama.cpp's slots share one window by default; when the answers under way outgrow it together, it ends all of them in
 *   the same instant. Asked again all at once they would collide again.
 * - A server with fewer slots has the others wait without a word, until a time limit passes. It is not down while it
 *   answers some; but whoever asks again at once is the last in its queue, and runs into the limit again. A request that
 *   was overtaken by a later one did not wait in a queue: that the server says nothing to it is its own failure.
 */
export function createCrowd(): Crowd {
  let limit = Infinity, running = 0, calm = 0, collisions = 0;
  /** Parts of answers that have come; requests that were made, and the latest of them that a part has come for. */
  let parts = 0, asked = 0, latestHeard = 0;
  const waiting: (() => void)[] = [];

  async function enter() {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
  }
  function leave() {
    // Its place goes to the next one, unless the limit has become smaller meanwhile.
    const next = running <= limit ? waiting.shift() : undefined;
    if (next) next();
    else running--;
  }
  function collided(since: number) {
    calm = 0;
    // Those that ended in the same instant are one collision.
    if (since !== collisions) return;
    collisions++;
    limit = Math.max(1, Math.floor(running / 2));
  }
  function succeeded() {
    if (limit === Infinity || ++calm < CALM) return;
    calm = 0;
    limit++;
    const next = running < limit ? waiting.shift() : undefined;
    if (!next) return;
    running++;
    next();
  }

  return {
    async run(ask) {
      while (true) {
        await enter();
        const since = collisions, partsBefore = parts, wasAlone = limit === 1, number = ++asked;
        try {
          const result = await ask(() => {
            parts++;
            latestHeard = Math.max(latestHeard, number);
          });
          succeeded();
          return result;
        } catch (error) {
          const { outgrown, isUnheard } = error instanceof ModelError ? error.details : {};
          const hasOutgrown = outgrown && (running > 1 || since !== collisions);
          const hasQueued = isUnheard && parts > partsBefore && latestHeard < number;
          if (wasAlone || !(hasOutgrown || hasQueued)) throw error;
          collided(since);
        } finally {
          leave();
        }
      }
    },
  };
}
