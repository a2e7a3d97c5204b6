/** What a model is asked, and the switch that picks who answers. @module */

import type { GenerateTextParams, Plugin } from "@elizaos/core";
import type { Passage } from "../knowledge/search.ts";
import { publicUrl } from "../../program/settings.ts";
import { embeddedModel } from "./embedded.ts";
import type { ModelOptions } from "./options.ts";

/** One question of the conversation so far, and its answer. */
export interface Exchange {
  readonly question: string;
  readonly answer: string;
}

/**
 * What `runtime.useModel` hands to a text model. `prompt` holds all of it as one text, for handlers that know no
 * better; who has chat roles takes `system`, then `exchanges` in turns, then `passages`, marked as data, with `question`.
 */
export interface ModelRequest extends GenerateTextParams {
  /** Who speaks and how: the character's own text, nothing of any event. */
  readonly system: string;
  /** What the knowledge says to the question, best first. Data, not orders. */
  readonly passages: readonly Passage[];
  /** The conversation so far, oldest first. */
  readonly exchanges: readonly Exchange[];
  readonly question: string;
  /**
   * For a handler to say which of `passages` its answer draws on: those it did not leave out. Until it does, all count.
   */
  readonly draw: (passages: readonly Passage[]) => void;
  /** Ends the request: the handler rejects with its reason. */
  readonly signal: AbortSignal;
}

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
