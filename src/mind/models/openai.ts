/** Answers from a server that speaks OpenAI's interface: OpenAI, vLLM, llama.cpp, LM Studio, RedPill and others. @module */

import { isObject, type JsonObject } from "../../json_object.ts";
import type { Plugin } from "@elizaos/core";
import type { Piece } from "./answer.ts";
import { type Asker, createAsker, type Interface } from "./asking.ts";
import { embeddingHandler } from "./embedding.ts";
import { createLearner } from "./learning.ts";
import { ModelError } from "../model_error.ts";
import type { OpenaiOptions } from "./options.ts";
import { count } from "./records.ts";
import { openServer, type Server } from "./server.ts";
import { type ErrorContext, streamedError } from "./status.ts";

/** The plugin, with TEXT_SMALL and TEXT_LARGE, and TEXT_EMBEDDING if an embedding model is set. */
export function openaiModel(options: OpenaiOptions): Plugin {
  const ask = askerOf(options);
  return {
    name: "openai-model",
    description: "Answers from a server that speaks OpenAI's interface",
    models: {
      TEXT_SMALL: ask,
      TEXT_LARGE: ask,
      ...(options.embeddingModel !== undefined && { TEXT_EMBEDDING: embeddingHandler(embedderOf(options)) }),
    },
  };
}

/** Asks for answers. */
export function askerOf(options: OpenaiOptions): Asker {
  return createAsker(serverOf(options), openaiInterface(options), options);
}

/** The server that answers are asked for. */
export function serverOf(options: OpenaiOptions): Server {
  const { url, model, apiKey } = options;
  return openServer({
    ...options,
    headers: { ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }), ...options.headers },
    remedies: {
      key: "Set OPENAI_API_KEY",
      model: `Look whether /v1/models lists ${model}, and whether OPENAI_BASE_URL is right: mostly it ends in /v1`,
    },
    url,
  });
}

/** The server that embeddings are asked for; the key for answers goes to no other address than theirs. */
export function embeddingServerOf(options: OpenaiOptions): Server {
  const { embeddingUrl, embeddingApiKey, embeddingModel = "", apiKey } = options;
  if (embeddingUrl === undefined) {
    return serverOf({
      ...options,
      model: embeddingModel,
      ...(embeddingApiKey !== undefined && { apiKey: embeddingApiKey }),
    });
  }
  const key = embeddingApiKey ?? (embeddingUrl.href === options.url.href ? apiKey : undefined);
  return openServer({
    ...options,
    url: embeddingUrl,
    headers: { ...(key !== undefined && { authorization: `Bearer ${key}` }), ...options.headers },
    remedies: {
      key: "Set OPENAI_EMBEDDING_API_KEY",
      model: `Look whether /v1/models lists ${embeddingModel}, and whether OPENAI_EMBEDDING_BASE_URL is right`,
    },
  });
}

/** Makes the embeddings of some texts, in their order, and remembers what the model refuses besides. */
export function embedderOf(
  options: OpenaiOptions,
): (texts: readonly string[], signal?: AbortSignal) => Promise<number[][]> {
  const { embeddingModel: model = "", embeddingDimensions: dimensions } = options;
  const server = embeddingServerOf(options), learner = createLearner();
  // Voyage takes no "float", which is all that it sends; a gateway may ask for base64 where nothing is said.
  const wanted: JsonObject = { encoding_format: "float", ...(dimensions !== undefined && { dimensions }) };
  return (input, signal = new AbortController().signal) =>
    learner.ask(async ({ refused }, sent) => {
      const taken = Object.entries(wanted).filter(([name]) => !refused.has(name));
      sent({ fields: new Set(taken.map(([name]) => name)), tokens: 0 });
      const { data } = await server.post("embeddings", { model, input, ...Object.fromEntries(taken) }, signal);
      return vectorsIn(data);
    });
}

function vectorsIn(data: unknown): number[][] {
  if (!Array.isArray(data)) throw new ModelError("faulty", "The model server sent embeddings that can't be used");
  const made = data.filter(isObject).map(({ index, embedding }, place) => ({
    index: Number(index ?? place),
    embedding,
  }));
  return made.toSorted((a, b) => a.index - b.index).map(({ embedding }) => embedding as number[]);
}

/** How answers are asked for. */
function openaiInterface(options: OpenaiOptions): Interface {
  return {
    path: "chat/completions",
    bodyFor({ messages, maxTokens, temperature, stop }, { refused }) {
      const optional: JsonObject = {
        ...limit(options, refused, maxTokens),
        ...(temperature !== undefined && { temperature }),
        ...(options.seed !== undefined && { seed: options.seed }),
        ...(stop && { stop }),
        stream_options: { include_usage: true },
        ...reasoning(options),
      };
      const taken = Object.entries(optional).filter(([name]) => !refused.has(name));
      return { model: options.model, messages, stream: true, ...Object.fromEntries(taken) };
    },
    fieldsOf: (body) => Object.keys(body),
    pieces,
  };
}

/** OpenAI has renamed the limit, and its newer models refuse the old name; many others know only that. */
function limit({ url }: OpenaiOptions, refused: ReadonlySet<string>, tokens: number): JsonObject {
  const names = ["max_tokens", "max_completion_tokens"];
  if (url.host === "api.openai.com") names.reverse();
  const name = names.find((name) => !refused.has(name));
  return name === undefined ? {} : { [name]: tokens };
}

/** OpenAI has an effort; llama.cpp and vLLM hand a switch to the model's template, which turns thinking off. */
function reasoning({ reasoning, url }: OpenaiOptions): JsonObject {
  if (reasoning === undefined) return {};
  if (reasoning !== "off") return { reasoning_effort: reasoning };
  if (url.host === "api.openai.com") return { reasoning_effort: "none" };
  return { reasoning_effort: "none", chat_template_kwargs: { enable_thinking: false } };
}

async function* pieces(records: AsyncIterable<JsonObject>, context: ErrorContext): AsyncGenerator<Piece> {
  const { where, remedies } = context;
  let hasChoices = false;
  for await (const record of records) {
    const { choices, usage } = record;
    // Older versions of vLLM and SGLang stream the error itself, as an object of that name.
    const error = record.error ?? (record.object === "error" ? record : undefined);
    hasChoices ||= Array.isArray(choices);
    // LM Studio without /v1 says `{"error":"Unexpected endpoint or method."}`, with status 200.
    if (typeof error === "string" && !hasChoices) {
      throw new ModelError("faulty", `${where} sent an error in place of an answer. ${remedies.model}`);
    }
    if (error !== undefined && error !== null) throw streamedError(error, context);
    // MODEL_EXTRA_BODY can ask for several answers at once: the pieces of the others are none of this one.
    const choice: unknown = Array.isArray(choices) ? choices.find(isFirst) : undefined;
    const counts = isObject(usage) ? usage : {};
    yield {
      ...(isObject(choice) ? pieceOf(choice) : {}),
      tokensIn: count(counts.prompt_tokens),
      tokensOut: count(counts.completion_tokens),
    };
  }
  if (!hasChoices) throw new ModelError("refused", `${where} sent something else than an answer. ${remedies.model}`);
}

/** Whether a choice belongs to the first answer; a server of one answer need not number it. */
function isFirst(choice: unknown): boolean {
  return isObject(choice) && (choice.index ?? 0) === 0;
}

function pieceOf(choice: JsonObject): Piece {
  // Perplexity sends all of the answer so far as a message beside each piece of it.
  const isMessage = isObject(choice.message) && !isObject(choice.delta);
  const said = [choice.delta, choice.message].find(isObject) ?? {};
  const { content, refusal, reasoning_content, reasoning } = said;
  const answer = textOf(content) || textOf(choice.text), text = answer || textOf(refusal);
  const hasThinking =
    [reasoning_content, reasoning, said.thinking].some((one) => typeof one === "string" && one !== "") ||
    (Array.isArray(content) && content.some((part) => isObject(part) && part.type === "thinking"));
  const end = choice.finish_reason;
  const isRefusal = answer === "" && text !== "";
  return { text, hasThinking, isMessage, isRefusal, end: typeof end === "string" ? end : undefined };
}

/** The text in a content: as it is, or in parts, among which those of a model's thinking are none. */
function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map((part) => {
    if (typeof part === "string") return part;
    const isText = isObject(part) && (part.type === undefined || part.type === "text" || part.type === "output_text");
    return isText && typeof part.text === "string" ? part.text : "";
  }).join("");
}
