/** Requests to the providers' handlers, and options for the servers of the tests. @module */

import { assert, assertRejects } from "@std/assert";
import type { IAgentRuntime } from "@elizaos/core";
import { ModelError } from "../../src/mind/model_error.ts";
import type { ModelRequest } from "../../src/mind/models/model.ts";
import { openModel } from "../../src/mind/models/providers.ts";
import type { ModelOptions, OllamaOptions, OpenaiOptions, RemoteOptions } from "../../src/mind/models/options.ts";
import type { ModelServer } from "./model_server.ts";

export const never = new AbortController().signal;
export const DIALECTS = ["ollama", "openai"] as const;

type Remote = OllamaOptions | OpenaiOptions;
/** What is set for either of them; what the other one has is not looked at. */
type More = Partial<RemoteOptions & Pick<OllamaOptions, "keepAlive"> & Omit<OpenaiOptions, "provider">>;

/** Options for a server of the tests. */
export function optionsFor(server: Pick<ModelServer, "url" | "dialect">, more: More = {}): Remote {
  return {
    url: new URL(server.url),
    model: "test-model",
    maxTokens: 200,
    contextWindow: 4096,
    silenceMs: 60_000,
    wholeMs: 600_000,
    headers: {},
    extraBody: {},
    ...more,
    provider: server.dialect,
  };
}

/** Asks a provider's handler, which needs nothing of a runtime. */
export async function ask(
  options: ModelOptions,
  params: Partial<ModelRequest> = {},
  size: "TEXT_LARGE" | "TEXT_SMALL" = "TEXT_LARGE",
): Promise<unknown> {
  const handler = (await openModel(options)).models?.[size];
  assert(handler, `${size} is registered`);
  const runtime = { character: { name: "A", bio: "b" } } as IAgentRuntime;
  return await handler(runtime, { prompt: "hello?", ...params });
}

export function requestWith(more: Partial<ModelRequest> = {}): ModelRequest {
  return {
    prompt: "not looked at",
    system: "You are A.",
    passages: [],
    exchanges: [],
    question: "what is it?",
    mark: "31415926",
    report() {},
    begun() {},
    signal: never,
    ...more,
  };
}

export const passage = (text: string) => ({ text, source: "knowledge", score: 1, share: 1 });

/** The failure that a request ends in. */
export async function failureOf(asked: Promise<unknown>): Promise<ModelError> {
  return await assertRejects(() => asked, ModelError);
}
