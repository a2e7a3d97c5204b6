/** How many answers a server makes at the same time: fewer, once several have outgrown the window they share. @module */

import { ModelError } from "../model_error.ts";

/** Lets requests through, as many at a time as the server has shown to bear. */
export interface Crowd {
  /** Run a request once there is room; again, with fewer beside it, if it has outgrown the window with others. */
  run<T>(ask: () => Promise<T>): Promise<T>;
}

/** Answers in a row without trouble after which one more at a time is tried. */
const CALM = 32;

/**
 * A crowd without a limit at first. llama.cpp's slots share one window by default; when the answers under way outgrow it
 * together, it ends all of them in the same instant. Asked again all at once they would collide again.
 */
export function createCrowd(): Crowd {
  let limit = Infinity, running = 0, calm = 0, collisions = 0;
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
        const since = collisions, wasAlone = limit === 1;
        try {
          const result = await ask();
          succeeded();
          return result;
        } catch (error) {
          const hasOutgrown = error instanceof ModelError && error.details.outgrown === true;
          if (!hasOutgrown || wasAlone || (running === 1 && since === collisions)) throw error;
          collided(since);
        } finally {
          leave();
        }
      }
    },
  };
}
