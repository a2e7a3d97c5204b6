/** The switch: the provider that the settings name, and whether it can be used. @module */

import type { Plugin } from "@elizaos/core";
import { publicUrl } from "../../urls.ts";
import { embeddedModel } from "./embedded.ts";
import type { ModelOptions } from "./options.ts";

/**
 * The plugin that registers the chosen provider's TEXT_SMALL and TEXT_LARGE handlers, and TEXT_EMBEDDING if it has one.
 * Of the providers with a server only that one is loaded, for the start's sake.
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

/** What a check has found. */
export interface CheckedModel {
  /** The model and its server, to be shown. */
  readonly description: string;
  /** The options with what the server told: its window, where that is smaller than the one that was set. */
  readonly options: ModelOptions;
  /** What will go wrong, as sentences without the full stop. */
  readonly warnings: readonly string[];
}

/**
 * Ask the provider whether it has the model and lets us in.
 *
 * @param how `asksIt`: whether the model has to say a word as well, since some servers answer 200 to everything.
 * @throws {ModelError} `refused` if it does not, `unavailable` or `faulty` if it can't be told now.
 */
export async function checkModel(
  options: ModelOptions,
  signal: AbortSignal,
  { asksIt }: { asksIt: boolean },
): Promise<CheckedModel> {
  if (options.provider === "embedded") return { description: "embedded", options, warnings: [] };
  const { toldByOllama, toldByOpenai } = await import("./told.ts");
  const { window, warnings } = options.provider === "ollama"
    ? await toldByOllama(options, signal)
    : await toldByOpenai(options, signal);
  if (asksIt) {
    const { begin } = await import("./asking.ts");
    const ask = options.provider === "ollama"
      ? (await import("./ollama.ts")).askerOf(options)
      : (await import("./openai.ts")).askerOf(options);
    await begin(ask, signal);
  }
  const isSmaller = window !== undefined && window < options.contextWindow;
  return {
    description: `${options.model} of ${options.provider} at ${publicUrl(options.url)}`,
    options: isSmaller ? { ...options, contextWindow: window } : options,
    warnings: isSmaller
      ? [
        `the server's window is ${window} tokens, and that is used: MODEL_CONTEXT_WINDOW says ${options.contextWindow}`,
        ...warnings,
      ]
      : warnings,
  };
}
