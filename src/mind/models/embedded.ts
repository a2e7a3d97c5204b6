/** The model that needs no model: it answers with the passages that match, and says so when none does. @module */

import type { Character, GenerateTextParams, Plugin } from "@elizaos/core";
import { SPOKEN } from "../knowledge/language.ts";
import { type Asked, readQuestion } from "../knowledge/question.ts";
import { ANSWERS, type Passage } from "../knowledge/search.ts";
import { courteousReply, refusal, type Speaker } from "./courtesies.ts";
import type { ModelRequest } from "./model.ts";

/** A further passage joins the best if it answers nearly as well; so many make up an answer to one question. */
const JOINED = { share: 0.8, most: 2 };

/** The plugin. The same question on the same knowledge gives the same bytes. */
export const embeddedModel: Plugin = {
  name: "embedded-model",
  description: "Answers from the best-matching knowledge, without a network",
  models: {
    TEXT_SMALL: (runtime, params) => Promise.resolve(reply(runtime.character, params)),
    TEXT_LARGE: (runtime, params) => Promise.resolve(reply(runtime.character, params)),
  },
};

function reply(character: Character, params: GenerateTextParams & Partial<ModelRequest>): string {
  // Whoever calls `useModel` with a bare prompt, as other plugins do, has asked a question without knowledge.
  const { question = params.prompt, passages = [], report, speaker = speakerOf(character) } = params;
  const asked = params.asked ?? readQuestion(question, { isKnown: () => false, name: character.name });
  const language = SPOKEN.find((spoken) => spoken === asked.language) ?? "en";
  const answer = asked.courtesy ? [] : pick(passages, asked);
  report?.({ drawn: answer, isDeclined: !asked.courtesy && answer.length === 0 });
  if (asked.courtesy) return courteousReply(asked.courtesy, speaker, language);
  if (answer.length > 0) return answer.map(({ text }) => text).join("\n\n");
  return refusal(speaker, language);
}

function speakerOf({ name, bio, topics = [] }: Character): Speaker {
  return { name, bio, topics };
}

/** The passages that make up the answer; none if the best does not answer. */
function pick(passages: readonly Passage[], { parts }: Asked): Passage[] {
  const compares = parts.some(({ compares }) => compares);
  const most = Math.max(JOINED.most, parts.length + (compares ? 1 : 0));
  return passages.filter(({ score, share }) => score >= ANSWERS && share >= JOINED.share).slice(0, most);
}
