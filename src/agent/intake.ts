/** What becomes of a delivery: a new event is taken in, a known one gets its stored outcome again. @module */

import type { Clock } from "../clock.ts";
import type { Journal } from "../journal/journal.ts";
import type { Log } from "../log.ts";
import type { Delivery } from "../transports/transport.ts";
import { type AgentEvent, type Failure, isFailure } from "../wire.ts";
import type { Backlog } from "./backlog.ts";
import type { Deliveries } from "./deliveries.ts";
import { tellIdleMetadata } from "./idle_metadata.ts";
import type { Observing } from "./observing.ts";
import type { Outbox } from "./outbox.ts";
import type { Repeats } from "./repeats.ts";

/** Takes deliveries in. */
export interface Intake {
  accept(delivery: Delivery): void;
}

/** The error of an event whose outcome was pruned. */
const NOT_KEPT = "this event was answered before, and its answer is no longer kept";

/**
 * @param parts `isLoaded`: whether a pending event of the journal is answered without a further delivery; `deliveries`:
 * for the outbox, of sources that want their handle back; `onFailedBefore`: told of each event that came again and had
 * ended in an error; `onAccepted`: told of each new event; `onRefused`: given the outcome of what its source could not
 * take for an event.
 */
export function createIntake(parts: {
  agentId: string;
  journal: Pick<Journal, "accept" | "signed">;
  outbox: Pick<Outbox, "again" | "redelivered">;
  backlog: Pick<Backlog, "add" | "addAgain">;
  isLoaded: (id: string) => boolean;
  deliveries: Deliveries;
  repeats: Repeats;
  onFailedBefore: () => void;
  onAccepted: () => void;
  observing: Pick<Observing, "accepted" | "repeated">;
  onRefused: (outcome: Failure) => void;
  log: Log;
  clock: Clock;
}): Intake {
  const { agentId, journal, outbox, backlog, isLoaded, deliveries, repeats, observing, log, clock } = parts;
  const tellIdle = tellIdleMetadata(log);
  const failure = ({ id }: AgentEvent, error: string) => ({ queryId: id, error, timestamp: clock.now(), agentId });
  return {
    accept(delivery) {
      const { event, refusal } = delivery;
      if (refusal !== undefined) return parts.onRefused(failure(event, `refused: ${refusal}`.toWellFormed()));
      const accepted = journal.accept(event);
      if (accepted.state === "answered") {
        log.debug("event {event} arrived again: its stored outcome stands", { event: event.id });
        repeats.repeated(event.id, { isAnswered: true, asksAnother: accepted.asksAnother });
        observing.repeated();
        if (isFailure(accepted.outcome)) parts.onFailedBefore();
        if (accepted.settled) return outbox.again(accepted.outcome, delivery);
        if (delivery.handle !== undefined) deliveries.add(delivery);
        return outbox.redelivered(event.id, delivery);
      }
      if (accepted.state === "forgotten") {
        log.info("event {event} was answered before, and its answer is no longer kept", { event: event.id });
        if (accepted.asksAnother) repeats.repeated(event.id, { isAnswered: true, asksAnother: true });
        observing.repeated();
        outbox.again(journal.signed(failure(event, NOT_KEPT), event), delivery);
        return;
      }
      // The journal may have given up an event that is still being answered: it is no new one.
      const isInHand = accepted.state === "new" ? deliveries.has(event.id) : isLoaded(event.id);
      if (delivery.handle !== undefined) deliveries.add(delivery);
      if (isInHand) {
        log.debug("event {event} arrived again: it is being answered", { event: event.id });
        const asksAnother = accepted.state === "pending" && accepted.asksAnother;
        repeats.repeated(event.id, { isAnswered: false, asksAnother });
        observing.repeated();
        return;
      }
      log.info("📥 Processing new event: {event}", { event: event.id }, { query: event.query });
      tellIdle(event);
      observing.accepted(delivery);
      parts.onAccepted();
      const isAlone = (delivery.attempt ?? 1) > 1;
      if (accepted.state === "new") backlog.add(event, { seq: accepted.seq, isAlone });
      else backlog.addAgain(event, { isAlone });
    },
  };
}
