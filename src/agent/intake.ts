/** What becomes of a delivery: a new event is taken in, a known one gets its stored outcome again. @module */

import type { Clock } from "../clock.ts";
import type { Journal } from "../journal/journal.ts";
import type { Log } from "../log.ts";
import type { Delivery } from "../transports/transport.ts";
import { isFailure } from "../wire.ts";
import type { Backlog } from "./backlog.ts";
import type { Outbox } from "./outbox.ts";
import type { Repeats } from "./repeats.ts";

/** Takes deliveries in. */
export interface Intake {
  accept(delivery: Delivery): void;
}

/**
 * @param parts `deliveries`: by event id, for the outbox, of sources that want their handle back; `onFailedBefore`: told
 * of each event that came again and had ended in an error; `onAccepted`: told of each new event.
 */
export function createIntake(parts: {
  agentId: string;
  journal: Pick<Journal, "accept">;
  outbox: Pick<Outbox, "again">;
  backlog: Pick<Backlog, "add">;
  deliveries: Map<string, Delivery>;
  repeats: Repeats;
  onFailedBefore: () => void;
  onAccepted: () => void;
  log: Log;
  clock: Clock;
}): Intake {
  const { agentId, journal, outbox, backlog, deliveries, repeats, log, clock } = parts;
  return {
    accept(delivery) {
      const { event } = delivery;
      const accepted = journal.accept(event);
      if (accepted.state === "answered") {
        log.debug("event {event} arrived again: its stored outcome stands", { event: event.id });
        repeats.repeated(event, { isAnswered: true });
        if (isFailure(accepted.outcome)) parts.onFailedBefore();
        // An outcome that is still to be delivered goes out by itself.
        if (accepted.settled) outbox.again(accepted.outcome, delivery);
        return;
      }
      if (accepted.state === "forgotten") {
        log.info("event {event} was answered so long ago that the answer is gone", { event: event.id });
        const error = "this event was answered before, and its answer is no longer kept";
        outbox.again({ queryId: event.id, error, timestamp: clock.now(), agentId }, delivery);
        return;
      }
      if (delivery.handle !== undefined) deliveries.set(event.id, delivery);
      if (accepted.state === "pending") {
        log.debug("event {event} arrived again: it is being answered", { event: event.id });
        repeats.repeated(event, { isAnswered: false });
        return;
      }
      log.info("📥 Processing new event: {event}", { event: event.id }, { query: event.query });
      repeats.accepted(event);
      parts.onAccepted();
      backlog.add(event, { seq: accepted.seq, isAlone: (delivery.attempt ?? 1) > 1 });
    },
  };
}
