/** Answers from a server that speaks OpenAI's interface: OpenAI, vLLM, llama.cpp, LM Studio, RedPill and others. @module */

import type { GenerateTextParams, Plugin } from "@elizaos/core";
import { OpenAI } from "openai";
import { embeddingHandler } from "./embedding.ts";
import { ModelError } from "../model_error.ts";
import type { ModelRequest } from "./model.ts";
import type { OpenaiOptions } from "./options.ts";
import { prepare } from "./prepare.ts";
import { answerFrom, type Reply } from "./reply.ts";
import { request } from "./request.ts";

/** The plugin, with TEXT_SMALL and TEXT_LARGE, and TEXT_EMBEDDING if an embedding model is set. */
export function openaiModel(options: OpenaiOptions): Plugin {
  const { embeddingModel: model } = options;
  return {
    name: "openai-model",
    description: "Answers from a server that speaks OpenAI's interface",
    models: {
      TEXT_SMALL: (_runtime, params) => reply(options, params),
      TEXT_LARGE: (_runtime, params) => reply(options, params),
      ...(model !== undefined && { TEXT_EMBEDDING: embeddingHandler((texts) => embed({ ...options, model }, texts)) }),
    },
  };
}

/** See `checkModel`. */
export async function checkOpenai(options: OpenaiOptions, signal: AbortSignal): Promise<void> {
  const { model, embeddingModel } = options;
  const listed = await listModels(options, signal);
  if (!listed.includes(model)) await begin(options, signal);
  if (embeddingModel !== undefined && !listed.includes(embeddingModel)) {
    await embed({ ...options, model: embeddingModel }, ["."], signal);
  }
}

/** The models that the server lists. Not every server lists all that it has or has a list, nor may every key see it. */
async function listModels(options: OpenaiOptions, signal: AbortSignal): Promise<string[]> {
  try {
    return await ask(options, { signal }, async (client) => {
      const { data } = await client.models.list();
      return data.map(({ id }) => id);
    });
  } catch (error) {
    if (error instanceof ModelError && error.kind === "refused") return [];
    throw error;
  }
}

/** Ask as for an answer, with the same limits, and go as soon as the server agrees to give one. */
async function begin(options: OpenaiOptions, signal: AbortSignal): Promise<void> {
  const { chat } = chatFor(options, { prompt: "." });
  await ask(options, { signal }, async (client) => {
    const response = await client.chat.completions.create({ ...chat, stream: true }).asResponse();
    await response.body?.cancel();
  });
}

async function reply(options: OpenaiOptions, params: GenerateTextParams & Partial<ModelRequest>): Promise<string> {
  const { chat, maxTokens } = chatFor(options, params);
  return await ask(options, { signal: params.signal }, async (client) => {
    const { data, response } = await client.chat.completions.create({ ...chat, stream: true }).withResponse();
    // Some gateways answer in one piece whatever they are asked.
    const isWhole = response.headers.get("content-type")?.includes("application/json");
    return answerFrom(await read(isWhole ? [await response.json()] : data), { maxTokens });
  });
}

/** A piece of an answer, or the whole of it, as far as it is looked at. */
interface Piece {
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string | null };
    readonly message?: { readonly content?: string | null };
    readonly finish_reason?: string | null;
  }[];
}

async function read(pieces: AsyncIterable<Piece> | Iterable<Piece>): Promise<Reply> {
  let text = "", finish: string | undefined;
  for await (const { choices: [choice] = [] } of pieces) {
    text += (choice?.delta ?? choice?.message)?.content ?? "";
    finish = choice?.finish_reason ?? finish;
  }
  return { text, finish };
}

async function embed(options: OpenaiOptions, input: string[], signal?: AbortSignal): Promise<number[][]> {
  return await ask(options, { signal }, async (client) => {
    const { data } = await client.embeddings.create({ model: options.model, input, encoding_format: "float" });
    return data.toSorted((a, b) => a.index - b.index).map(({ embedding }) => embedding);
  });
}

function ask<T>(
  { url, model, timeoutMs, apiKey }: OpenaiOptions,
  { signal = new AbortController().signal }: { signal?: AbortSignal | undefined },
  use: (client: OpenAI) => Promise<T>,
): Promise<T> {
  return request(
    {
      url,
      remedies: {
        key: "Set OPENAI_API_KEY",
        model: `Look whether /v1/models lists ${model}, and whether OPENAI_BASE_URL is right`,
      },
      timeoutMs,
      signal,
    },
    (fetch) =>
      use(
        new OpenAI({
          baseURL: url.href.replace(/\/$/, ""),
          apiKey: apiKey ?? "none",
          ...(apiKey === undefined && { defaultHeaders: { Authorization: null } }),
          organization: null,
          project: null,
          webhookSecret: null,
          fetch,
          // Time-outs and retries are ours, and so is the log.
          timeout: timeoutMs + CLIENT_GRACE_MS,
          maxRetries: 0,
          logLevel: "off",
        }),
      ),
  );
}

/** How long after our time-out the client's own would come. */
const CLIENT_GRACE_MS = 60_000;

/** A request for an answer, as the interface has it. */
function chatFor(options: OpenaiOptions, params: GenerateTextParams & Partial<ModelRequest>) {
  const { messages, maxTokens, temperature, stop } = prepare(options, params);
  return {
    maxTokens,
    chat: {
      model: options.model,
      messages,
      ...limit(options, maxTokens),
      ...(temperature !== undefined && { temperature }),
      ...(stop && { stop }),
    },
  };
}

/** OpenAI itself has renamed the limit, and its newer models refuse the old name; many others know only that. */
function limit({ url }: OpenaiOptions, tokens: number) {
  return url.host === "api.openai.com" ? { max_completion_tokens: tokens } : { max_tokens: tokens };
}
