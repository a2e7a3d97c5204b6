/** Which model answers, and what its provider needs to know. @module */

import type { ModelSettings } from "./settings.ts";

/** What every provider with a server needs to know. */
export interface RemoteOptions {
  readonly url: URL;
  readonly model: string;
  readonly embeddingModel?: string;
  /** Absent: the model's own. */
  readonly temperature?: number;
  /** Longest answer, in tokens; never more than half of the window. */
  readonly maxTokens: number;
  /** Tokens of prompt and answer together. */
  readonly contextWindow: number;
  /** Milliseconds for one request. */
  readonly timeoutMs: number;
}
export interface OllamaOptions extends RemoteOptions {
  readonly provider: "ollama";
  /** Absent: the server's own. */
  readonly keepAlive?: string;
}
export interface OpenaiOptions extends RemoteOptions {
  readonly provider: "openai";
  readonly apiKey?: string;
}
export type ModelOptions = { readonly provider: "embedded" } | OllamaOptions | OpenaiOptions;

/** The model that the settings name. */
export function modelOptions(settings: ModelSettings): ModelOptions {
  const { MODEL_TEMPERATURE: temperature } = settings;
  const common = {
    maxTokens: settings.MODEL_MAX_TOKENS,
    contextWindow: settings.MODEL_CONTEXT_WINDOW,
    timeoutMs: settings.MODEL_TIMEOUT,
    ...(temperature !== undefined && { temperature }),
  };
  switch (settings.MODEL_PROVIDER) {
    case "embedded":
      return { provider: "embedded" };
    case "ollama": {
      const { OLLAMA_EMBEDDING_MODEL: embeddingModel, OLLAMA_KEEP_ALIVE: keepAlive } = settings;
      return {
        ...common,
        provider: "ollama",
        url: settings.OLLAMA_SERVER_URL,
        model: settings.OLLAMA_MODEL,
        ...(embeddingModel !== undefined && { embeddingModel }),
        ...(keepAlive !== undefined && { keepAlive }),
      };
    }
    case "openai": {
      const { OPENAI_EMBEDDING_MODEL: embeddingModel, OPENAI_API_KEY: apiKey } = settings;
      return {
        ...common,
        provider: "openai",
        url: settings.OPENAI_BASE_URL,
        model: settings.OPENAI_MODEL,
        ...(embeddingModel !== undefined && { embeddingModel }),
        ...(apiKey !== undefined && { apiKey }),
      };
    }
  }
}
