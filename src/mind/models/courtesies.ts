/** What the embedded model says besides its knowledge, in the language of whoever asks. @module */

import type { Spoken } from "../knowledge/language.ts";
import type { Courtesy } from "../knowledge/stripping.ts";

/** Who answers, as it introduces itself. */
export interface Speaker {
  readonly name: string;
  readonly bio: string | readonly string[];
  readonly topics?: readonly string[];
}

/** How many of the character's topics are offered. */
const OFFERED_TOPICS = 5;
/** Sentences of the bio that make an introduction. */
const INTRODUCING = 2;

interface Sayings {
  readonly hello: string;
  readonly welcome: string;
  readonly bye: string;
  readonly unknown: string;
  readonly iAm: (name: string) => string;
  readonly offer: (topics: string) => string;
  readonly or: string;
}

const SAYINGS: Readonly<Record<Spoken, Sayings>> = {
  en: {
    hello: "Hello!",
    welcome: "You're welcome! Ask me whenever you have another question.",
    bye: "Goodbye!",
    unknown: "I don't know: nothing in my knowledge answers that.",
    iAm: (name) => `I'm ${name}.`,
    offer: (topics) => `You can ask me about ${topics}.`,
    or: "or",
  },
  it: {
    hello: "Ciao!",
    welcome: "Prego! Se hai un'altra domanda, chiedi pure.",
    bye: "Arrivederci!",
    unknown: "Non lo so: nelle mie conoscenze non c'è una risposta.",
    iAm: (name) => `Sono ${name}.`,
    offer: (topics) => `Puoi chiedermi di questi argomenti: ${topics}.`,
    or: "o",
  },
  fr: {
    hello: "Bonjour !",
    welcome: "De rien ! N'hésitez pas si vous avez une autre question.",
    bye: "Au revoir !",
    unknown: "Je ne sais pas : rien dans mes connaissances n'y répond.",
    iAm: (name) => `Je suis ${name}.`,
    offer: (topics) => `Vous pouvez m'interroger sur ces sujets : ${topics}.`,
    or: "ou",
  },
  es: {
    hello: "¡Hola!",
    welcome: "¡De nada! Pregúntame cuando quieras si tienes otra duda.",
    bye: "¡Adiós!",
    unknown: "No lo sé: nada en mis conocimientos responde a eso.",
    iAm: (name) => `Soy ${name}.`,
    offer: (topics) => `Puedes preguntarme sobre estos temas: ${topics}.`,
    or: "o",
  },
  de: {
    hello: "Hallo!",
    welcome: "Gern geschehen! Fragen Sie, wann immer Sie möchten.",
    bye: "Auf Wiedersehen!",
    unknown: "Das weiß ich nicht: In meinem Wissen steht dazu nichts.",
    iAm: (name) => `Ich bin ${name}.`,
    offer: (topics) => `Sie können mich nach diesen Themen fragen: ${topics}.`,
    or: "oder",
  },
};

/** The reply to a courtesy. */
export function courteousReply(courtesy: Courtesy, speaker: Speaker, language: Spoken): string {
  const { hello, welcome, bye } = SAYINGS[language];
  switch (courtesy) {
    case "hello":
      return joined(hello, introduction(speaker, language), offer(speaker, language));
    case "thanks":
      return welcome;
    case "bye":
      return bye;
    case "who":
      return introduction(speaker, language);
    case "abilities":
      return joined(introduction(speaker, language), offer(speaker, language));
  }
}

/** What is said where the knowledge has no answer. */
export function refusal(speaker: Speaker, language: Spoken): string {
  return joined(SAYINGS[language].unknown, offer(speaker, language));
}

function introduction({ name, bio }: Speaker, language: Spoken): string {
  const about = (typeof bio === "string" ? bio : bio.slice(0, INTRODUCING).join(" ")).trim();
  const { iAm } = SAYINGS[language];
  const introduces = about.toLowerCase().includes(name.toLowerCase()) || about.startsWith(iAm("").replace(/\W+$/, ""));
  return introduces ? about : joined(iAm(name), about);
}

function offer({ topics = [] }: Speaker, language: Spoken): string {
  if (topics.length === 0) return "";
  const offered = topics.slice(0, OFFERED_TOPICS), last = offered.pop();
  const { offer, or } = SAYINGS[language];
  return offer(offered.length > 0 ? `${offered.join(", ")} ${or} ${last}` : `${last}`);
}

function joined(...texts: readonly string[]): string {
  return texts.filter((text) => text !== "").join(" ");
}
