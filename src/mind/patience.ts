/** Trying again: retries for what can pass, and a long wait, for all events together, while the model is down. @module */

import type { Clock } from "../clock.ts";
import { FORGOTTEN } from "../forget_request.ts";
import type { MindObserver } from "../observer.ts";
import type { AgentEvent } from "../wire.ts";
import type { Answering, Mind, Reply, Rest } from "./mind.ts";
import { ModelError } from "./model_error.ts";
import { createOutages, type OutageParts, type Outages } from "./outage.ts";

/** A mind that tries again, and knows how long its tries take. */
export interface PatientMind extends Mind {
  /** Milliseconds that the oldest try of an event has been under way; 0 if there is none. */
  underWayMs(): number;
  /** Milliseconds since a try of any event has ended; since the mind was made, if none has. */
  quietMs(): number;
  /** Whether the model counts as down. */
  readonly isDown: boolean;
}

/** What came of a try: an answer, or an error, and whether the event is to wait until the model is back. */
type Attempt =
  | { readonly reply: Reply; readonly error?: never; readonly waits?: never }
  | { readonly reply?: never; readonly error: ModelError; readonly waits: boolean };

/** The tries under way: when each began, and when one ended last, by {@linkcode Clock.monotonic}. */
interface UnderWay {
  readonly starts: Set<{ atMs: number }>;
  endedMs: number;
}

/** Tries of an event, the first included, while the model answers others. */
const TRIES = 5;

/**
 * A mind that tries again where that may help.
 *
 * A failure of one event is tried again after a pause that doubles, until its tries are spent. After some failures in a
 * row, or when the provider says for how long, the model counts as down: then no event's tries are spent any more. All
 * wait, and one at a time probes, after pauses that double, until the model begins to answer or `maxWaitMs` is over.
 * That counts from the beginning of the outage, or from an event's acceptance if that came later, and it goes on over a
 * restart: the event's sender has waited meanwhile too.
 *
 * @param options `random`: default Math.random; `observer`: told of failures and further tries.
 */
export function patient(
  mind: Mind,
  options: Omit<OutageParts, "random"> & Partial<Pick<OutageParts, "random">> & {
    readonly observer?: MindObserver | undefined;
  },
): PatientMind {
  const parts: OutageParts = { random: Math.random, ...options };
  const { log, clock } = parts, { observer } = options;
  const outages = createOutages(parts);
  const underWay: UnderWay = { starts: new Set(), endedMs: clock.monotonic() };
  const trying: Trying = { mind, outages, underWay, observer, clock };

  async function answer(event: AgentEvent, signal: AbortSignal, how: Answering = {}): Promise<Reply> {
    const { rest = (wait) => wait() } = how;
    let tries = 0, probes = 0;
    while (true) {
      // Without an outage there is no rest either, which would give the event's place away.
      const turn = outages.isDown ? await rest(() => outages.turnOf(event, { signal, probes })) : "up";
      const isProbe = turn === "probe";
      const { reply, error, waits } = await attempt(event, signal, trying, { how, isProbe });
      if (reply) return reply;
      if (isProbe) probes++;
      else tries++;
      if (waits || tries < TRIES) observer?.retried();
      if (waits) continue;
      if (tries >= TRIES) {
        throw new ModelError(error.kind, `${error.message}. Tried ${tries} times`, { cause: error });
      }
      const ms = outages.pauseMs(tries, error);
      log.warn("event {event} is tried again", { event: event.id, tries, ms, error: error.message });
      await rest(() => clock.sleep(ms, signal));
      signal.throwIfAborted();
    }
  }

  return {
    agentId: mind.agentId,
    answer,
    get isDown() {
      return outages.isDown;
    },
    underWayMs: () => Math.max(0, ...Array.from(underWay.starts, ({ atMs }) => clock.monotonic() - atMs)),
    quietMs: () => clock.monotonic() - underWay.endedMs,
    [Symbol.asyncDispose]() {
      outages.close();
      return mind[Symbol.asyncDispose]();
    },
  };
}

/** What every try is made with. */
interface Trying {
  readonly mind: Mind;
  readonly outages: Outages;
  readonly underWay: UnderWay;
  readonly observer: MindObserver | undefined;
  readonly clock: Clock;
}

/** One try, and what it tells of the model. */
async function attempt(
  event: AgentEvent,
  signal: AbortSignal,
  { mind, outages, underWay, observer, clock }: Trying,
  { how, isProbe }: { how: Answering; isProbe: boolean },
): Promise<Attempt> {
  if (how.isWanted?.() === false) {
    if (isProbe) outages.probeNext();
    throw new Error(FORGOTTEN);
  }
  const start = { atMs: clock.monotonic() };
  underWay.starts.add(start);
  let hasBegun = false;
  const begun = () => {
    hasBegun = true;
    // Its first words prove that the model is there: the others need not wait for the last one.
    outages.succeeded();
    how.begun?.();
  };
  // A wait before the answer, such as for the knowledge, has no limit, and is no answer that hangs.
  const rest: Rest = async (wait) => {
    underWay.starts.delete(start);
    try {
      return await (how.rest ?? ((wait) => wait()))(wait);
    } finally {
      start.atMs = clock.monotonic();
      underWay.starts.add(start);
    }
  };
  try {
    const reply = await mind.answer(event, signal, { ...how, rest, begun });
    outages.succeeded();
    return { reply };
  } catch (error) {
    if (!signal.aborted && how.isWanted?.() !== false) {
      observer?.modelFailed(error instanceof ModelError ? error.kind : "other");
    }
    if (!(error instanceof ModelError) || signal.aborted) {
      // It has told nothing about the model, so another event may try.
      if (isProbe && !hasBegun) outages.probeNext();
      throw error;
    }
    if (error.kind === "unavailable") outages.failed(error, { isProbe: isProbe && !hasBegun });
    // An answer that can't be used, or a refusal, shows that the model is there.
    else outages.succeeded();
    if (error.kind === "refused") throw error;
    return { error, waits: outages.isDown };
  } finally {
    underWay.starts.delete(start);
    underWay.endedMs = clock.monotonic();
  }
}
