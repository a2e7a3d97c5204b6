/** An answer put together from the pieces that a server sends: whole, without its thinking, or an error. @module */

import type { AnswerWriter } from "../mind.ts";
import { ModelError } from "../model_error.ts";
import type { Cleaner } from "./cleaning.ts";
import type { ErrorContext } from "./status.ts";

/** A piece of an answer, or all of it. */
export interface Piece {
  readonly text?: string;
  /** Whether it has some of the model's thinking, which the server has told apart. */
  readonly hasThinking?: boolean;
  /** Why the answer ends here, in the provider's word. */
  readonly end?: string | undefined;
  /** Whether its text is no piece, but all of the answer, or all of it so far. */
  readonly isMessage?: boolean;
  /** Whether its text is the provider's refusal to answer. */
  readonly isRefusal?: boolean;
  /** Tokens of the prompt and of the answer, as the server counted them. */
  readonly tokensIn?: number | undefined;
  readonly tokensOut?: number | undefined;
}

/** An answer. */
export interface Answer {
  readonly text: string;
  readonly isCutOff: boolean;
  /** Whether the provider refused to answer: the text says so. */
  readonly isRefusal?: boolean;
  readonly tokensIn?: number;
  readonly tokensOut?: number;
}

/**
 * Ways in which providers say why an answer ended, in small letters. Whatever is not here is no good end: the answer
 * broke off, whatever text has come.
 *
 * `whole`: OpenAI, Together, TGI, Cohere, Anthropic; `limit`: those, Mistral, Gemini, Zhipu; `filter`: those, Bedrock.
 */
const ENDS: Readonly<Record<"whole" | "limit" | "filter", readonly string[]>> = {
  whole: ["stop", "eos", "eos_token", "stop_sequence", "end_turn", "complete", "completed", "finished"],
  limit: ["length", "max_tokens", "max_output_tokens", "model_length", "max_length", "model_context_window_exceeded"],
  filter: [
    "content_filter",
    "content_filtered",
    "guardrail_intervened",
    "safety",
    "sensitive",
    "prohibited_content",
    "recitation",
    "blocklist",
    "spii",
  ],
};

/**
 * Length of an answer, in UTF-16 code units, from which it is written in steps: each step looks through all of it. They
 * become longer with it, `share` of them, so that the work stays in proportion to its length.
 */
const LONG = { from: 8_000, step: 200, share: 400 };

/** Longest text of an answer, in UTF-16 code units: 1,000,000 tokens of 16. */
const MAX_LENGTH = 16 * 1024 * 1024;

/** How an answer is read. */
interface Reading extends ErrorContext {
  readonly cleaner: Cleaner;
  /** The limit that was sent, in tokens. */
  readonly maxTokens: number;
  /** Gets the answer as it grows. */
  readonly writer?: AnswerWriter | undefined;
  /** Called at the first piece of text or thinking. */
  readonly onPiece?: (() => void) | undefined;
}

/**
 * The answer in a reply. What was written of one that fails is void.
 *
 * @throws {ModelError} If the answer is not whole, or there is none in it.
 */
export async function readAnswer(pieces: AsyncIterable<Piece>, options: Reading): Promise<Answer> {
  const growing = options.writer && startWriting(options.writer, options.cleaner);
  try {
    const { text, tokensIn, tokensOut, isRefusal, ...ended } = await join(
      pieces,
      options,
      (text) => growing?.grow(text),
    );
    const answer = answerFrom({ ...ended, text: options.cleaner.whole(text), tokensOut }, options);
    growing?.end(answer.text);
    return {
      ...answer,
      ...(isRefusal && { isRefusal }),
      ...(tokensIn !== undefined && { tokensIn }),
      ...(tokensOut !== undefined && { tokensOut }),
    };
  } catch (error) {
    growing?.fail();
    throw error;
  }
}

/**
 * Pieces put together; `grown` is told all of the text whenever there is more.
 *
 * @returns `isWhole`: whether it is one message with nothing before it: an answer that was not streamed, which needs no
 * reason why it ends.
 */
async function join(pieces: AsyncIterable<Piece>, { where, onPiece }: Reading, grown: (text: string) => void) {
  let text = "", end = "", isTold = false, isWhole = false, hasBegun = false, hasPieces = false, isRefusal = false;
  let hasGoneOn = false;
  let tokensIn: number | undefined, tokensOut: number | undefined;
  try {
    for await (const piece of pieces) {
      const isMessage = piece.isMessage === true, more = piece.text ?? "";
      isWhole = hasBegun ? isWhole && more === "" : isMessage;
      // A message behind pieces has all of their text again. Some servers send pieces in messages: those are no repetition.
      const repeats = isMessage && more !== "" && (hasPieces || more.startsWith(text));
      text = repeats ? more : text + more;
      if (text.length > MAX_LENGTH) {
        const why = `${where} sent an answer of more than ${MAX_LENGTH} characters`;
        throw new ModelError("refused", `${why}. Lower MODEL_MAX_TOKENS`);
      }
      hasBegun ||= piece.text !== undefined;
      hasPieces ||= piece.text !== undefined && !isMessage;
      isRefusal ||= piece.isRefusal === true;
      // Some servers name a reason with each piece.
      hasGoneOn ||= end !== "" && more !== "";
      end = piece.end || end;
      tokensIn = piece.tokensIn ?? tokensIn;
      tokensOut = piece.tokensOut ?? tokensOut;
      if (!isTold && (text !== "" || piece.hasThinking)) {
        isTold = true;
        onPiece?.();
      }
      if (more !== "") grown(text);
    }
  } catch (error) {
    // Behind the reason why it ends, a connection that breaks or falls silent takes nothing away from an answer.
    if (error instanceof ModelError || endOf(end) === undefined || hasGoneOn) throw error;
  }
  return { text, end, isWhole, isRefusal, tokensIn, tokensOut };
}

/**
 * An answer that reached the token limit ends with a sentence that says so, for it is useful as far as it goes, and
 * asking again would end at the same place.
 */
function answerFrom(
  { text, end, isWhole, tokensOut }: { text: string; end: string; isWhole: boolean; tokensOut: number | undefined },
  { where, maxTokens }: { where: string; maxTokens: number },
): Answer {
  const word = end.toLowerCase(), kind = endOf(end);
  if (kind === "filter") throw new ModelError("refused", "The provider's content filter withheld the answer");
  if (kind === "whole" || (word === "" && isWhole)) {
    if (text === "") throw new ModelError("faulty", "The model gave an empty answer");
    return { text, isCutOff: false };
  }
  if (kind === "limit") {
    // The server's own count: a window that is full ends an answer in the same word.
    const after = tokensOut === undefined ? "" : ` at ${tokensOut} tokens`;
    if (text !== "") return { text: `${text}…\n\n[This answer was cut off${after}.]`, isCutOff: true };
    throw new ModelError(
      "refused",
      `The model spent all of its ${
        tokensOut ?? maxTokens
      } tokens on thinking and gave no answer. Raise MODEL_MAX_TOKENS`,
    );
  }
  if (word === "") throw new ModelError("faulty", "The model's answer was cut off");
  const named = /^[a-z_ -]{1,40}$/.test(word) ? ` ("${word}")` : "";
  throw new ModelError("faulty", `${where} broke the answer off${named}`);
}

/** Which end a provider's word says; undefined where it says none. */
function endOf(said: string): keyof typeof ENDS | undefined {
  // Some say more behind a colon: `content_filter: RECITATION`.
  const word = said.toLowerCase().replace(/:.*$/s, "");
  return (Object.keys(ENDS) as (keyof typeof ENDS)[]).find((kind) => ENDS[kind].includes(word));
}

/** Writes an answer as far as it is known; restarts where later text shows that earlier text was none of it. */
function startWriting(writer: AnswerWriter, cleaner: Cleaner) {
  let written = "", looked = 0;
  const writeUpTo = (answer: string) => {
    if (!answer.startsWith(written)) {
      writer.restart();
      written = "";
    }
    if (answer.length > written.length) writer.write(answer.slice(written.length));
    written = answer;
  };
  return {
    grow(text: string) {
      const step = Math.max(LONG.step, text.length / LONG.share);
      if (text.length > LONG.from && text.length - looked < step) return;
      looked = text.length;
      writeUpTo(cleaner.begun(text));
    },
    end: writeUpTo,
    fail() {
      if (written !== "") writer.restart();
    },
  };
}
