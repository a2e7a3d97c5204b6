/** Where events come from and outcomes go back to: the contract every transport keeps. @module */

import type { Forgotten, Whose } from "../forget_request.ts";
import type { TraceHeaders } from "../trace_headers.ts";
import type { AgentEvent, Chunk, Entry, Failure } from "../wire.ts";

/** An event as its source delivered it. */
export interface Delivery {
  readonly event: AgentEvent;
  /** What the source needs to settle the event, such as a delivery tag; absent where it needs nothing. */
  readonly handle?: unknown;
  /**
   * How often the source has delivered the event, this time included; absent where it doesn't count. Above 1, the event
   * may have killed the agent that had it before: it is answered alone, so that it takes no other event along.
   */
  readonly attempt?: number;
  /**
   * Why the source can't take it for an event, although it has an id: nobody is asked, and the outcome is this error. Its
   * query is empty. An event with that id that comes later is answered all the same.
   */
  readonly refusal?: string;
  /** The trace in the message's own headers, which goes before one in the metadata. */
  readonly trace?: TraceHeaders | undefined;
}

/** One source of events. */
export interface Transport {
  readonly name: string;
  /**
   * Whether the source delivers unsettled events again, as a broker does. Then at most its prefetch is unsettled, the
   * rest stays with the broker, and an outcome without its delivery waits until the event comes again.
   */
  readonly redelivers?: boolean;
  /**
   * Deliveries as they arrive, those that are here at the same time together, until `signal` aborts, the source is
   * exhausted, or the transport gives up.
   *
   * @throws {FatalError} When the source is out of reach for good.
   */
  events(signal: AbortSignal): AsyncIterable<readonly Delivery[]>;
  /**
   * Hand an outcome back; outcomes handed over one after the other arrive in that order. Resolves false if the peer
   * can't be reached now: then it is offered again after {@linkcode TransportHooks.onReachable}; undefined if the delivery
   * is void, as one of a lost connection is to a source that makes it again. There is no `delivery` after a restart, or
   * where the delivery had no handle. `trace` goes with the outcome where its message has headers; without one, what came
   * with the delivery is passed on.
   */
  settle(entry: Entry, delivery?: Delivery, trace?: TraceHeaders): Promise<boolean | undefined>;
  /**
   * Pass on a piece of an answer before its outcome, to the sender of an event that asked for it. Absent where the source
   * has no way back but that of outcomes, as a file or a queue without a reply address.
   *
   * @returns False if the peer can't take it now: it is lost, and the next piece or the answer's end begins the answer anew.
   */
  chunk?(chunk: Chunk, delivery?: Delivery): boolean;
  /**
   * For `--check`: connect, look whether the source can be used, disconnect. Absent where there is nothing to try.
   *
   * @returns What was found, as a line such as `server: usable (wss://example.org)`.
   * @throws {FatalError} Saying what is wrong and what to do about it.
   */
  check?(signal: AbortSignal): Promise<string>;
  /**
   * Whether the source has an event with this id, or may have: it delivers it again after a restart, so the id has to stay
   * known. Absent where what is settled does not come again by itself.
   */
  stillHas?(id: string): boolean;
  /** After the last settle: hand back what is unsettled, disconnect. `signal` ends the events, not the connection. */
  close(): Promise<void>;
}

/** What the agent shows to a peer that wants to know what signs its answers. */
export interface Attestation {
  /** The evidence of this start. */
  readonly evidence: object;
  /** Evidence with a nonce of the peer's, or why there is none. Whoever asks too often waits. */
  challenge(nonce: string): Promise<{ readonly evidence: object } | { readonly error: string }>;
}

/** How a transport calls back. */
export interface TransportHooks {
  /**
   * The peer asks to forget what a conversation or a user has said. It means what was delivered before this call:
   * nothing is to be delivered until it resolves. Only for a peer that every event could come from as well.
   */
  forget(whose: Whose): Promise<Forgotten>;
  /** An error that the transport tells a sender by itself, with the signatures of every outcome; it is kept nowhere. */
  signed(outcome: Failure): Failure;
  /** The peer can be reached (again), and every settle before has resolved. */
  onReachable(): void;
}
