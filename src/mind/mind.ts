/** The mind's contract: whoever answers events keeps it, and the loop relies on nothing else. @module */

import type { AgentEvent } from "../wire.ts";

/** Answers events. Disposing of it stops it; whatever it was given to remember in is still the caller's. */
export interface Mind extends AsyncDisposable {
  /** UUID of the agent. */
  readonly agentId: string;
  /**
   * The answer to an event, never empty. Earlier exchanges of its conversation are known, so ask for the events of one
   * conversation one after the other.
   *
   * @param rest Runs waits that need no processor, so that other events may be worked on meanwhile.
   * @throws `signal.reason` once `signal` aborts, else whatever the model or the memory throws.
   */
  answer(event: AgentEvent, signal: AbortSignal, rest?: Rest): Promise<Reply>;
}

/** An answer, and where it comes from. */
export interface Reply {
  readonly text: string;
  /** Sources of the passages that the answer could draw on, best first, each once. */
  readonly sources: readonly string[];
}

/**
 * Runs a wait that needs no processor, such as for a model that is down: meanwhile other events may be worked on. What
 * follows the wait begins once there is room again.
 */
export type Rest = <T>(wait: () => Promise<T>) => Promise<T>;
