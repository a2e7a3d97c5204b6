/** Which model answers, and what its provider needs to know. @module */

import { readCertificates } from "../../certificates.ts";
import { proxyFor, type ProxySettings } from "../../settings/proxy.ts";
import type { Limits } from "./request.ts";
import type { ModelSettings, Reasoning } from "./settings.ts";

/** What every provider with a server needs to know. */
export interface RemoteOptions extends Limits {
  readonly url: URL;
  readonly model: string;
  readonly embeddingModel?: string;
  /** Absent: the model's own. */
  readonly temperature?: number;
  /** Absent: chosen anew for each answer. */
  readonly seed?: number;
  /** How much the model thinks. Absent: as it does by itself. */
  readonly reasoning?: Reasoning;
  /** Longest answer, in tokens; never more than half of the window. */
  readonly maxTokens: number;
  /** Tokens of prompt and answer together, at most. */
  readonly contextWindow: number;
  /** Sent with each request. */
  readonly headers: Readonly<Record<string, string>>;
  /** Added to each address. */
  readonly query?: string;
  /** Added to each request for an answer; its fields count more than ours. */
  readonly extraBody: Readonly<Record<string, unknown>>;
  /** PEM text of certificate authorities, besides the public ones. */
  readonly caCerts?: readonly string[];
  /** The proxy for a connection to an address; undefined where it goes straight. Absent: none. */
  readonly proxyFor?: (url: URL) => Deno.Proxy | undefined;
}
export interface OllamaOptions extends RemoteOptions {
  readonly provider: "ollama";
  /** Absent: the server's own. */
  readonly keepAlive?: string;
}
export interface OpenaiOptions extends RemoteOptions {
  readonly provider: "openai";
  readonly apiKey?: string;
  /** Where embeddings are made. Absent: where answers are. */
  readonly embeddingUrl?: URL;
  /** Absent: the same as for answers, where the address is the same. */
  readonly embeddingApiKey?: string;
  /** Numbers of an embedding. Absent: as many as the model makes. */
  readonly embeddingDimensions?: number;
}
export type ModelOptions = { readonly provider: "embedded" } | OllamaOptions | OpenaiOptions;

/**
 * The model that the settings name.
 *
 * @throws {FatalError} If MODEL_CA_FILE can't be read.
 */
export function modelOptions(settings: ModelSettings & ProxySettings): ModelOptions {
  switch (settings.MODEL_PROVIDER) {
    case "embedded":
      return { provider: "embedded" };
    case "ollama":
      return {
        ...remoteOptions(settings),
        provider: "ollama",
        url: settings.OLLAMA_SERVER_URL,
        model: settings.OLLAMA_MODEL,
        ...present({ embeddingModel: settings.OLLAMA_EMBEDDING_MODEL, keepAlive: settings.OLLAMA_KEEP_ALIVE }),
      };
    case "openai":
      return {
        ...remoteOptions(settings),
        provider: "openai",
        url: settings.OPENAI_BASE_URL,
        model: settings.OPENAI_MODEL,
        ...present({
          embeddingModel: settings.OPENAI_EMBEDDING_MODEL,
          apiKey: settings.OPENAI_API_KEY,
          embeddingUrl: settings.OPENAI_EMBEDDING_BASE_URL,
          embeddingApiKey: settings.OPENAI_EMBEDDING_API_KEY,
          embeddingDimensions: settings.OPENAI_EMBEDDING_DIMENSIONS,
        }),
      };
  }
}

function remoteOptions(settings: ModelSettings & ProxySettings) {
  const { MODEL_CA_FILE: caFile } = settings;
  return {
    maxTokens: settings.MODEL_MAX_TOKENS,
    contextWindow: settings.MODEL_CONTEXT_WINDOW,
    silenceMs: settings.MODEL_TIMEOUT,
    wholeMs: settings.MODEL_ANSWER_TIMEOUT,
    headers: settings.MODEL_HEADERS ?? {},
    extraBody: settings.MODEL_EXTRA_BODY ?? {},
    ...present({
      temperature: settings.MODEL_TEMPERATURE,
      seed: settings.MODEL_SEED,
      reasoning: settings.MODEL_REASONING,
      query: settings.MODEL_QUERY,
      proxyFor: settings.AGENT_PROXY && ((url: URL) => proxyFor(url, settings)),
      caCerts: caFile === undefined ? undefined : [readCertificates("MODEL_CA_FILE", caFile)],
    }),
  };
}

/** The fields that have a value. */
function present<T extends object>(fields: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Name in keyof T]?: Exclude<T[Name], undefined>;
  };
}
