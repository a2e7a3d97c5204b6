/** A request of ElizaOS's, made ready for a provider: what every one of them needs, in no one's own words. @module */

import type { GenerateTextParams } from "@elizaos/core";
import type { ModelRequest } from "./model.ts";
import type { RemoteOptions } from "./options.ts";
import { type ChatMessage, chatMessages } from "./prompt.ts";

export interface Prepared {
  readonly messages: ChatMessage[];
  readonly maxTokens: number;
  readonly temperature: number | undefined;
  /** Texts that end the answer. */
  readonly stop: string[] | undefined;
}

/**
 * What is set in the request, by the caller or by the character's settings, counts more than the options.
 *
 * @throws {ModelError} `refused` if the question does not fit into the window.
 */
export function prepare(options: RemoteOptions, params: GenerateTextParams & Partial<ModelRequest>): Prepared {
  const { contextWindow } = options;
  // The question needs room too, whatever a character asks for.
  const maxTokens = Math.min(params.maxTokens ?? options.maxTokens, Math.floor(contextWindow / 2));
  const budget = contextWindow - maxTokens;
  const { messages, shown } = chatMessages(params, { budget, mark: crypto.randomUUID() });
  params.draw?.(shown);
  return {
    messages,
    maxTokens,
    temperature: params.temperature ?? options.temperature,
    stop: params.stopSequences,
  };
}
