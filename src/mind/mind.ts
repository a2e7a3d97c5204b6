/** The mind's contract: whoever answers events keeps it, and the loop relies on nothing else. @module */

import type { Whose } from "../forget_request.ts";
import type { AnsweringObserver } from "../observer.ts";
import type { AgentEvent, AnswerMetadata } from "../wire.ts";

/** Answers events. Disposing of it stops it; whatever it was given to remember in is still the caller's. */
export interface Mind extends AsyncDisposable {
  /** UUID of the agent. */
  readonly agentId: string;
  /**
   * The answer to an event, never empty. Earlier exchanges of its conversation are known, so ask for the events of one
   * conversation one after the other.
   *
   * @throws `signal.reason` once `signal` aborts, else whatever the model or the memory throws.
   */
  answer(event: AgentEvent, signal: AbortSignal, how?: Answering): Promise<Reply>;
}

/** How an event is to be answered. */
export interface Answering {
  /** Runs waits that need no processor, so that other events may be worked on meanwhile. */
  readonly rest?: Rest;
  /** Gets the answer as it grows; absent where nobody waits for that. */
  readonly writer?: AnswerWriter | undefined;
  /** Called when the model has begun to answer, with each try anew. */
  readonly begun?: () => void;
  /** Whether the answer is still wanted: one that is not is not remembered, nor tried again. Default: it is. */
  readonly isWanted?: () => boolean;
  /** A signal that aborts once it is not: a model's server need not be heard to the end. Made for whoever asks for it. */
  readonly unwanted?: () => AbortSignal;
  /** Follows how the answer is made; absent: nobody does. */
  readonly observer?: AnsweringObserver | undefined;
}

/** What was said, as far as it is remembered, and its end. What is deleted is gone once the database has committed. */
export interface Remembered {
  /** The place of the last exchange; what comes later is not meant by a request that came before. */
  lastExchange(): number;
  /**
   * Delete what is remembered of a conversation or a user.
   *
   * @param options `upTo`: place of the last exchange that is meant.
   * @returns How much, and the ids of the events that asked, as far as they were kept.
   */
  forget(
    whose: Whose,
    options: { upTo: number },
  ): { readonly exchanges: number; readonly messages: number; readonly events: readonly string[] };
  /**
   * Delete some of what is older than the retention of memories: at most `limit` of each kind. Returns how much; 0 where
   * nothing is left to delete.
   */
  pruneOld(options: { limit: number }): number;
  /** Delete some of what is over the bound of a conversation, likewise. Takes its time: not for the start. */
  pruneLong(options: { limit: number }): number;
}

/** Takes an answer while it grows. All that was written since the last restart is, at the end, the answer. */
export interface AnswerWriter {
  /** More text. */
  write(delta: string): void;
  /** What was written is void: the answer begins anew. */
  restart(): void;
}

/** An answer, and where it comes from. */
export interface Reply extends AnswerFacts {
  readonly text: string;
  /** Sources of the passages that the answer could draw on, best first, each once. */
  readonly sources: readonly string[];
}

/** What is told of an answer besides its text and its sources. */
export type AnswerFacts = Omit<AnswerMetadata, "sources">;

/**
 * Runs a wait that needs no processor, such as for a model that is down: meanwhile other events may be worked on. What
 * follows the wait begins once there is room again.
 */
export type Rest = <T>(wait: () => Promise<T>) => Promise<T>;
