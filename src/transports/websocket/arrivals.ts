/** What came from a peer, in one queue with one wake-up and one watch over its silence. @module */

import type { Clock } from "../../clock.ts";

/** How a connection ended. */
export interface Ending {
  /** The close code; 1006 if the peer never sent one. */
  readonly code: number;
  readonly reason: string;
  /** What went wrong, if anything did. */
  readonly error?: string;
}

/** What came from the peer. */
export type Arrival =
  | { readonly kind: "frame"; readonly data: string | ArrayBuffer }
  | { readonly kind: "end"; readonly ending: Ending };

/** The queue of one connection. */
export interface Arrivals {
  add(arrival: Arrival): void;
  /** Frames that have come so far. */
  received(): number;
  /** What came next, if it is here; the end comes last, and again for whoever asks again. */
  take(): Arrival | undefined;
  /** What comes next; at most one call waits at a time. */
  wait(options: { signal: AbortSignal; atMostMs: number }): Promise<Arrival | "silence" | "aborted">;
}

/** An empty queue. */
export function createArrivals(clock: Clock): Arrivals {
  let queue: Arrival[] = [];
  /** How many of them were taken: shifting each off a long array would move all the others. */
  let taken = 0;
  let received = 0;
  let wake: (() => void) | undefined;
  /** When the wait that is going on began. */
  let waitingSinceMs = 0;
  /** Watches over a silence for many waits in a row: a timer for each frame would cost more than the frame. */
  let watch: { readonly atMostMs: number; readonly replaced: AbortController } | undefined;

  /** Wakes the wait when nothing has arrived for `atMostMs`, or when `signal` aborts. */
  async function watchSilence(atMostMs: number, signal: AbortSignal): Promise<void> {
    watch?.replaced.abort();
    const replaced = new AbortController();
    const current = watch = { atMostMs, replaced };
    const ended = AbortSignal.any([signal, replaced.signal]);
    for (let ms = atMostMs; ms > 0 && !ended.aborted;) {
      await clock.sleep(ms, ended);
      // If the clock was set back, the silence begins anew.
      ms = Math.min(waitingSinceMs + atMostMs - clock.now(), atMostMs);
    }
    if (watch === current) watch = undefined;
    if (!replaced.signal.aborted) wake?.();
  }

  const take = () => {
    const first = queue[taken];
    if (!first && taken > 0) [queue, taken] = [[], 0];
    if (first && first.kind !== "end") taken++;
    return first;
  };
  return {
    add(arrival) {
      if (arrival.kind === "frame") received++;
      else watch?.replaced.abort();
      queue.push(arrival);
      wake?.();
    },
    received: () => received,
    take,
    async wait({ signal, atMostMs }) {
      if (taken === queue.length && !signal.aborted) {
        waitingSinceMs = clock.now();
        const woken = new Promise<void>((resolve) => wake = resolve);
        if (watch?.atMostMs !== atMostMs) void watchSilence(atMostMs, signal);
        await woken;
        wake = undefined;
      }
      if (signal.aborted) return "aborted";
      return take() ?? "silence";
    },
  };
}
