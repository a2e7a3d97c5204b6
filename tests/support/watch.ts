/** Waits for tests: for a state, not for a time, and with a last word on what was seen instead. @module */

export interface Watch extends Disposable {
  /** Tell the waits that something has changed. */
  changed(): void;
  /**
   * What `find` finds, as soon as it finds something: now, or after a change.
   *
   * @param what Names it in the error.
   * @throws {Error} What `find` throws. When patience runs out, with a report of what was seen; when the watch is
   * disposed of.
   */
  until<T>(what: string, find: () => T | undefined): Promise<T>;
}

/**
 * Milliseconds of the longest wait for something that should happen: it only ends a test that failed, far above what any
 * machine needs that is no slow emulation.
 */
const PATIENCE_MS = Number(Deno.env.get("AGENT_TEST_PATIENCE") ?? 30_000);

/** Watch over a state of which `report` tells what there is to tell. `patienceMs`: default 30,000, or AGENT_TEST_PATIENCE. */
export function createWatch(options: { report: () => string; patienceMs?: number }): Watch {
  const { report, patienceMs = PATIENCE_MS } = options;
  const waits = new Set<{ look(): void; giveUp(why: string): void }>();

  return {
    changed: () => waits.forEach((wait) => wait.look()),
    until<T>(what: string, find: () => T | undefined): Promise<T> {
      const { promise, resolve, reject } = Promise.withResolvers<T>();
      promise.catch(() => {}); // who awaits it still learns of it; a test that failed before needs no second error
      const wait = {
        look() {
          try {
            const found = find();
            if (found === undefined) return;
            end();
            resolve(found);
          } catch (error) {
            end();
            reject(error);
          }
        },
        giveUp(why: string) {
          end();
          reject(new Error(`${why} waiting for ${what}. Seen so far:\n${report() || "nothing"}`));
        },
      };
      const timer = setTimeout(() => wait.giveUp(`Gave up after ${patienceMs} ms of`), patienceMs);
      const end = () => {
        clearTimeout(timer);
        waits.delete(wait);
      };
      waits.add(wait);
      wait.look();
      return promise;
    },
    [Symbol.dispose]: () => waits.forEach((wait) => wait.giveUp("The test ended while still")),
  };
}
