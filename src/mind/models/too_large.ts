/** What servers say of a prompt that is larger than the model's window, each in its own words. @module */

import type { JsonObject } from "../../json_object.ts";

/** The window and the prompt's size in tokens, as far as a server tells them. */
export interface Sizes {
  readonly window?: number;
  readonly promptTokens?: number;
}

/** Sentences that say it, with the numbers in them; by the servers that send them. */
const SENTENCES: readonly (readonly [servers: string, sentence: RegExp])[] = [
  ["OpenAI, vLLM, SGLang, DeepSeek, OpenRouter", /maximum context length(?: (?:is|of) (?<window>\d+) tokens)?/i],
  ["llama.cpp, Ollama", /exceeds? the (?:available |model's )?context|exceeded max context length/i],
  ["others that speak of a context", /context (?:length|window|size) exceed(?:ed|s)/i],
  [
    "Together, SGLang",
    /input \((?<prompt>\d+) tokens\) is longer than the model's context length(?: \((?<window>\d+) tokens\))?/i,
  ],
  ["LM Studio", /greater than the context length/i],
  ["Anthropic", /prompt is too long(?:: (?<prompt>\d+) tokens > (?<window>\d+) maximum)?/i],
  ["Gemini", /input token count \((?<prompt>\d+)\) exc\w+ the maximum number of tokens allowed \((?<window>\d+)\)/i],
  ["xAI", /maximum prompt length is (?<window>\d+) but the request contains (?<prompt>\d+) tokens/i],
  ["Mistral", /prompt contains (?<prompt>\d+) tokens[^.]{0,80}too large for model with (?<window>\d+)/i],
  ["GitHub", /prompt token count of (?<prompt>\d+) exceeds the limit of (?<window>\d+)/i],
  ["Groq", /reduce the length of (?:the|your) messages/i],
  ["TGI, Together", /must be <= (?<window>\d+)\. Given: (?<prompt>\d+) `inputs` tokens/i],
  ["TGI, for the question alone", /`inputs` must have less than \d+ tokens\. Given: (?<prompt>\d+)/i],
  ["Bedrock", /input is too long for requested model/i],
  ["Qwen", /range of input length should be \[1, \d+\]/i],
  ["Kimi", /exceeded model token limit: (?<window>\d+)/i],
  ["Cohere", /too many tokens: size limit exceeded/i],
];

/** The machine's words for it. */
const CODES = /^(?:context_length_exceeded|exceed_context_size_error|context_window_exceeded)$/;

/** Other words of the same sentences, for the size of the prompt. */
const PROMPT =
  /(\d+) (?:tokens )?in the messages|(\d+) tokens from the input messages|resulted in (\d+) tokens|request has (\d+) input tokens|\((\d+) of text input/;

/** Whether an error says it, in a sentence or in the machine's words. */
export function saysTooLarge({ codes, text }: { codes: readonly string[]; text: string }): boolean {
  return codes.some((code) => CODES.test(code)) || SENTENCES.some(([, sentence]) => sentence.test(text));
}

/** The sizes in an error; llama.cpp has them in fields. */
export function sizesIn({ n_ctx, n_prompt_tokens }: JsonObject, text: string): Sizes {
  const found: Record<string, string | undefined> = {};
  for (const [, sentence] of SENTENCES) {
    for (const [name, value] of Object.entries(sentence.exec(text)?.groups ?? {})) found[name] ??= value;
  }
  found.prompt ??= PROMPT.exec(text)?.slice(1).find((one) => one);
  const number = (field: unknown, said: string | undefined) => {
    const value = typeof field === "number" ? field : Number(said);
    return Number.isInteger(value) && value > 0 ? value : undefined;
  };
  const window = number(n_ctx, found.window), promptTokens = number(n_prompt_tokens, found.prompt);
  return { ...(window !== undefined && { window }), ...(promptTokens !== undefined && { promptTokens }) };
}
