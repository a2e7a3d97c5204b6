/** Deliveries that wait for the outcome of their event, by its id. @module */

import type { Delivery } from "../transports/transport.ts";

/** Deliveries of events without a settled outcome; a source that has two messages with one id delivers both. */
export interface Deliveries {
  /** Whether the event has been delivered, in this run, and not been settled since. */
  has(id: string): boolean;
  add(delivery: Delivery): void;
  /** The deliveries of an event, oldest first. */
  of(id: string): readonly Delivery[];
  /** The events that have any. */
  ids(): Iterable<string>;
  /** Forget deliveries of an event; by default all of them. */
  remove(id: string, settled?: ReadonlySet<Delivery>): void;
}

const NONE: readonly Delivery[] = [];

/** No deliveries yet. */
export function createDeliveries(): Deliveries {
  const byId = new Map<string, readonly Delivery[]>();
  const of = (id: string) => byId.get(id) ?? NONE;
  return {
    has: (id) => byId.has(id),
    add(delivery) {
      const { id } = delivery.event;
      byId.set(id, [...of(id), delivery]);
    },
    of,
    ids: () => byId.keys(),
    remove(id, settled) {
      const left = settled === undefined ? [] : of(id).filter((delivery) => !settled.has(delivery));
      if (left.length > 0) byId.set(id, left);
      else byId.delete(id);
    },
  };
}
