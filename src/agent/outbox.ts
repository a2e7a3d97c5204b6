/** Outcomes on their way back: offered to the transport in order, again after it was out of reach. @module */

import type { Journal, RecordedOutcome } from "../journal/journal.ts";
import type { Log } from "../log.ts";
import type { Delivery, Transport } from "../transports/transport.ts";
import { type Entry, entryOf, isFailure, type Outcome } from "../wire.ts";
import type { Deliveries } from "./deliveries.ts";

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
  redelivered(id: string): void;
  /** The peer can be reached: offer what it did not get. */
  retry(): void;
  /** Resolves when all that was offered has been settled, or can't be now. */
  drained(): Promise<void>;
}

/** Outcomes that are with the transport at the same time, at most: what bounds memory when it is slow. */
const MAX_OFFERED = 1024;

/**
 * @param options `deliveries`: of sources that want their handle back; an event's are forgotten once it is settled.
 * `onError`: told of what should never fail, and ends the agent.
 */
export function createOutbox(options: {
  journal: Pick<Journal, "unsettled" | "settled">;
  transport: Pick<Transport, "settle">;
  deliveries: Deliveries;
  log: Log;
  onError: (error: unknown) => void;
}): Outbox {
  const { journal, transport, deliveries, log, onError } = options;
  /** Outcomes up to here were released, and up to there were offered since the peer could last be reached. */
  let released = 0, offered = 0;
  let unreachable = false;
  /** How often the peer came back into reach: a refusal from before says nothing about now. */
  let reach = 0;
  /** Places of the outcomes that are with the transport. */
  const underWay = new Set<number>();
  /** What is with the transport: those, and what is sent once more. */
  let active = 0;
  let waiting: PromiseWithResolvers<void> | undefined;

  const offerSome = () => {
    while (!unreachable && offered < released && active < MAX_OFFERED) {
      const batch = journal.unsettled({ seq: offered, upTo: released, limit: MAX_OFFERED - active });
      if (batch.length === 0) offered = released;
      batch.forEach(offer);
    }
  };
  const offer = (recorded: RecordedOutcome) => {
    const { seq, outcome } = recorded;
    offered = seq;
    if (underWay.has(seq)) return;
    const triedReach = reach;
    underWay.add(seq);
    void settle(recorded, deliveries.of(outcome.queryId).at(-1), (done) => {
      underWay.delete(seq);
      if (done === undefined) return;
      if (done) journal.settled(seq);
      else if (triedReach === reach) unreachable = true;
      // The peer came back in the meantime, and this one was passed over since it was still under way.
      else offered = Math.min(offered, seq - 1);
    });
  };
  const settle = async (entry: Entry, delivery: Delivery | undefined, note: (done?: boolean) => void) => {
    const { outcome } = entry;
    active++;
    /** Nothing is known of an outcome whose settling went wrong. */
    let done: boolean | undefined;
    try {
      done = await transport.settle(entry, delivery);
    } catch (error) {
      onError(error);
    }
    try {
      active--;
      if (done) {
        deliveries.remove(outcome.queryId);
        log.debug("outcome delivered", { event: outcome.queryId, failed: isFailure(outcome) });
      }
      note(done);
      offerSome();
      if (active > 0) return;
      waiting?.resolve();
      waiting = undefined;
    } catch (error) {
      onError(error);
    }
  };

  return {
    release(seq, latest = []) {
      const isAbreast = offered === released;
      released = seq;
      for (const recorded of isAbreast ? latest : []) {
        if (unreachable || active >= MAX_OFFERED) break;
        offer(recorded);
      }
      offerSome();
    },
    again(outcome, delivery) {
      // If it fails, or there is too much under way already, the sender asks again: it was not told.
      if (active < MAX_OFFERED) void settle(entryOf(outcome), delivery, () => {});
    },
    redelivered() {
      // It goes out by itself: nothing but a peer out of reach holds it up.
    },
    retry() {
      reach++;
      unreachable = false;
      offered = 0;
      offerSome();
    },
    drained() {
      if (active === 0) return Promise.resolve();
      waiting ??= Promise.withResolvers();
      return waiting.promise;
    },
  };
}
