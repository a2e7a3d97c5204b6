/** The model that needs no model: it answers with the passages that match, and says so when none does. @module */

import type { Character, GenerateTextParams, Plugin } from "@elizaos/core";
import type { Passage } from "../knowledge.ts";
import type { ModelRequest } from "./model.ts";

/** A passage answers if it covers this much of the question. */
const LEAST_SCORE = 0.4;
/** A further passage joins the best if it answers nearly as well. */
const JOINED = { share: 0.8, most: 2 };
/** How many of the character's topics are offered. */
const OFFERED_TOPICS = 5;

/** The plugin. The same question on the same knowledge gives the same bytes. */
export const embeddedModel: Plugin = {
  name: "embedded-model",
  description: "Answers from the best-matching knowledge, without a network",
  models: {
    TEXT_SMALL: (runtime, params) => Promise.resolve(reply(runtime.character, params)),
    TEXT_LARGE: (runtime, params) => Promise.resolve(reply(runtime.character, params)),
  },
};

function reply(character: Character, params: GenerateTextParams): string {
  const { question, passages, draw } = requestFrom(params);
  const courtesy = COURTESIES.find(({ heard }) => heard.test(question.trim()));
  const joined = courtesy ? [] : pick(passages);
  draw(joined);
  if (courtesy) return courtesy.reply(character);
  if (joined.length > 0) return joined.map(({ text }) => text).join("\n\n");
  return `I don't know: nothing in my knowledge answers that.${offer(character)}`;
}

/** Whoever calls `useModel` with a bare prompt, as other plugins do, has asked a question without knowledge. */
function requestFrom(params: GenerateTextParams): Pick<ModelRequest, "question" | "passages" | "draw"> {
  const { question = params.prompt, passages = [], draw = () => {} } = params as Partial<ModelRequest>;
  return { question, passages, draw };
}

/** The passages that make up the answer; none if the best does not answer. */
function pick(passages: readonly Passage[]): Passage[] {
  const [best] = passages;
  if (!best || best.score < LEAST_SCORE) return [];
  return passages.filter(({ score, share }) => score >= LEAST_SCORE && share >= JOINED.share).slice(0, JOINED.most);
}

/** What needs no knowledge. Only a message that is nothing else is taken for one of these. */
const COURTESIES: readonly { readonly heard: RegExp; readonly reply: (character: Character) => string }[] = [
  {
    heard:
      /^(?:hi|hello|hey|greetings|howdy|good (?:morning|afternoon|evening|day)|ciao|salve|buongiorno)\b[^?]{0,24}[!.]*$/i,
    reply: (character) => `Hello! ${introduction(character)}${offer(character)}`,
  },
  {
    heard: /^(?:(?:many )?thanks|thank you|thx|cheers|grazie)\b[^?]{0,40}$/i,
    reply: () => "You're welcome! Ask me whenever you have another question.",
  },
  {
    heard: /^(?:bye|goodbye|good ?night|see you|farewell|arrivederci)\b[^?]{0,24}$/i,
    reply: () => "Goodbye!",
  },
  {
    heard:
      /^(?:(?:hi|hello|hey)\b[,!. ]*)?(?:so )?(?:who (?:are|r) (?:you|u)|what(?: is|'s|’s) your name|what are you|(?:please )?(?:introduce|present) yourself|tell me (?:something |a bit )?about yourself)\b[^?]{0,12}[?!.]*$/i,
    reply: introduction,
  },
  {
    heard:
      /^(?:what (?:can|do) you (?:do|know)(?: for me| about)?|how can you help(?: me)?|what can (?:i|you) (?:ask|help)(?: (?:you|me))?(?: with| about)?|help)[?!. ]*$/i,
    reply: (character) => `${introduction(character)}${offer(character)}`,
  },
];

function introduction({ name, bio }: Character): string {
  const about = (Array.isArray(bio) ? bio.slice(0, 2).join(" ") : bio).trim();
  return about.toLowerCase().includes(name.toLowerCase()) ? about : `I'm ${name}. ${about}`.trim();
}

function offer({ topics = [] }: Character): string {
  if (topics.length === 0) return "";
  const offered = topics.slice(0, OFFERED_TOPICS);
  const last = offered.pop();
  return ` You can ask me about ${offered.length > 0 ? `${offered.join(", ")} or ${last}` : last}.`;
}
