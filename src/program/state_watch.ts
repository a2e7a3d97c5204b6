/** Ends the agent once its state was removed or replaced: what it acknowledged from then on would be lost. @module */

import type { Database } from "../store/database.ts";

/** Milliseconds after a commit until the next look: by then its answers are out. And the least time between two looks. */
const AFTER_COMMIT_MS = 20, PAUSE_MS = 1_000;

/** Watches the place of a database. */
export interface StateWatch extends Disposable {
  /** Aborts when the program is told to stop, or once the state is lost. */
  readonly stop: AbortSignal;
  /** Look now; returns whether the state is still in its place. If not, nothing more is committed. */
  look(): boolean;
}

/**
 * Look after commits, at most once a second, and when `stop` aborts; between these, whoever calls
 * {@linkcode StateWatch.look}.
 */
export function watchState(
  database: Pick<Database, "checkPlace" | "beforeCommit">,
  { stop }: { stop: AbortSignal },
): StateWatch {
  const lost = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let lookedMs = -Infinity;
  const look = () => {
    lookedMs = performance.now();
    try {
      database.checkPlace();
      return true;
    } catch (error) {
      lost.abort(error);
      return false;
    }
  };
  database.beforeCommit(() => {
    if (timer !== undefined || performance.now() - lookedMs < PAUSE_MS) return;
    timer = setTimeout(() => {
      timer = undefined;
      look();
    }, AFTER_COMMIT_MS);
  }, "end");
  stop.addEventListener("abort", look, { once: true });
  return {
    stop: AbortSignal.any([stop, lost.signal]),
    look,
    [Symbol.dispose]() {
      // Commits still come while the rest is closed.
      lookedMs = Infinity;
      clearTimeout(timer);
      stop.removeEventListener("abort", look);
    },
  };
}
