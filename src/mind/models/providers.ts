/** The switch: the provider that the settings name, and whether it can be used. @module */

import type { Plugin } from "@elizaos/core";
import { publicUrl } from "../../urls.ts";
import { embeddedModel } from "./embedded.ts";
import type { ModelOptions } from "./options.ts";

/**
 * The plugin that registers the chosen provider's TEXT_SMALL and TEXT_LARGE handlers, and TEXT_EMBEDDING if it has one.
 * Of the providers with a server only that one is loaded: their clients would be a sixth of a start (measured).
 */
export async function openModel(options: ModelOptions): Promise<Plugin> {
  switch (options.provider) {
    case "embedded":
      return embeddedModel;
    case "ollama":
      return (await import("./ollama.ts")).ollamaModel(options);
    case "openai":
      return (await import("./openai.ts")).openaiModel(options);
  }
}

/**
 * Ask the provider whether it has the model and lets us in. Returns what it is, to be shown.
 *
 * @throws {ModelError} `refused` if it does not, `unavailable` or `faulty` if it can't be told now.
 */
export async function checkModel(options: ModelOptions, signal: AbortSignal): Promise<string> {
  switch (options.provider) {
    case "embedded":
      return "embedded";
    case "ollama":
      await (await import("./ollama.ts")).checkOllama(options, signal);
      break;
    case "openai":
      await (await import("./openai.ts")).checkOpenai(options, signal);
  }
  return `${options.model} of ${options.provider} at ${publicUrl(options.url)}`;
}
