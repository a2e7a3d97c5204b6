/** Outcomes on their way back: offered to the transport in order, again after it was out of reach. @module */

import type { Journal, RecordedOutcome } from "../journal/journal.ts";
import type { Log } from "../log.ts";
import type { Delivery, Transport } from "../transports/transport.ts";
import { entryOf, type Failure, isFailure, type Outcome } from "../wire.ts";
import type { Deliveries } from "./deliveries.ts";
import { createSettling } from "./settling.ts";

/** What still has to be delivered. */
export interface Outbox {
  /**
   * Outcomes up to `seq` are durable and may go out.
   *
   * @param latest The last of them, where they are at hand: then they need not be read back.
   */
  release(seq: number, latest?: readonly RecordedOutcome[]): void;
  /** Send an outcome once more, to a sender that asked again. */
  again(outcome: Outcome, delivery: Delivery): void;
  /** The event of an unsettled outcome was delivered again: the outcome goes out, if it is released. */
  redelivered(id: string, delivery: Delivery): void;
  /** The peer can be reached: offer what it did not get. */
  retry(): void;
  /** Resolves when all that was offered has been settled, or can't be now. */
  drained(): Promise<void>;
}

/** Outcomes that are with the transport at the same time, at most: what bounds memory when it is slow. */
const MAX_OFFERED = 1024;
/** Events that came again while so many were with the transport, at most: some 100 bytes each, an error 1 kB. */
const MAX_OWED = 50_000;

/**
 * @param options `deliveries`: of sources that want their handle back; an event's are forgotten once it is settled.
 * `onError`: told of what should never fail, and ends the agent.
 */
// deno-lint-ignore house/function-length -- what is released, offered and out of reach is one state, which every verb changes
export function createOutbox(options: {
  journal: Pick<Journal, "unsettled" | "settled" | "recorded">;
  transport: Pick<Transport, "settle">;
  deliveries: Deliveries;
  log: Log;
  onError: (error: unknown) => void;
}): Outbox {
  const { journal, deliveries } = options;
  const settling = createSettling(options);
  /** Outcomes up to here were released, and up to there were offered since the peer could last be reached. */
  let released = 0, offered = 0;
  let isUnreachable = false;
  /** How often the peer came back into reach: a refusal from before says nothing about now. */
  let reach = 0;
  /** Places of the outcomes that are with the transport, and by their events' ids who asked for one again meanwhile. */
  const underWay = new Set<number>(), askedAgain = new Map<string, Delivery | undefined>();
  /** Outcomes to be sent again once there is room, by their events' ids; with errors, since not all are in the journal. */
  const owed = new Map<string, Failure | undefined>();

  function offerSome() {
    while (!isUnreachable && offered < released && settling.active < MAX_OFFERED) {
      const batch = journal.unsettled({ seq: offered, upTo: released, limit: MAX_OFFERED - settling.active });
      if (batch.length === 0) offered = released;
      batch.forEach(offer);
    }
    for (const [id, failure] of owed) {
      if (settling.active >= MAX_OFFERED) return;
      owed.delete(id);
      const outcome = failure ?? journal.recorded(id)?.outcome;
      if (outcome) again(outcome, undefined);
    }
  }

  function offer(recorded: RecordedOutcome) {
    const { seq, outcome } = recorded;
    offered = seq;
    if (underWay.has(seq)) return;
    const triedReach = reach, { queryId } = outcome;
    underWay.add(seq);
    askedAgain.set(queryId, undefined);
    settling.settle(recorded, deliveries.of(queryId).at(-1), (isSettled) => {
      const repeat = askedAgain.get(queryId);
      underWay.delete(seq);
      askedAgain.delete(queryId);
      if (isSettled) {
        deliveries.remove(queryId);
        journal.settled(seq);
        if (repeat) again(outcome, repeat);
      } else if (isSettled === false) {
        if (triedReach === reach) isUnreachable = true;
        // The peer came back in the meantime, and this one was passed over since it was still under way.
        else offered = Math.min(offered, seq - 1);
      }
      offerSome();
    });
  }

  function again(outcome: Outcome, delivery: Delivery | undefined) {
    if (settling.active >= MAX_OFFERED) {
      if (owed.size < MAX_OWED) owed.set(outcome.queryId, isFailure(outcome) ? outcome : undefined);
      return;
    }
    settling.settle(entryOf(outcome), delivery, (isSettled) => {
      if (isSettled) deliveries.remove(outcome.queryId);
      // The sender has gone: it asks again when it is back, since it was not told.
      else owed.clear();
      offerSome();
    });
  }

  return {
    release(seq, latest = []) {
      const isAbreast = offered === released;
      released = seq;
      for (const recorded of isAbreast ? latest : []) {
        if (isUnreachable || settling.active >= MAX_OFFERED) break;
        offer(recorded);
      }
      offerSome();
    },
    again,
    redelivered(id, delivery) {
      // It goes out by itself: nothing but a peer out of reach holds it up. One that is under way may have left before the
      // event came again, and whoever sent that waits for another.
      if (askedAgain.has(id)) askedAgain.set(id, delivery);
    },
    retry() {
      reach++;
      isUnreachable = false;
      offered = 0;
      offerSome();
    },
    drained: settling.drained,
  };
}
