/** Trying again: retries for what can pass, and a long wait, for all events together, while the model is down. @module */

import { backoffDelayMs, type Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { AgentEvent } from "../wire.ts";
import type { Mind, Reply, Rest } from "./mind.ts";
import { ModelError } from "./model_error.ts";

/** What is remembered of an outage, so that a restart does not begin it anew. */
export interface OutageRecord {
  /** When the model was found to be down, in milliseconds since the epoch; undefined while it is not. */
  since(): number | undefined;
  /** Note when it was found to be down, or that it answers again. */
  note(sinceMs: number | undefined): void;
}

/** Tries of an event, the first included, while the model answers others. */
const TRIES = 5;
/** Failures in a row, of whatever events, after which the model counts as down. */
const DOWN_AFTER = 3;
/** Milliseconds before the second try, and longest pause. */
const BACKOFF = { baseMs: 1_000, maxMs: 30_000 };

/** While the model is down. */
interface Outage {
  readonly sinceMs: number;
  /** What went wrong last. */
  reason: string;
  /** Tries that have failed in it. */
  failures: number;
  /** Whether the next event that comes may try. */
  isDue: boolean;
}

/** An event that waits for the model. */
interface Waiting {
  /** Its tries in this outage: whoever has fewest is next, so that an event that is itself the trouble stops no other. */
  readonly probes: number;
  /** Resolved when it is this one's turn to try, or the model answers again; then it waits no more. */
  readonly turn: PromiseWithResolvers<"probe" | "up">;
}

/**
 * A mind that tries again where that may help.
 *
 * A failure of one event is tried again after a pause that doubles, until its tries are spent. After some failures in a
 * row, or when the provider says for how long, the model counts as down: then no event's tries are spent any more. All
 * wait, and one at a time probes, after pauses that double, until the model answers or `maxWaitMs` is over. That counts
 * from the beginning of the outage, or from an event's acceptance if that came later, and it goes on over a restart:
 * who asked has waited meanwhile too.
 *
 * @param options `acceptedMs`: when an event was accepted, if the journal has it; `random`: from 0 to below 1, default Math.random.
 */
export function patient(mind: Mind, options: {
  maxWaitMs: number;
  acceptedMs: (id: string) => number | undefined;
  record: OutageRecord;
  log: Log;
  clock: Clock;
  random?: () => number;
}): Mind {
  const { maxWaitMs, acceptedMs, record, log, clock, random = Math.random } = options;
  const closed = new AbortController();
  const waiting = new Set<Waiting>();
  let outage: Outage | undefined;
  let failuresInARow = 0, firstFailureMs = 0;

  const pauseMs = (failures: number, { retryAfter }: ModelError) => {
    const told = retryAfter === undefined ? 0 : "inMs" in retryAfter ? retryAfter.inMs : retryAfter.atMs - clock.now();
    return Math.max(backoffDelayMs(failures, { ...BACKOFF, random }), Math.min(told, maxWaitMs));
  };
  const release = (one: Waiting, turn: "probe" | "up") => {
    waiting.delete(one);
    one.turn.resolve(turn);
  };

  function succeeded() {
    failuresInARow = 0;
    if (!outage) return;
    log.info("model answers again", { ms: clock.now() - outage.sinceMs });
    outage = undefined;
    record.note(undefined);
    waiting.forEach((one) => release(one, "up"));
  }

  function failed(error: ModelError, isProbe: boolean) {
    if (outage) {
      // Of a request that was under way before, nothing new is to be learnt.
      if (isProbe) pauseAfter(outage, error);
      return;
    }
    if (failuresInARow++ === 0) firstFailureMs = clock.now();
    if (failuresInARow < DOWN_AFTER && error.retryAfter === undefined) return;
    log.warn("model is down: events wait for it", { error: error.message });
    outage = { sinceMs: firstFailureMs, reason: "", failures: 0, isDue: false };
    record.note(firstFailureMs);
    pauseAfter(outage, error);
  }

  function pauseAfter(current: Outage, error: ModelError) {
    current.reason = error.message;
    current.failures++;
    const ms = pauseMs(current.failures, error);
    log.debug("model is asked again", { failures: current.failures, ms, error: error.message });
    void clock.sleep(ms, closed.signal).then(() => probeNext(current));
  }

  function probeNext(current: Outage | undefined) {
    if (!current || current !== outage) return;
    let next: Waiting | undefined;
    // Whoever comes first in the set has waited longest.
    for (const one of waiting) if (next === undefined || one.probes < next.probes) next = one;
    if (next) release(next, "probe");
    else current.isDue = true;
  }

  /** Wait until the model answers again, or it is this event's turn to try. */
  async function turnOf(
    event: AgentEvent,
    current: Outage,
    { signal, probes }: { signal: AbortSignal; probes: number },
  ) {
    if (current.isDue) {
      current.isDue = false;
      return "probe";
    }
    const leftMs = Math.max(current.sinceMs, acceptedMs(event.id) ?? 0) + maxWaitMs - clock.now();
    const me: Waiting = { probes, turn: Promise.withResolvers() };
    if (leftMs > 0) {
      waiting.add(me);
      const over = new AbortController();
      await Promise.race([me.turn.promise, clock.sleep(leftMs, AbortSignal.any([signal, over.signal]))]);
      over.abort();
      signal.throwIfAborted();
      if (!waiting.delete(me)) return await me.turn.promise;
    }
    throw new ModelError(
      "unavailable",
      `The model was down for as long as an event may wait (MODEL_MAX_WAIT, ${maxWaitMs} ms). ${current.reason}`,
    );
  }

  async function answer(event: AgentEvent, signal: AbortSignal, rest: Rest = (wait) => wait()): Promise<Reply> {
    let tries = 0, probes = 0;
    while (true) {
      const current = outage;
      const turn = current && await rest(() => turnOf(event, current, { signal, probes }));
      const isProbe = turn === "probe";
      try {
        const reply = await mind.answer(event, signal);
        succeeded();
        return reply;
      } catch (error) {
        if (!(error instanceof ModelError) || signal.aborted) {
          // It has told nothing about the model, so another one may try.
          if (isProbe) probeNext(current);
          throw error;
        }
        if (error.kind === "unavailable") failed(error, isProbe);
        // Whatever it said, it is there.
        else succeeded();
        if (error.kind === "refused") throw error;
        if (isProbe) probes++;
        else tries++;
        if (outage) continue;
        if (tries >= TRIES) {
          throw new ModelError(error.kind, `${error.message}. Tried ${tries} times`, { cause: error });
        }
        const ms = pauseMs(tries, error);
        log.warn("event {event} is tried again", { event: event.id, tries, ms, error: error.message });
        await rest(() => clock.sleep(ms, signal));
        signal.throwIfAborted();
      }
    }
  }

  const sinceMs = record.since();
  if (sinceMs !== undefined) {
    // Whether it still lasts is not known: the first event may try at once.
    outage = { sinceMs, reason: "It was down before the agent was restarted", failures: 0, isDue: true };
  }
  return {
    agentId: mind.agentId,
    answer,
    async [Symbol.asyncDispose]() {
      closed.abort();
      await mind[Symbol.asyncDispose]();
    },
  };
}
