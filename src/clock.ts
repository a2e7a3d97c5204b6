/** Time and chance, passed in from outside so that tests control them instead of waiting. @module */

import { setTimeout as delay } from "node:timers/promises";

/** The time of day, and pauses. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds from some moment on, whatever becomes of the time of day: between two calls lies what has really passed. */
  monotonic(): number;
  /** Resolves after `ms` milliseconds, or as soon as `signal` aborts: the caller looks at the signal. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The real clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(ms, signal) {
    try {
      await delay(ms, undefined, signal && { signal });
    } catch (error) {
      if (!signal?.aborted) throw error;
    }
  },
};

const nobody = new Int32Array(new SharedArrayBuffer(4));

/** Wait without letting anything else run, as a call that blocks does. */
export function pauseSync(ms: number): void {
  Atomics.wait(nobody, 0, 0, ms);
}

/** Resolves when `signal` aborts; at once if it has. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  signal.addEventListener("abort", () => resolve(), { once: true });
  return promise;
}

/**
 * A signal that aborts as soon as one of some does, until it is disposed of. Not `AbortSignal.any`: on Deno 2.7.11 its
 * listeners are lost at a garbage collection if nobody holds it.
 */
export function firstOf(...signals: readonly AbortSignal[]): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController(), over = new AbortController();
  for (const signal of signals) {
    const abort = () => controller.abort(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true, signal: over.signal });
  }
  return { signal: controller.signal, [Symbol.dispose]: () => over.abort() };
}

/**
 * Milliseconds to wait before the next try: `baseMs`, doubled for each failure after the first, at most `maxMs`, then
 * shortened by up to a quarter at random, so that agents cut off together do not come back together.
 *
 * @param failures Failed tries in a row; 0 when something that worked was lost.
 * @param options `maxMs`: default 60,000, but never below `baseMs`; `random`: from 0 to below 1, default Math.random.
 * @throws {RangeError} If `failures` is not a whole number from 0 up, or `baseMs` is not above 0.
 * @see RFC 6455, 7.2.3: a random first wait, then truncated exponential backoff.
 */
export function backoffDelayMs(
  failures: number,
  options: { baseMs: number; maxMs?: number; random?: () => number },
): number {
  const { baseMs, maxMs = 60_000, random = Math.random } = options;
  if (!Number.isInteger(failures) || failures < 0) {
    throw new RangeError(`Cannot compute a backoff: failures must be a whole number from 0 up, got ${failures}`);
  }
  if (!(baseMs > 0)) throw new RangeError(`Cannot compute a backoff: baseMs must be above 0, got ${baseMs}`);
  const fullMs = Math.min(baseMs * 2 ** Math.max(0, failures - 1), Math.max(baseMs, maxMs));
  return Math.round(fullMs * (1 - random() / 4));
}
