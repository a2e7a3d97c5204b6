/**
 * What the agent's parts tell of their work to whoever measures it. All that is told are moments, numbers and words of
 * fixed lists, never an id, a name or a text of anybody: so nothing of an event can reach a metric.
 *
 * Where nobody measures, there is no observer, and the parts skip the call.
 *
 * @module
 */

import type { TraceHeaders } from "./trace_headers.ts";

/** Why something was not taken for an event: it is none, it is larger than EVENT_MAX_BYTES, or it was delivered too often. */
export const REFUSAL_REASONS = ["invalid", "too_large", "delivered_too_often"] as const;
export type RefusalReason = typeof REFUSAL_REASONS[number];

/** What became of an event: an answer, an answer that says that the agent does not know, or an error. */
export const RESULTS = ["answered", "declined", "failed"] as const;
export type Result = typeof RESULTS[number];

/** Why a model gave no answer, as the mind's ModelError sorts it; `other`: anything else. */
export const MODEL_ERRORS = ["unavailable", "faulty", "refused", "other"] as const;
export type ModelErrorKind = typeof MODEL_ERRORS[number];

/** Told by the source of events. */
export interface SourceObserver {
  /** Events can be had. */
  connected(): void;
  /** The connection has ended, or an attempt to make one has failed. */
  disconnected(): void;
  refused(reason: RefusalReason): void;
  /** Something was put among the dead letters of its queue. */
  deadLettered(): void;
}

/** Told by the mind. */
export interface MindObserver {
  /** A try to get an answer from the model has failed. */
  modelFailed(kind: ModelErrorKind): void;
  /** An event is asked again, after a pause or an outage. */
  retried(): void;
  /** This many passages are known from here on. */
  knows(passages: number): void;
}

/** Told by the loop. */
export interface LoopObserver {
  /** An event came that was not known. */
  received(): void;
  /** An event came that was known already. */
  duplicate(): void;
  /** Follow an event that was accepted. */
  follow(origin: EventOrigin): EventObserver;
  /** How much is to be done is to be asked here, and not of the journal. */
  asks(remaining: () => Remaining): void;
}

/** How much is still to be done. */
export interface Remaining {
  /** Accepted events without an outcome, those that are being answered included. */
  readonly pending: number;
  /** When the oldest of them was accepted, in milliseconds since the epoch; undefined where there is none. */
  readonly oldestPendingMs: number | undefined;
  /** Outcomes that are not delivered. */
  readonly undelivered: number;
}

/** Told by all of them. */
export interface Observer extends SourceObserver, MindObserver, LoopObserver {}

/** Where an event comes from, as far as it is told. */
export interface EventOrigin {
  /** When it was accepted, in milliseconds since the epoch. */
  readonly acceptedMs: number;
  /** The trace that its sender has it belong to. */
  readonly trace?: TraceHeaders | undefined;
}

/** Follows one event. Its methods are called in this order, each at most once where nothing else is said. */
export interface EventObserver extends AnsweringObserver {
  /** Its turn has come: from here on it is answered. */
  started(): void;
  /** It has its outcome. */
  ended(result: Result): void;
  /** The outcome is on disk. */
  committed(): void;
  /** The outcome is handed to the transport; again where that failed before. Returns what goes with its message. */
  delivering(): TraceHeaders | undefined;
  /** The outcome is settled. Nothing more is told. */
  delivered(): void;
  /** It is not followed any more, although it is not settled. */
  dropped(): void;
}

/** Follows how an event is answered; called anew for each try. */
export interface AnsweringObserver {
  /** Its conversation is recalled, and the knowledge searched. Returns what to call at the end of that. */
  recalling(): () => void;
  /** The model is asked. */
  calling(): ModelCall;
}

/** Follows one request to a model. */
export interface ModelCall {
  /** Headers for the model's server; undefined where there is no trace. */
  readonly trace?: TraceHeaders | undefined;
  /** The request has ended. Tokens: as the server counts them. */
  ended(how: { error?: ModelErrorKind; tokensIn?: number; tokensOut?: number; isCutOff?: boolean }): void;
}
