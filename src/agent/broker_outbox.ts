/** Outcomes on their way back to a broker: each goes with its delivery, or waits until its event is delivered again. @module */

import type { Journal, RecordedOutcome } from "../journal/journal.ts";
import type { Log } from "../log.ts";
import type { Delivery, Transport } from "../transports/transport.ts";
import { type Entry, entryOf } from "../wire.ts";
import type { Deliveries } from "./deliveries.ts";
import type { Outbox } from "./outbox.ts";
import { createSettling } from "./settling.ts";

/**
 * The outbox of a source that `redelivers`. It offers no outcome without a delivery: another agent may have settled the
 * event, and to publish the outcome once more would be a sure duplicate. A refused outcome holds up no other one.
 *
 * @param options `deliveries`: an event's are forgotten once its outcome is settled; `onError`: told of what should
 * never fail, and ends the agent.
 */
// deno-lint-ignore house/function-length -- what is released, waiting and under way is one state, which every verb changes
export function createBrokerOutbox(options: {
  journal: Pick<Journal, "settled" | "recorded">;
  transport: Pick<Transport, "settle">;
  deliveries: Deliveries;
  log: Log;
  onError: (error: unknown) => void;
}): Outbox {
  const { journal, deliveries } = options;
  const settling = createSettling(options);
  /** Outcomes that were released and still have deliveries, by event id; at most as many as the source's prefetch. */
  const waiting = new Map<string, RecordedOutcome>();
  /** Deliveries that are with the transport. */
  const underWay = new Set<Delivery>();
  let released = 0;

  function offer(recorded: RecordedOutcome) {
    const id = recorded.outcome.queryId;
    for (const delivery of deliveries.of(id)) {
      settle(recorded, delivery, (isSettled) => {
        if (isSettled) journal.settled(recorded.seq);
        deliveries.remove(id, new Set([delivery]));
        if (!deliveries.has(id)) waiting.delete(id);
      });
    }
  }

  /** @param onEnd Called where the delivery has had its use: it is settled, or void. */
  function settle(entry: Entry, delivery: Delivery, onEnd: (isSettled: boolean | undefined) => void) {
    if (underWay.has(delivery)) return;
    underWay.add(delivery);
    settling.settle(entry, delivery, (isSettled) => {
      underWay.delete(delivery);
      if (isSettled !== false) onEnd(isSettled);
    });
  }

  return {
    release(seq, latest = []) {
      released = seq;
      for (const recorded of latest) {
        const id = recorded.outcome.queryId;
        if (!deliveries.has(id)) continue;
        waiting.set(id, recorded);
        offer(recorded);
      }
    },
    again(outcome, delivery) {
      // If this fails, the broker delivers the event again: it was not told that the event is settled.
      settle(entryOf(outcome), delivery, () => {});
    },
    redelivered(id) {
      const recorded = journal.recorded(id);
      // An outcome that is not released yet goes out when it is.
      if (recorded === undefined || recorded.seq > released) return;
      waiting.set(id, recorded);
      offer(recorded);
    },
    retry() {
      for (const recorded of waiting.values()) offer(recorded);
    },
    drained: settling.drained,
  };
}
