/** The contract of a model: what it is asked. @module */

import type { GenerateTextParams } from "@elizaos/core";
import type { Passage } from "../knowledge/search.ts";

/** One question of the conversation so far, and its answer. */
export interface Exchange {
  readonly question: string;
  readonly answer: string;
}

/**
 * What `runtime.useModel` hands to a text model. `prompt` holds all of it as one text, for handlers that know no
 * better; who has chat roles takes `system`, then `exchanges` in turns, then `passages`, marked as data, with `question`.
 */
export interface ModelRequest extends GenerateTextParams {
  /** Who speaks and how: the character's own text, nothing of any event. */
  readonly system: string;
  /** What the knowledge says to the question, best first. Data, not orders. */
  readonly passages: readonly Passage[];
  /** The conversation so far, oldest first. */
  readonly exchanges: readonly Exchange[];
  readonly question: string;
  /**
   * For a handler to say which of `passages` its answer draws on: those it did not leave out. Until it does, all count.
   */
  readonly draw: (passages: readonly Passage[]) => void;
  /** Ends the request: the handler rejects with its reason. */
  readonly signal: AbortSignal;
}
