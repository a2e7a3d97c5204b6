/**
 * What people say around a question, and the forms that questions have, in five languages. Every pattern is matched
 * against folded text: without accents, with plain apostrophes, and whatever its case. @module
 */

import type { Kind } from "./kinds.ts";
import type { Spoken } from "./language.ts";
import sources from "./phrases.json" with { type: "json" };

/** Sources of regular expressions, one set for each language. An empty one matches nothing. */
interface PhraseSources {
  /** Greetings, thanks and leave-takings, at the start of a sentence. */
  readonly hello: string;
  readonly thanks: string;
  readonly bye: string;
  /** Whom a greeting is for, besides a name. */
  readonly addressees: string;
  /** `How are you?` */
  readonly smallTalk: string;
  /** What leads to a question: `could you tell me`, `quick question`. */
  readonly leads: string;
  /** What may follow one: `please`. */
  readonly trails: string;
  /** Who asks, or in which mood: `my name is …`, `I'm new here`. */
  readonly asides: string;
  /** `What is …`, before the thing. */
  readonly defines: string;
  /** `… means`, behind the thing. */
  readonly definesBehind: string;
  /** `How do I …` */
  readonly how: string;
  /** `How many …` */
  readonly howMany: string;
  /** `What is the …`, `who is the …`, before what is asked of a thing: `the price of bread`. */
  readonly asksFor: string;
  /** `… of the …`, between what is asked and the thing. */
  readonly of: string;
  /** `…'s …`, between the thing and what is asked. */
  readonly possessive: string;
  /** `Who …`, `how much …`, before a verb and the thing that it is asked of. */
  readonly asksOf: string;
  /** Two things compared: groups 1 and 2 are the things. */
  readonly compares: string;
  /** `At what time …`, which asks `when`: of the time nothing else need be known. */
  readonly whatTime: string;
  readonly when: string;
  /** Words that begin a question or an order. */
  readonly begins: string;
  /** `and`, before a second question. */
  readonly and: string;
  /** What begins a question that goes on from the one before. */
  readonly continues: string;
  /** Words that mean a thing that was spoken of, and nothing else. */
  readonly it: string;
  /** Those that leave no doubt that it is a thing or somebody, as `it` does in `what does it cost to run a task`. */
  readonly whose: string;
  /** Words that may point back to what was spoken of. */
  readonly pointsBack: string;
  /** `Tell me more.` */
  readonly more: string;
  /** The agent itself. */
  readonly agent: string;
  /** The news of the day, an opinion, work to be done: nothing that knowledge gives. */
  readonly news: string;
  readonly who: string;
  /** `What can you do?` */
  readonly abilities: string;
  /** How a question asks for an attribute of each kind. */
  readonly kinds: Readonly<Record<Kind, string>>;
}

const SOURCES: Readonly<Record<Spoken, PhraseSources>> = sources;

/** The phrases of a language as patterns. */
export interface Phrases {
  /** What courtesies begin with, by {@linkcode beginningOf}: no other text need be matched against them. */
  readonly courteous: ReadonlySet<string>;
  /** A greeting, with those it is for, at the start. */
  readonly hello: RegExp;
  readonly thanks: RegExp;
  readonly bye: RegExp;
  readonly smallTalk: RegExp;
  readonly leads: RegExp;
  readonly trails: RegExp;
  readonly asides: RegExp;
  readonly defines: RegExp;
  readonly definesBehind: RegExp;
  readonly how: RegExp;
  readonly howMany: RegExp;
  readonly asksFor: RegExp;
  readonly asksOf: RegExp;
  readonly of: RegExp;
  /** Absent where a language has none. */
  readonly possessive: RegExp | undefined;
  readonly compares: RegExp;
  readonly whatTime: RegExp;
  readonly when: string;
  readonly begins: RegExp;
  /** The place between two questions in one sentence. */
  readonly and: RegExp;
  readonly continues: RegExp;
  readonly it: RegExp;
  readonly whose: RegExp;
  readonly pointsBack: RegExp;
  readonly more: RegExp;
  readonly agent: RegExp;
  readonly news: RegExp;
  readonly who: RegExp;
  readonly abilities: RegExp;
  readonly kinds: Readonly<Record<Kind, RegExp>>;
}

const compiled: Partial<Record<Spoken, Phrases>> = {};

/** The phrases of a language, each made when it is first asked for: all of them would take 15 ms of the first answer. */
export function phrasesOf(language: Spoken): Phrases {
  return compiled[language] ??= compile(SOURCES[language]);
}

/**
 * Letters of folded text in Latin script. The classes of Unicode (`\p{L}`) would say it too, but patterns with them took
 * ten times as long to compile, at the first question of each start.
 */
const LETTERS = "a-zA-Z\u00c0-\u024f";
/** No letter or digit follows. */
const END = `(?![${LETTERS}0-9'])`;
const START = `(?<![${LETTERS}0-9])`;
/** Signs between a phrase and what it introduces. */
const GAP = "[\\s,;:!.…–-]*";
/** Nothing that is read. */
const NOTHING = `[^${LETTERS}0-9]*`;

/** A word that is told to be a name by a capital in it or a digit, and small words within names. */
const NAMED = `(?:(?-i:[a-z0-9]*[A-Z])|[0-9])[${LETTERS}0-9.'-]*`,
  WITHIN = "(?: (?:of|the|and|de|du|del|della|di|von|der))*";
/** What `NAME` and `NAMES` stand for in the sources: a name, and a name of two words or more. */
const NAME = `${NAMED}(?:${WITHIN} ${NAMED})*`, NAMES = `${NAMED}(?:${WITHIN} ${NAMED})+`;
/** What `NOUN` stands for: a word of English that is no participle, as in `where is the data stored`. */
const NOUN = `(?!\\p{L}*(?:ed|ing|able)$|(?:built|made|kept|sold|run|in|from)$)\\p{L}+`;

/** Letters by which a word that may be a courtesy is told: `hii` and `hi` must not differ. */
const BEGINNING = 2;

/** The first letters of a folded text. */
export function beginningOf(text: string): string {
  return /[a-z]+/i.exec(text)?.[0].toLowerCase().slice(0, BEGINNING) ?? "";
}

function compile(of: PhraseSources): Phrases {
  const pattern = (source: string) => new RegExp(source.replaceAll("\\p{L}", `[${LETTERS}]`), "i");
  const atStart = (source: string) => pattern(`^(?:${source})${END}`);
  const anywhere = (source: string) => pattern(`${START}(?:${source})${END}`);
  const whole = (source: string) => pattern(`^(?:${source})${END}${NOTHING}$`);
  return made<Phrases>({
    courteous: () =>
      new Set(
        `${of.hello}|${of.thanks}|${of.bye}|${of.smallTalk}`.match(/[a-z]+/g)?.map((word) => word.slice(0, BEGINNING)),
      ),
    hello: () => pattern(`^(?:${of.hello})${END}(?:[\\s,]+(?:${of.addressees})${END})*${GAP}`),
    thanks: () => pattern(`^(?:${of.thanks})${END}${GAP}`),
    bye: () => pattern(`^(?:${of.bye})${END}${GAP}`),
    smallTalk: () => pattern(`^(?:${of.smallTalk})${END}${NOTHING}`),
    leads: () => pattern(`^(?:${of.leads})${END}${GAP}`),
    trails: () => pattern(`[\\s,;:(–-]+(?:${of.trails})[\\s!.?)…]*$`),
    // A name is told by its capital.
    asides: () => pattern(`${START}(?:${of.asides.replaceAll("[A-Z]", "(?-i:[A-Z])")})${END}[\\s,;:!.–-]*`),
    defines: () => atStart(of.defines),
    definesBehind: () => pattern(`(?:${of.definesBehind})`),
    how: () => atStart(of.how),
    howMany: () => anywhere(of.howMany),
    asksFor: () => pattern(`^(?:${of.asksFor})\\s*`),
    asksOf: () => atStart(of.asksOf),
    of: () => pattern(of.of),
    possessive: () => of.possessive === "" ? undefined : pattern(of.possessive),
    compares: () => pattern(of.compares),
    whatTime: () => atStart(of.whatTime),
    when: () => of.when,
    begins: () => atStart(of.begins),
    and: () => pattern(`(?:,\\s*|\\s)(?:${of.and})\\s(?=(?:${of.begins})${END})`),
    continues: () => atStart(of.continues),
    it: () => anywhere(of.it),
    whose: () => anywhere(of.whose),
    pointsBack: () => anywhere(of.pointsBack),
    more: () => whole(of.more),
    agent: () => anywhere(of.agent),
    news: () => anywhere(of.news),
    who: () => whole(`(?:${of.who})(?:[\\s,]+\\p{L}+){0,2}`),
    abilities: () => whole(`(?:${of.abilities})(?:[\\s,]+\\p{L}+){0,1}`),
    kinds: () => {
      const kinds = Object.entries(of.kinds) as [Kind, string][];
      const named = (source: string) =>
        source.replaceAll("NAMES", NAMES).replaceAll("NAME", NAME).replaceAll("NOUN", NOUN);
      return Object.fromEntries(kinds.map(([kind, source]) => [kind, pattern(named(source))])) as Record<Kind, RegExp>;
    },
  });
}

/** What each of `makers` makes, when it is first asked for. */
function made<T extends object>(makers: { readonly [Name in keyof T]: () => T[Name] }): T {
  const all = {} as T;
  for (const name of Object.keys(makers) as (keyof T)[]) {
    Object.defineProperty(all, name, {
      configurable: true,
      get() {
        const value = makers[name]();
        Object.defineProperty(all, name, { value });
        return value;
      },
    });
  }
  return all;
}
