/** What a model said, made an answer: whole, without its thinking, or an error. @module */

import { ModelError } from "../model_error.ts";

/** What came of a request. */
export interface Reply {
  readonly text: string;
  /** Why it ended, in the provider's word; undefined if it never said that it had ended. */
  readonly finish: string | undefined;
}

/**
 * The answer in a reply. One that reached the token limit ends with a sentence that says so, for it is useful as far
 * as it goes, and asking again would end at the same place.
 *
 * @throws {ModelError} If there is none in it.
 */
export function answerFrom({ text, finish }: Reply, { maxTokens }: { maxTokens: number }): string {
  if (finish === undefined) throw new ModelError("faulty", "The model's answer was cut off");
  if (finish === "content_filter") throw new ModelError("refused", "The provider's content filter withheld the answer");
  const answer = withoutThinking(text).trim();
  if (finish !== "length") {
    if (answer === "") throw new ModelError("faulty", "The model gave an empty answer");
    return answer;
  }
  if (answer !== "") return `${answer}…\n\n[This answer was cut off at ${maxTokens} tokens.]`;
  throw new ModelError(
    "refused",
    `The model spent all of its ${maxTokens} tokens on thinking and gave no answer. Raise MODEL_MAX_TOKENS`,
  );
}

/**
 * What follows the thinking. Servers that do not take it apart send `<think>…</think>` before the answer, or only the
 * closing tag, on a line of its own, where the model's template wrote the opening one.
 */
function withoutThinking(text: string): string {
  const opened = /^\s*<think>/.test(text);
  const closing = (opened ? /<\/think>/ : /^<\/think>\s*$/m).exec(text);
  if (closing) return text.slice(closing.index + closing[0].length);
  return opened ? "" : text;
}
