/** When the next commit comes: soon enough that nobody feels it, late enough that many share it. @module */

/**
 * Milliseconds between two commits: several times as long as the last one took, or they would fill the time; never more
 * than would be felt. One that is wanted later than that comes at once, and so does one that nobody joined for `quiet`:
 * all that are coming are there.
 */
const PAUSE_MS = { factor: 8, least: 5, most: 20, quiet: 3 };

/** Calls for the next commit. */
export interface CommitTimer {
  /** Somebody wants a commit. `lazily`: nobody waits for it, so that it may take some 20 ms. */
  ask(options: { lazily: boolean }): void;
  /** A commit begins, or none comes any more: whatever was due is part of it. */
  begin(): void;
  /** A commit that worked took from `startedMs` to `endedMs`, by `performance.now`. */
  done(startedMs: number, endedMs: number): void;
  /** The next commit need not wait for the last one's pause. */
  forgetPause(): void;
}

/**
 * A timer with nothing due.
 *
 * @param options `commit`: called when it is time; `soon`: calls after what is under way in this turn of the event loop.
 */
export function createCommitTimer(
  { commit, soon }: { commit: () => void; soon: (call: () => void) => unknown },
): CommitTimer {
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** When a commit is due, and before when none comes. */
  let dueMs = Infinity, nextMs = 0;
  /** How often the next commit was asked for by somebody who waits for it. */
  let asked = 0;

  function commitAt(atMs: number, nowMs: number) {
    if (atMs >= dueMs) return;
    clearTimeout(timer);
    dueMs = atMs;
    if (atMs > nowMs) commitIn(atMs - nowMs);
    // Even the shortest timer takes more than 2 ms (measured), which each answer that comes alone would wait.
    else soon(() => dueMs === atMs && commit());
  }

  function commitIn(leftMs: number) {
    const before = asked, ms = before > 0 ? Math.min(leftMs, PAUSE_MS.quiet) : leftMs;
    timer = setTimeout(() => asked === before || ms === leftMs ? commit() : commitIn(leftMs - ms), ms);
  }

  return {
    ask({ lazily }) {
      if (!lazily) asked++;
      if (dueMs <= nextMs) return;
      const nowMs = performance.now();
      commitAt(lazily ? nowMs + PAUSE_MS.most : Math.max(nowMs, nextMs), nowMs);
    },
    begin() {
      clearTimeout(timer);
      dueMs = Infinity;
      asked = 0;
    },
    done(startedMs, endedMs) {
      const { factor, least, most } = PAUSE_MS;
      nextMs = endedMs + Math.min(Math.max(factor * (endedMs - startedMs), least), most);
    },
    forgetPause() {
      nextMs = 0;
    },
  };
}
