/** Asking a model over a server, in whichever interface: the parts of it that all of them share. @module */

import type { GenerateTextParams, IAgentRuntime } from "@elizaos/core";
import { firstOf } from "../../clock.ts";
import { readAnswer } from "./answer.ts";
import type { Piece } from "./answer.ts";
import { createCleaner } from "./cleaning.ts";
import { createCrowd } from "./crowd.ts";
import { createLearner, type Known, type Sent } from "./learning.ts";
import type { ModelRequest } from "./model.ts";
import type { RemoteOptions } from "./options.ts";
import { type ChatMessage, chatMessages, DECLINES, shareOut } from "./prompt.ts";
import { isObject, type JsonObject } from "../../json_object.ts";
import type { Server } from "./server.ts";
import { ModelError } from "../model_error.ts";
import type { ModelCall } from "../../observer.ts";
import type { ErrorContext } from "./status.ts";

/** A request of ElizaOS's, made ready for a server: what every interface needs, in no one's own words. */
export interface Prepared {
  readonly messages: readonly ChatMessage[];
  readonly maxTokens: number;
  readonly temperature: number | undefined;
  /** Texts that end the answer. */
  readonly stop: readonly string[] | undefined;
}

/** An interface that models are asked in. */
export interface Interface {
  /** Where answers are asked for. */
  readonly path: string;
  /** The request, without what `known.refused` names. */
  bodyFor(prepared: Prepared, known: Known): JsonObject;
  /** Names of the fields of a body that can be left out. */
  fieldsOf(body: JsonObject): readonly string[];
  /** The pieces in what the server sends. */
  pieces(records: AsyncIterable<JsonObject>, context: ErrorContext): AsyncIterable<Piece>;
}

/** Asks a model. */
export type Asker = (runtime: IAgentRuntime, params: GenerateTextParams & Partial<ModelRequest>) => Promise<string>;

/** Asks over a server, remembers what it refuses, and asks fewer at a time where its window is shared. */
export function createAsker(server: Server, spoken: Interface, options: RemoteOptions): Asker {
  const learner = createLearner();
  const crowd = createCrowd();
  return (runtime, params) =>
    crowd.run((heard) => learner.ask((known, sent) => askOnce(runtime, params, { known, sent, heard })));

  async function askOnce(
    runtime: IAgentRuntime,
    params: GenerateTextParams & Partial<ModelRequest>,
    { known, sent, heard }: { known: Known; sent: (request: Sent) => void; heard: () => void },
  ): Promise<string> {
    const { signal = new AbortController().signal, mark, passages = [], writer, begun, report } = params;
    const { prepared, shown, tokens, budget } = prepare(options, params, known);
    const body = withExtra(spoken.bodyFor(prepared, known), options.extraBody);
    const fields = spoken.fieldsOf(body).filter((name) => !(name in options.extraBody));
    const hasSystem = prepared.messages.some(({ role }) => role === "system");
    const names = new Set([...fields, ...(hasSystem ? ["system"] : [])]);
    sent({ fields: names, tokens, budget, maxTokens: prepared.maxTokens });
    const cleaner = createCleaner({ name: runtime.character?.name, mark });
    const read = (records: AsyncIterable<JsonObject>, context: ErrorContext) =>
      readAnswer(spoken.pieces(records, context), {
        ...context,
        cleaner,
        maxTokens: prepared.maxTokens,
        writer,
        onPiece: begun,
      });
    const call = params.calling?.();
    const ask = () => server.stream(spoken.path, body, { signal, trace: call?.trace, heard }, read);
    const { text, isCutOff, isRefusal, tokensIn, tokensOut } = await (call ? followed(call, ask) : ask());
    const isDeclined = isRefusal === true || declines(text);
    report?.({
      // Nothing was drawn on to say that nothing is known.
      drawn: isDeclined ? [] : passages.filter((passage) => shown.includes(passage)),
      isDeclined,
      isCutOff,
      ...(tokensIn !== undefined && { tokensIn }),
      ...(tokensOut !== undefined && { tokensOut }),
    });
    return text;
  }
}

/** A body with more in it. What is an object in both gets the fields of both: Ollama has its limits in `options`. */
function withExtra(body: JsonObject, extra: JsonObject): JsonObject {
  const both = (name: string, value: unknown) => {
    const own = body[name];
    return isObject(own) && isObject(value) ? { ...own, ...value } : value;
  };
  return { ...body, ...Object.fromEntries(Object.entries(extra).map(([name, value]) => [name, both(name, value)])) };
}

/** The answer that `ask` gives, with `call` told of it. */
async function followed(call: ModelCall, ask: () => ReturnType<typeof readAnswer>) {
  try {
    const answer = await ask();
    const { isCutOff, tokensIn, tokensOut } = answer;
    call.ended({
      isCutOff,
      ...(tokensIn !== undefined && { tokensIn }),
      ...(tokensOut !== undefined && { tokensOut }),
    });
    return answer;
  } catch (error) {
    call.ended({ error: error instanceof ModelError ? error.kind : "other" });
    throw error;
  }
}

/**
 * Ask for one word, with the same limits as for an answer, and go as soon as it has begun.
 *
 * @throws {ModelError} If none comes.
 */
export async function begin(ask: Asker, signal: AbortSignal): Promise<void> {
  const enough = new AbortController();
  using either = firstOf(signal, enough.signal);
  let hasBegun = false;
  const begun = () => {
    hasBegun = true;
    enough.abort();
  };
  try {
    await ask({ character: {} } as IAgentRuntime, { prompt: "Say one word.", signal: either.signal, begun });
  } catch (error) {
    if (!hasBegun) throw error;
  }
}

/** Whether an answer says that the model does not know, as it was told to say it. */
export function declines(text: string): boolean {
  const start = text.slice(0, 80).toLowerCase().replaceAll("’", "'").replaceAll("do not", "don't");
  const said = start.replace(/^[^\p{L}]+/u, "").replace(/^(?:i'm sorry|sorry|unfortunately)\P{L}+(?:but )?/u, "");
  return said.startsWith(DECLINES.toLowerCase());
}

/**
 * What is set in the request, by the caller or by the character's settings, counts more than the options.
 *
 * @throws {ModelError} `refused` if the question does not fit into the window.
 */
function prepare(
  options: RemoteOptions,
  params: GenerateTextParams & Partial<ModelRequest>,
  known: Known,
) {
  const window = Math.min(options.contextWindow, known.window ?? Infinity);
  const { maxTokens, budget } = shareOut(window, params.maxTokens ?? options.maxTokens);
  const { messages, shown, tokens } = chatMessages(params, {
    budget,
    mark: params.mark ?? "",
    scale: known.scale,
    hasSystemRole: !known.refused.has("system"),
  });
  const prepared: Prepared = {
    messages,
    maxTokens,
    temperature: params.temperature ?? options.temperature,
    stop: params.stopSequences,
  };
  return { prepared, shown, tokens, budget };
}
