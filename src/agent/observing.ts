/** Tells an observer what becomes of events in the loop. Without one it does nothing, and costs as much. @module */

import type { RecordedOutcome } from "../journal/journal.ts";
import type { EventObserver, LoopObserver, Result } from "../observer.ts";
import type { Delivery, Transport } from "../transports/transport.ts";
import { type TraceHeaders, traceHeaders } from "../trace_headers.ts";
import { type AgentEvent, isFailure, type Outcome } from "../wire.ts";

/** Tells of events. */
export interface Observing {
  /** An event was taken in to be answered. */
  accepted(delivery: Delivery): void;
  /** An event came again. */
  repeated(): void;
  /** An event's turn has come; returns who follows it. */
  started(event: AgentEvent): EventObserver | undefined;
  ended(outcome: Outcome): void;
  /** Outcomes are on disk. */
  committed(outcomes: readonly RecordedOutcome[]): void;
  /** The transport, whose deliveries are told of. */
  over(transport: Transport): Transport;
  /** The loop has ended: what is still followed is let go. */
  end(): void;
}

/** Events that are followed before their turn has come, at most; the others are followed from their turn on. */
const MAX_WAITING = 10_000;
/** Events that are followed while their outcome waits for a peer out of reach, at most. */
const MAX_UNSETTLED = 10_000;

const NOTHING: Observing = {
  accepted() {},
  repeated() {},
  started: () => undefined,
  ended() {},
  committed() {},
  over: (transport) => transport,
  end() {},
};

/**
 * @param parts `acceptedMs`: when an event was accepted, by the journal; an event of an earlier run is followed from its
 * turn on.
 */
export function createObserving(
  observer: LoopObserver | undefined,
  parts: { acceptedMs: (id: string) => number | undefined; now: () => number },
): Observing {
  if (!observer) return NOTHING;
  const followed = createFollowed(observer);
  return {
    accepted({ event, trace }) {
      observer.received();
      if (followed.hasRoom() && !followed.of(event.id)) followed.add(event, parts.now(), trace);
    },
    repeated: () => observer.duplicate(),
    started(event) {
      const one = followed.of(event.id) ?? followed.add(event, parts.acceptedMs(event.id) ?? parts.now());
      one.started();
      return one;
    },
    ended: (outcome) => followed.of(outcome.queryId)?.ended(resultOf(outcome)),
    committed(outcomes) {
      for (const { outcome } of outcomes) followed.committed(outcome.queryId);
    },
    over: (transport) => ({
      ...transport,
      async settle(entry, delivery) {
        const { queryId } = entry.outcome, one = followed.of(queryId);
        const isSettled = await transport.settle(entry, delivery, one?.delivering());
        if (isSettled && one) {
          one.delivered();
          followed.forget(queryId);
        }
        return isSettled;
      },
    }),
    end: followed.end,
  };
}

/** The events that are followed, by their ids. */
function createFollowed(observer: LoopObserver) {
  const followed = new Map<string, EventObserver>();
  /** Those of them whose outcome is committed, oldest first. */
  const unsettled = new Set<string>();
  const forget = (id: string) => {
    followed.delete(id);
    unsettled.delete(id);
  };
  const drop = (id: string) => {
    followed.get(id)?.dropped();
    forget(id);
  };
  return {
    /** Whether one more may be followed that waits. */
    hasRoom: () => followed.size - unsettled.size < MAX_WAITING,
    of: (id: string) => followed.get(id),
    add(event: AgentEvent, acceptedMs: number, trace = traceIn(event)): EventObserver {
      const one = observer.follow({ acceptedMs, trace });
      followed.set(event.id, one);
      return one;
    },
    committed(id: string) {
      const one = followed.get(id);
      if (!one) return;
      one.committed();
      unsettled.add(id);
      const [oldest] = unsettled;
      if (unsettled.size > MAX_UNSETTLED && oldest !== undefined) drop(oldest);
    },
    forget,
    /** Let all of them go. */
    end() {
      for (const id of followed.keys()) drop(id);
    },
  };
}

function resultOf(outcome: Outcome): Result {
  if (isFailure(outcome)) return "failed";
  return outcome.metadata?.declined ? "declined" : "answered";
}

/** The trace headers that a sender whose messages have none puts into the metadata. */
function traceIn({ metadata }: AgentEvent): TraceHeaders | undefined {
  return traceHeaders((name) => metadata?.[name]);
}
