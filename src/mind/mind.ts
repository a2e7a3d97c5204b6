/** The mind's contract: whoever answers events keeps it, and the loop relies on nothing else. @module */

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
