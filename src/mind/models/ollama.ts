/** Answers from an Ollama server. @module */

import { isObject, type JsonObject } from "../../json_object.ts";
import type { Plugin } from "@elizaos/core";
import { ModelError } from "../model_error.ts";
import type { Piece } from "./answer.ts";
import { type Asker, createAsker, type Interface } from "./asking.ts";
import { embeddingHandler } from "./embedding.ts";
import type { OllamaOptions } from "./options.ts";
import { count } from "./records.ts";
import { openServer, type Server } from "./server.ts";
import { type ErrorContext, streamedError } from "./status.ts";

/** The plugin, with TEXT_SMALL and TEXT_LARGE, and TEXT_EMBEDDING if an embedding model is set. */
export function ollamaModel(options: OllamaOptions): Plugin {
  const { embeddingModel: model } = options;
  const ask = askerOf(options);
  return {
    name: "ollama-model",
    description: "Answers from an Ollama server",
    models: {
      TEXT_SMALL: ask,
      TEXT_LARGE: ask,
      ...(model !== undefined && {
        TEXT_EMBEDDING: embeddingHandler((texts) => embed({ ...options, model }, texts)),
      }),
    },
  };
}

/** Asks for answers. */
export function askerOf(options: OllamaOptions): Asker {
  return createAsker(serverOf(options), ollamaInterface(options), options);
}

/** The server, as one that has `model` to be asked for. */
export function serverOf(options: OllamaOptions): Server {
  return openServer({
    ...options,
    remedies: {
      key: "Put a user name and a password into OLLAMA_SERVER_URL",
      model: `Pull the model with "ollama pull ${options.model}", or look whether OLLAMA_SERVER_URL is right`,
    },
  });
}

async function embed(options: OllamaOptions, input: readonly string[]): Promise<number[][]> {
  const body = { model: options.model, input, ...keepAlive(options) };
  const { embeddings } = await serverOf(options).post("api/embed", body, new AbortController().signal);
  if (!Array.isArray(embeddings)) {
    throw new ModelError("faulty", "The model server sent embeddings that can't be used");
  }
  return embeddings;
}

/** How answers are asked for. */
function ollamaInterface(options: OllamaOptions): Interface {
  const { model, contextWindow, seed } = options;
  return {
    path: "api/chat",
    bodyFor({ messages, maxTokens, temperature, stop }, { refused, window }) {
      const optional: JsonObject = {
        ...(temperature !== undefined && { temperature }),
        ...(seed !== undefined && { seed }),
        ...(stop && { stop }),
      };
      const taken = Object.entries(optional).filter(([name]) => !refused.has(name));
      return {
        model,
        messages,
        stream: true,
        // Without these two the server drops a part of a prompt that is too large, in silence.
        truncate: false,
        shift: false,
        options: {
          num_ctx: Math.min(contextWindow, window ?? Infinity),
          num_predict: maxTokens,
          ...Object.fromEntries(taken),
        },
        ...(refused.has("think") ? {} : thinking(options)),
        ...keepAlive(options),
      };
    },
    fieldsOf: (body) => [...Object.keys(body), ...(isObject(body.options) ? Object.keys(body.options) : [])],
    pieces,
  };
}

/** Thinking models take true and false, and gpt-oss an effort. */
function thinking({ reasoning, model }: OllamaOptions): JsonObject {
  if (reasoning === undefined) return {};
  if (reasoning === "off") return { think: false };
  const effort = reasoning === "minimal" ? "low" : reasoning;
  return { think: model.includes("gpt-oss") ? effort : true };
}

/** The server takes a number without a unit for seconds only where it is a number. */
function keepAlive({ keepAlive }: OllamaOptions): JsonObject {
  if (keepAlive === undefined) return {};
  return { keep_alive: /^-?\d+$/.test(keepAlive) ? Number(keepAlive) : keepAlive };
}

async function* pieces(records: AsyncIterable<JsonObject>, context: ErrorContext): AsyncGenerator<Piece> {
  const { where, remedies } = context;
  let isAnswer = false;
  for await (const record of records) {
    if (record.error !== undefined && record.error !== null) throw streamedError(record.error, context);
    const { message, done, done_reason, prompt_eval_count, eval_count } = record;
    isAnswer ||= isObject(message) || done === true;
    const { content, thinking } = isObject(message) ? message : {};
    yield {
      text: typeof content === "string" ? content : "",
      hasThinking: typeof thinking === "string" && thinking !== "",
      // Older versions end without a reason.
      ...(done === true && { end: typeof done_reason === "string" && done_reason !== "" ? done_reason : "stop" }),
      tokensIn: count(prompt_eval_count),
      tokensOut: count(eval_count),
    };
  }
  if (!isAnswer) throw new ModelError("refused", `${where} sent something else than an answer. ${remedies.model}`);
}
