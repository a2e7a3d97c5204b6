/** The model that needs no model: it answers with the passages that match, and says so when none does. @module */

import type { Character, GenerateTextParams, Plugin } from "@elizaos/core";
import type { Passage } from "../knowledge/search.ts";
import { termsOf } from "../knowledge/words.ts";
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
  const { question, passages, report } = requestFrom(params);
  const fitting = pick(passages);
  const courtesy = COURTESIES.find(({ heard }) => {
    const said = heard.exec(question.trim());
    return said && !asksMore(said.groups?.rest ?? "", { character, isKnown: fitting.length > 0 });
  });
  const joined = courtesy ? [] : fitting;
  report({ drawn: joined, isDeclined: !courtesy && joined.length === 0 });
  if (courtesy) return courtesy.reply(character);
  if (joined.length > 0) return joined.map(({ text }) => text).join("\n\n");
  return `I don't know: nothing in my knowledge answers that.${offer(character)}`;
}

/** Whoever calls `useModel` with a bare prompt, as other plugins do, has asked a question without knowledge. */
function requestFrom(params: GenerateTextParams): Pick<ModelRequest, "question" | "passages" | "report"> {
  const { question = params.prompt, passages = [], report = () => {} } = params as Partial<ModelRequest>;
  return { question, passages, report };
}

/** The passages that make up the answer; none if the best does not answer. */
function pick(passages: readonly Passage[]): Passage[] {
  const [best] = passages;
  if (!best || best.score < LEAST_SCORE) return [];
  return passages.filter(({ score, share }) => score >= LEAST_SCORE && share >= JOINED.share).slice(0, JOINED.most);
}

/** What needs no knowledge; `rest` is what a message says besides, and may be a question after all. */
const COURTESIES: readonly { readonly heard: RegExp; readonly reply: (character: Character) => string }[] = [
  {
    heard:
      /^(?:hi|hello|hey|greetings|howdy|good (?:morning|afternoon|evening|day)|ciao|salve|buongiorno)\b(?<rest>.{0,32})$/i,
    reply: (character) => `Hello! ${introduction(character)}${offer(character)}`,
  },
  {
    heard: /^(?:(?:many )?thanks|thank you|thx|cheers|grazie)\b(?<rest>.{0,40})$/i,
    reply: () => "You're welcome! Ask me whenever you have another question.",
  },
  {
    heard: /^(?:bye|goodbye|good ?night|see you|farewell|arrivederci)\b(?<rest>.{0,24})$/i,
    reply: () => "Goodbye!",
  },
  {
    heard:
      /^(?:(?:hi|hello|hey)\b[,!. ]*)?(?:so )?(?:who (?:are|r) (?:you|u)|what(?: is|'s|’s) your name|what are you|(?:please )?(?:introduce|present) yourself|tell me (?:something |a bit )?about yourself)(?:,? (?:exactly|really|again|then|now|anyway|please|(?:an? )?(?:bot|robot|ai|machine|human|person)))*[?!. ]*$/i,
    reply: introduction,
  },
  {
    heard:
      /^(?:(?:hi|hello|hey)\b[,!. ]*)?(?:so )?(?:what (?:can|do) you (?:do|know)(?: for me| about)?|how can you help(?: me)?|what can (?:i|you) (?:ask|help)(?: (?:you|me))?(?: with| about)?|help)[?!. ]*$/i,
    reply: (character) => `${introduction(character)}${offer(character)}`,
  },
];

/** Whether what follows a greeting is a question, or names something that the knowledge has. */
function asksMore(rest: string, { character, isKnown }: { character: Character; isKnown: boolean }): boolean {
  if (SMALL_TALK.test(rest)) return false;
  if (ASKS.test(rest)) return true;
  const name = new Set(termsOf(character.name));
  return isKnown && termsOf(rest).some((term) => !name.has(term));
}

const SMALL_TALK =
  /^[^\p{L}]*(?:how (?:are (?:you|things)|do you do)|how(?:'s|’s| is) it going|what(?:'s|’s| is) up)\P{L}*$/iu;
/** A question word or an order at its start, or a question mark at its end. */
const ASKS =
  /^[^\p{L}]*(?:(?:and|so|but|now|then|please)\P{L}+)*(?:who|whose|what|which|when|where|why|how|is|are|can|could|do|does|did|will|would|should|may|tell|explain|describe|show|give|list|define|help)(?!\p{L})|\p{L}.*\?\P{L}*$/iu;

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
