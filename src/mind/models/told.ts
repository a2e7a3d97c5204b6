/** What a model's server tells of it, before it is asked anything: whether it is there, its window, its template. @module */

import { isObject, type JsonObject } from "../../json_object.ts";
import { ModelError } from "../model_error.ts";
import { begin } from "./asking.ts";
import { serverOf as ollamaServerOf } from "./ollama.ts";
import { askerOf, embedderOf, embeddingServerOf, serverOf as openaiServerOf } from "./openai.ts";
import type { OllamaOptions, OpenaiOptions } from "./options.ts";
import { count } from "./records.ts";
import type { Server } from "./server.ts";

/** What was found out. */
export interface Told {
  /** Tokens that prompt and answer may have together, as the server has them. */
  readonly window?: number | undefined;
  /** What will go wrong, as sentences without the full stop. */
  readonly warnings: readonly string[];
}

/**
 * What an Ollama server tells of its models.
 *
 * @throws {ModelError} `refused` if one is not there, or can't give answers.
 * @see https://github.com/ollama/ollama/blob/main/docs/api.md#show-model-information
 */
export async function toldByOllama(options: OllamaOptions, signal: AbortSignal): Promise<Told> {
  const { model, embeddingModel } = options;
  const warnings: string[] = [];
  const show = (model: string) => ollamaServerOf({ ...options, model }).post("api/show", { model }, signal);
  const { capabilities, template, modelfile, model_info: info } = await show(model);
  const abilities = Array.isArray(capabilities) ? capabilities : undefined;
  if (abilities && !abilities.includes("completion")) {
    throw new ModelError(
      "refused",
      `OLLAMA_MODEL=${model} gives no answers: it is a model for ${abilities.join(", ")}`,
    );
  }
  // A renderer does what the template would do.
  const hasRenderer = typeof modelfile === "string" && /^RENDERER\s/m.test(modelfile);
  if (typeof template === "string" && !/\.System|\.Messages/.test(template) && !hasRenderer) {
    warnings.push(
      `the template of ${model} leaves the character out: the model gets the last message alone. ` +
        'Create it with a TEMPLATE that has ".Messages"',
    );
  }
  if (embeddingModel !== undefined) {
    const { capabilities } = await show(embeddingModel);
    if (Array.isArray(capabilities) && !capabilities.includes("embedding")) {
      warnings.push(`OLLAMA_EMBEDDING_MODEL=${embeddingModel} is not made for embeddings`);
    }
  }
  const window = isObject(info)
    ? Object.entries(info).filter(([name]) => name.endsWith(".context_length")).map(([, value]) => count(value))[0]
    : undefined;
  return { window, warnings };
}

/**
 * What a server that speaks OpenAI's interface tells of its models. One that is not listed is asked: not every server
 * lists all that it has or has a list, nor may every key see it.
 *
 * @throws {ModelError} `refused` if the server does not know a model, or lets nobody in.
 */
export async function toldByOpenai(options: OpenaiOptions, signal: AbortSignal): Promise<Told> {
  const { model, embeddingModel, embeddingUrl } = options;
  const server = openaiServerOf(options);
  const listed = await listModels(server, signal);
  if (!listed.some(({ id }) => id === model)) await begin(askerOf(options), signal);
  if (embeddingModel !== undefined) {
    const there = embeddingUrl === undefined ? listed : await listModels(embeddingServerOf(options), signal);
    // llama.cpp lists its model whether or not it was started with --embeddings.
    const isSure = there.some(({ id, owned_by }) => id === embeddingModel && owned_by !== "llamacpp");
    if (!isSure) await embedderOf(options)(["."], signal);
  }
  // A server of one model calls it as it likes.
  const entry = listed.find(({ id }) => id === model) ?? (listed.length === 1 ? listed[0] : undefined);
  const props = entry?.owned_by === "llamacpp" ? await propsOf(server, signal) : undefined;
  return { window: (props && windowInProps(props)) ?? (entry && windowIn(entry)), warnings: templateWarnings(props) };
}

/**
 * What llama.cpp tells of itself, beside the interface that it shares with others; undefined if it does not.
 *
 * @see https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md: GET /props
 */
async function propsOf(server: Server, signal: AbortSignal): Promise<JsonObject | undefined> {
  try {
    return await server.get("../props", signal);
  } catch (error) {
    // A router or a proxy may hand on what is under /v1 alone.
    if (error instanceof ModelError) return undefined;
    throw error;
  }
}

/** The window of one answer, which is smaller than `/v1/models` says where several answers share it in parts. */
function windowInProps({ default_generation_settings: settings }: JsonObject): number | undefined {
  const window = isObject(settings) ? count(settings.n_ctx) : undefined;
  return window !== undefined && window > 0 ? window : undefined;
}

function templateWarnings({ chat_template: template }: JsonObject = {}): string[] {
  if (typeof template !== "string" || template === "" || template.includes("messages")) return [];
  return [
    "the server's chat template leaves the messages out: the model gets neither the character nor the question. " +
    "Start it with a --chat-template that has them",
  ];
}

/** The window in an entry of `/v1/models`. */
function windowIn(entry: JsonObject): number | undefined {
  const meta = isObject(entry.meta) ? entry.meta : {};
  // llama.cpp; vLLM and SGLang; LM Studio; Groq; OpenRouter and Together; Mistral.
  return [
    meta.n_ctx,
    entry.max_model_len,
    entry.loaded_context_length,
    entry.context_window,
    entry.context_length,
    entry.max_context_length,
  ].map(count).find((value) => value !== undefined && value > 0);
}

async function listModels(server: Server, signal: AbortSignal): Promise<JsonObject[]> {
  try {
    const { data } = await server.get("models", signal);
    return Array.isArray(data) ? data.filter(isObject) : [];
  } catch (error) {
    if (error instanceof ModelError && error.kind !== "unavailable") return [];
    throw error;
  }
}
