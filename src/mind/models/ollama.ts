/** Answers from an Ollama server. @module */

import { Buffer } from "node:buffer";
import type { GenerateTextParams, Plugin } from "@elizaos/core";
import { type ChatRequest, Ollama } from "ollama/browser";
import { embeddingHandler } from "./embedding.ts";
import { ModelError } from "../model_error.ts";
import type { ModelRequest } from "./model.ts";
import type { OllamaOptions } from "./options.ts";
import { prepare } from "./prepare.ts";
import { answerFrom } from "./reply.ts";
import { request } from "./request.ts";

/** The plugin, with TEXT_SMALL and TEXT_LARGE, and TEXT_EMBEDDING if an embedding model is set. */
export function ollamaModel(options: OllamaOptions): Plugin {
  const { embeddingModel: model } = options;
  return {
    name: "ollama-model",
    description: "Answers from an Ollama server",
    models: {
      TEXT_SMALL: (_runtime, params) => reply(options, params),
      TEXT_LARGE: (_runtime, params) => reply(options, params),
      ...(model !== undefined && { TEXT_EMBEDDING: embeddingHandler((texts) => embed({ ...options, model }, texts)) }),
    },
  };
}

/** See `checkModel`. */
export async function checkOllama(options: OllamaOptions, signal: AbortSignal): Promise<void> {
  for (const model of [options.model, options.embeddingModel]) {
    if (model !== undefined) await ask({ ...options, model }, { signal }, (client) => client.show({ model }));
  }
}

async function reply(options: OllamaOptions, params: GenerateTextParams & Partial<ModelRequest>): Promise<string> {
  const { model, keepAlive, contextWindow } = options;
  const { messages, maxTokens, temperature, stop } = prepare(options, params);
  // `truncate` and `shift`, which the client's types lack, keep the server from dropping a part of the prompt in silence.
  const chat: ChatRequest & { truncate: boolean; shift: boolean } = {
    model,
    messages,
    truncate: false,
    shift: false,
    options: {
      num_ctx: contextWindow,
      num_predict: maxTokens,
      ...(temperature !== undefined && { temperature }),
      ...(stop && { stop }),
    },
    ...(keepAlive !== undefined && { keep_alive: durationFrom(keepAlive) }),
  };
  return await ask(options, { signal: params.signal, checkLine }, async (client) => {
    let text = "", finish: string | undefined;
    for await (const { message, done, done_reason } of await client.chat({ ...chat, stream: true })) {
      text += message.content;
      if (done) finish = done_reason ?? "stop";
    }
    return answerFrom({ text, finish }, { maxTokens });
  });
}

async function embed(options: OllamaOptions, input: string[]): Promise<number[][]> {
  const { model, keepAlive } = options;
  return await ask(options, {}, async (client) => {
    const keep = keepAlive === undefined ? {} : { keep_alive: durationFrom(keepAlive) };
    const { embeddings } = await client.embed({ model, input, ...keep });
    return embeddings;
  });
}

function ask<T>(
  { url, model, timeoutMs }: OllamaOptions,
  options: { signal?: AbortSignal | undefined; checkLine?: (line: string) => void },
  use: (client: Ollama) => Promise<T>,
): Promise<T> {
  const { signal = new AbortController().signal, ...rest } = options;
  const host = new URL(url);
  host.username = host.password = "";
  return request(
    {
      url,
      remedies: {
        key: "Put a user name and a password into OLLAMA_SERVER_URL",
        model: `Pull the model with "ollama pull ${model}", or look whether OLLAMA_SERVER_URL is right`,
      },
      timeoutMs,
      signal,
      ...rest,
    },
    (fetch) => use(new Ollama({ host: host.href, fetch, headers: authorization(url) })),
  );
}

function authorization({ username, password }: URL): Record<string, string> {
  if (username === "" && password === "") return {};
  const pair = `${decoded(username)}:${decoded(password)}`;
  return { Authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
}

/** A URL keeps a stray `%` as it is. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The server takes a number without a unit for seconds only where it is a number. */
function durationFrom(text: string): string | number {
  return /^-?\d+$/.test(text) ? Number(text) : text;
}

/** The client would print a line that is no JSON, and go on without it. */
function checkLine(line: string): void {
  const value: unknown = JSON.parse(line);
  if (typeof value !== "object" || value === null) throw new SyntaxError("not an object");
  if ("error" in value) throw new ModelError("faulty", "The Ollama server failed while it answered");
  const { message } = value as { message?: { content?: unknown } };
  if (typeof message?.content !== "string") throw new SyntaxError("no message");
}
