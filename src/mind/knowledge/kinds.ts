/** Kinds of attributes that anything may have, and the signs by which a sentence gives one of them. @module */

import signs from "./signs.json" with { type: "json" };

/**
 * How old something is, when it began, who made it, whose it is, in which city or country it is, where it has its seat,
 * where it is found, what it is worth, where it is reached, how large it is, whom to ask for help, what something of a
 * longer name costs.
 *
 * How a question asks for each of them is a matter of its language: `kinds` in `phrases.json`.
 */
export type Kind =
  | "age"
  | "date"
  | "founder"
  | "owner"
  | "city"
  | "place"
  | "spot"
  | "value"
  | "address"
  | "size"
  | "help"
  | "price";

/** Words that say which kind is asked for and nothing besides: a sentence that gives it needs none of them. */
export const SAYS_KIND =
  /^(?:old|year|age|located|situated|based|headquartered|anno|anni|eta|trova|sede|annee|age|trouve|situee?|basee?|siege|ano|anos|edad|queda|ubicad[oa]|alt|jahr|liegt|befindet|sitz|ansassig|reach|joindre|erreichen?|erreicht|number|numero|exist[es]?|esiste|besteht)$/;

/** Words that only say that a city or a country is asked for. */
export const SAYS_CITY =
  /^(?:city|town|village|country|region|citta|paese|regione|nazione|stato|ville|pays|ciudad|pueblo|pais|stadt|ort|dorf|land|gegend)$/;

/** Words by which a question asks for a price, as they are looked up: the rest of it is the thing. */
export const SAYS_PRICE =
  /^(?:costs?|price|pric|pays?|paid|charge?|expens(?:iv|ive)?|cheap|fees?|prezz[oi]?|paga?|cout\w*|prix|cher|cuest\w*|preci\w*|vale?n?|cobra?n?|kost\w*|preis\w*|teuer|zahl\w*)$/;

/** What `DAY` and `MONTH` stand for in signs; `PLACE` stands for the sign of a place. */
const MONTH = "january|february|april|june|july|august|september|o[ck]tober|november|de[cz]ember",
  DAY = `(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|${MONTH}|march|may)\\b`;

const compiled: Partial<Record<keyof typeof signs, RegExp>> = {};

/**
 * What a folded sentence has that gives an attribute of a kind, in whichever of the five languages. A passage without
 * it may well speak of the thing, but answers nothing. Made when it is first asked for.
 *
 * `made` is no kind: it is all before the thing that somebody made, which tells the thing's age and not the maker's.
 */
export function signOf(kind: keyof typeof signs): RegExp {
  return compiled[kind] ??= new RegExp(
    signs[kind].replace("PLACE", () => signs.place).replaceAll("DAY", DAY).replaceAll("MONTH", MONTH),
    "i",
  );
}
