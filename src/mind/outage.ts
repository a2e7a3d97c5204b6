/** The time while the model is down: all events wait together, and one at a time probes whether it is back. @module */

import { backoffDelayMs, type Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { AgentEvent } from "../wire.ts";
import { ModelError } from "./model_error.ts";

/** What is remembered of an outage, so that a restart does not begin it anew. */
export interface OutageRecord {
  /** When the model was found to be down, in milliseconds since the epoch; undefined while it is not. */
  since(): number | undefined;
  /** Note when it was found to be down, or that it answers again. */
  note(sinceMs: number | undefined): void;
}

/** Parts that an outage is made with. */
export interface OutageParts {
  /** Longest time that an event waits, in milliseconds. */
  readonly maxWaitMs: number;
  /** When an event was accepted, if the journal has it. */
  readonly acceptedMs: (id: string) => number | undefined;
  readonly record: OutageRecord;
  readonly log: Log;
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
}

/** The turn of an event that waited: to try whether the model is back, or because it is. */
export type OutageTurn = "probe" | "up";

/** Knows whether the model is down. */
export interface Outages {
  readonly isDown: boolean;
  /** The model has answered, or begun to, or at least shown that it is there. */
  succeeded(): void;
  /** A try failed because the model is not there. */
  failed(error: ModelError, options: { isProbe: boolean }): void;
  /** A probe ended without telling anything: another event may try. */
  probeNext(): void;
  /**
   * Wait until the model answers again, or it is this event's turn to try.
   *
   * @throws {ModelError} Once the event has waited for as long as it may.
   * @throws `signal.reason` once `signal` aborts.
   */
  turnOf(event: AgentEvent, options: { signal: AbortSignal; probes: number }): Promise<OutageTurn>;
  /** The pause before the next try of an event, in milliseconds. */
  pauseMs(failures: number, error: ModelError): number;
  /** No event probes any more. */
  close(): void;
}

/** Failures in a row, of whatever events, after which the model counts as down. */
const DOWN_AFTER = 3;
/** Milliseconds before the second try, and longest pause. */
const BACKOFF = { baseMs: 1_000, maxMs: 30_000 };

/** An outage that lasts. */
interface Outage {
  /** How long it has lasted, in milliseconds: within this process by a time that nobody sets. */
  readonly lastedMs: () => number;
  /** The last failure, in words. */
  reason: string;
  /** Tries that have failed in it. */
  failures: number;
  /** Whether the next event that comes may try. */
  isDue: boolean;
}

/** An event that waits for the model. */
interface Waiting {
  /** Its tries in this outage: the event with the fewest is next, so that one that is itself the trouble stops no other. */
  readonly probes: number;
  /** Resolved when it is this one's turn to try, or the model answers again; then it waits no more. */
  readonly turn: PromiseWithResolvers<OutageTurn>;
}

/** Outages of one model; the first one may have begun before the start. */
export function createOutages(parts: OutageParts): Outages {
  const { record, log, clock } = parts;
  const closed = new AbortController();
  const queue = createQueue();
  let outage: Outage | undefined;
  let failuresInARow = 0, firstFailure = { atMs: 0, lastedMs: () => 0 };
  const pause = (failures: number, error: ModelError) => pauseMs(failures, error, parts);

  function pauseAfter(current: Outage, error: ModelError) {
    current.reason = error.message;
    current.failures++;
    const ms = pause(current.failures, error);
    log.debug("model is asked again", { failures: current.failures, ms, error: error.message });
    void clock.sleep(ms, closed.signal).then(() => {
      if (current === outage) probeNext();
    });
  }

  function probeNext() {
    if (outage && !queue.release("probe")) outage.isDue = true;
  }

  const sinceMs = record.since();
  if (sinceMs !== undefined) {
    // Whether it still lasts is not known: the first event may try at once. A beginning that is still to come is one of a
    // clock that was set back.
    const lastedMs = lasting(clock, Math.max(0, clock.now() - sinceMs));
    outage = { lastedMs, reason: "It was down before the agent was restarted", failures: 0, isDue: true };
  }
  return {
    get isDown() {
      return outage !== undefined;
    },
    succeeded() {
      failuresInARow = 0;
      if (!outage) return;
      log.info("model answers again", { ms: Math.round(outage.lastedMs()) });
      outage = undefined;
      record.note(undefined);
      while (queue.release("up"));
    },
    failed(error, { isProbe }) {
      // A request sent before the outage tells nothing new.
      if (outage) return isProbe ? pauseAfter(outage, error) : undefined;
      if (failuresInARow++ === 0) firstFailure = { atMs: clock.now(), lastedMs: lasting(clock) };
      if (failuresInARow < DOWN_AFTER && error.retryAfter === undefined) return;
      log.warn("model is down: events wait for it", { error: error.message });
      outage = { lastedMs: firstFailure.lastedMs, reason: "", failures: 0, isDue: false };
      record.note(firstFailure.atMs);
      pauseAfter(outage, error);
    },
    probeNext,
    turnOf: (event, options) => outage ? takeTurn(outage, event, { ...options, queue, parts }) : Promise.resolve("up"),
    pauseMs: pause,
    close: () => closed.abort(),
  };
}

/** Tells how long something lasts that begins now. `beforeMs`: what has passed already. */
function lasting({ monotonic }: Clock, beforeMs = 0): () => number {
  const fromMs = monotonic() - beforeMs;
  return () => monotonic() - fromMs;
}

/** The turn of an event in an outage: at once if a probe is due, else when it is released from the queue. */
async function takeTurn(outage: Outage, event: AgentEvent, options: {
  signal: AbortSignal;
  probes: number;
  queue: Queue;
  parts: OutageParts;
}): Promise<OutageTurn> {
  const { signal, probes, queue, parts: { acceptedMs, maxWaitMs, clock } } = options;
  if (outage.isDue) {
    outage.isDue = false;
    return "probe";
  }
  // By the time of day, since an event may be older than this process. Where that was set forward, it has waited no longer
  // than the outage lasts; where it was set back, and the event comes from the future, just as long.
  const agoMs = clock.now() - (acceptedMs(event.id) ?? 0), lastedMs = outage.lastedMs();
  const leftMs = maxWaitMs - (agoMs < 0 ? lastedMs : Math.min(agoMs, lastedMs));
  const turn = leftMs > 0 ? await queue.wait(probes, { leftMs, clock, signal }) : undefined;
  if (turn) return turn;
  throw new ModelError(
    "unavailable",
    `The model was down for as long as an event may wait (MODEL_MAX_WAIT, ${maxWaitMs} ms). ${outage.reason}`,
  );
}

type Queue = ReturnType<typeof createQueue>;

/** The events that wait, oldest first. */
function createQueue() {
  const waiting = new Set<Waiting>();
  return {
    /** End the wait of the event that is next; false if none waits. */
    release(turn: OutageTurn): boolean {
      let next: Waiting | undefined;
      // The set is in the order of arrival, so the first of those with the fewest probes has waited longest.
      for (const one of waiting) if (next === undefined || one.probes < next.probes) next = one;
      if (!next) return false;
      waiting.delete(next);
      next.turn.resolve(turn);
      return true;
    },
    /** The turn, or undefined after `leftMs`. */
    async wait(
      probes: number,
      { leftMs, clock, signal }: { leftMs: number; clock: Clock; signal: AbortSignal },
    ): Promise<OutageTurn | undefined> {
      const me: Waiting = { probes, turn: Promise.withResolvers() };
      waiting.add(me);
      const over = new AbortController();
      await Promise.race([me.turn.promise, clock.sleep(leftMs, AbortSignal.any([signal, over.signal]))]);
      over.abort();
      signal.throwIfAborted();
      return waiting.delete(me) ? undefined : await me.turn.promise;
    },
  };
}

function pauseMs(failures: number, { retryAfter }: ModelError, { clock, random, maxWaitMs }: OutageParts): number {
  const told = retryAfter === undefined ? 0 : "inMs" in retryAfter ? retryAfter.inMs : retryAfter.atMs - clock.now();
  return Math.max(backoffDelayMs(failures, { ...BACKOFF, random }), Math.min(told, maxWaitMs));
}
