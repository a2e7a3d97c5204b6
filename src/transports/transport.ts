/** Where events come from and outcomes go back to: the contract every transport keeps. @module */

import type { AgentEvent, Entry } from "../wire.ts";

/** An event as its source delivered it. */
export interface Delivery {
  readonly event: AgentEvent;
  /** What the source needs to recognise it when it is settled, if it needs anything. */
  readonly handle?: unknown;
}

/** One source of events. */
export interface Transport {
  readonly name: string;
  /**
   * Deliveries as they arrive, those that are here at the same time together, until `signal` aborts, the source is
   * exhausted, or the transport gives up.
   *
   * @throws {FatalError} When the source is out of reach for good.
   */
  events(signal: AbortSignal): AsyncIterable<readonly Delivery[]>;
  /**
   * Hand an outcome back; outcomes handed over one after the other arrive in that order. Resolves false if the peer
   * can't be reached now: then it is offered again after {@linkcode TransportHooks.onReachable}. There is no
   * `delivery` after a restart, or where the delivery had no handle.
   */
  settle(entry: Entry, delivery?: Delivery): Promise<boolean>;
  /** After the last settle: hand back what is unsettled, disconnect. `signal` ends the events, not the connection. */
  close(): Promise<void>;
}

/** How a transport calls back. */
export interface TransportHooks {
  /** The peer can be reached (again), and every settle before has resolved. */
  onReachable(): void;
}
