/** Timers that run when a test says so. @module */

/** The stubbed timers of this process. */
export type Time = ReturnType<typeof stubTimers>;

/**
 * `setTimeout` by a clock of the test's: it stands still until told to run.
 *
 * @param grainMs Every timer is due at a multiple of it.
 */
export function stubTimers(grainMs: number) {
  const { setTimeout, clearTimeout } = globalThis;
  const timers = new Map<number, { atMs: number; run: () => void }>();
  let nowMs = 0, made = 0;
  const stub = (run: () => void, ms = 0) => {
    // How soon a commit is due depends on how long the last one took: no order here may depend on that.
    timers.set(++made, { atMs: nowMs + Math.max(1, Math.ceil(ms / grainMs)) * grainMs, run });
    return made;
  };
  Object.assign(globalThis, { setTimeout: stub, clearTimeout: (timer: number) => timers.delete(timer) });
  return {
    now: () => nowMs,
    /** Run the timer that is due next, up to a time; false when there is none, and that time has come. */
    runNext({ untilMs, before }: { untilMs: number; before: () => void }): boolean {
      const [next] = [...timers].filter(([, { atMs }]) => atMs <= untilMs).sort(([, a], [, b]) => a.atMs - b.atMs);
      nowMs = next ? next[1].atMs : untilMs;
      if (!next) return false;
      timers.delete(next[0]);
      before();
      next[1].run();
      return true;
    },
    [Symbol.dispose]: () => void Object.assign(globalThis, { setTimeout, clearTimeout }),
  };
}
