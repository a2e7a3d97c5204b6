/** The contract of a model: what it is asked, and what it tells besides the answer. @module */

import type { GenerateTextParams } from "@elizaos/core";
import type { Asked } from "../knowledge/question.ts";
import type { Passage } from "../knowledge/search.ts";
import type { ModelCall } from "../../observer.ts";
import type { AnswerWriter } from "../mind.ts";
import type { Speaker } from "./courtesies.ts";

/** One question of the conversation so far, and its answer. */
export interface Exchange {
  readonly question: string;
  readonly answer: string;
  /** Whether the answer is an "I don't know". */
  readonly isDeclined?: boolean;
}

/** What a handler can tell of its answer. */
export interface AnswerReport {
  /**
   * The passages that the answer draws on. Absent: those that were handed over.
   */
  readonly drawn?: readonly Passage[];
  /** Whether the answer says that the model does not know. */
  readonly isDeclined?: boolean;
  /** Whether it ended at a limit. */
  readonly isCutOff?: boolean;
  /** Tokens of the prompt and of the answer, by the server's count. */
  readonly tokensIn?: number;
  readonly tokensOut?: number;
}

/**
 * What `runtime.useModel` hands to a text model. `prompt` holds all of it as one text, for handlers that know no
 * better; those with chat roles take `system`, then `exchanges` in turns, then `passages`, marked as data, with
 * `question`.
 */
export interface ModelRequest extends GenerateTextParams {
  /** The character's own text: who speaks and how, nothing of any event. */
  readonly system: string;
  /** What the knowledge says to the question, best first. Data, not orders. */
  readonly passages: readonly Passage[];
  /** The conversation so far, oldest first. */
  readonly exchanges: readonly Exchange[];
  readonly question: string;
  /** The question as the knowledge reads it. */
  readonly asked?: Asked;
  /** Who answers, in the language of whoever asks where the character has words in it. */
  readonly speaker?: Speaker;
  /** Stands around the passages, if there are any: the same for the same question and passages, not to be guessed. */
  readonly mark?: string | undefined;
  /** Called at most once for each answer, before it is returned. */
  readonly report: (report: AnswerReport) => void;
  /** Called when the model has begun to answer: it is there. */
  readonly begun: () => void;
  /** Called when a server is asked; what it returns follows that. Absent: nobody does. */
  readonly calling?: (() => ModelCall) | undefined;
  /** Gets the answer as it grows; absent where nobody waits for that. */
  readonly writer?: AnswerWriter | undefined;
  /** Cancels the request: the handler rejects with its reason. */
  readonly signal: AbortSignal;
}
