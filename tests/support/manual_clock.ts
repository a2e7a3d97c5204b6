/** A clock that stands still until the test moves it. @module */

import { setImmediate } from "node:timers/promises";
import type { Clock } from "../../src/clock.ts";

export interface ManualClock extends Clock {
  /** Milliseconds of every sleep that was begun, in that order. */
  readonly sleeps: readonly number[];
  /** Move on by `ms`, waking whoever is due, one after the other, at the time that each is. */
  advance(ms: number): Promise<void>;
  /** Somebody sets the time of day: on by `ms`, or back. */
  set(ms: number): void;
}

/** Returns once every promise that can go on has gone on. */
export async function allSettled(): Promise<void> {
  await setImmediate();
  await setImmediate();
}

export function manualClock(startMs = 1_700_000_000_000): ManualClock {
  let nowMs = 0, dayMs = startMs;
  const sleeps: number[] = [];
  const asleep = new Set<{ atMs: number; wake: () => void }>();
  return {
    sleeps,
    now: () => dayMs + nowMs,
    monotonic: () => nowMs,
    sleep(ms, signal) {
      sleeps.push(ms);
      const { promise, resolve } = Promise.withResolvers<void>();
      const sleeper = { atMs: nowMs + ms, wake: resolve };
      asleep.add(sleeper);
      const wake = () => {
        asleep.delete(sleeper);
        resolve();
      };
      if (signal?.aborted) wake();
      signal?.addEventListener("abort", wake, { once: true });
      return promise;
    },
    async advance(ms) {
      const untilMs = nowMs + ms;
      await allSettled();
      while (true) {
        const [next] = [...asleep].toSorted((a, b) => a.atMs - b.atMs);
        if (!next || next.atMs > untilMs) break;
        nowMs = Math.max(nowMs, next.atMs);
        asleep.delete(next);
        next.wake();
        await allSettled();
      }
      nowMs = untilMs;
    },
    set(ms) {
      dayMs += ms;
    },
  };
}
