/** English words made comparable: cut into terms, stripped of their endings, with others that mean much the same. @module */

/** Longest part of a text that is looked at, in UTF-16 code units, from its start and again from its end. */
const MAX_HALF_LENGTH = 2_000;

/** Words that say nothing about what a sentence is about. */
const STOP_WORDS = words(`
  a about above actually after again all already also although am an and any anybody anyone anything are around as ask at
  away be because been before being below between both but by came can cannot come could did do does doing done down
  during each either else etc even ever every everything exactly few for from further get gets getting give given gives
  go goes going gone got had happen happened happens has have having he hello help her here hers hi him his how however i
  if in instead into involved is it its itself just kind know let lets like made make makes making many may maybe me mean
  means might mine more most much must my myself need needed needs neither never no nor not now of off oh ok okay on once
  one only onto or other others ought our ours out over own per perhaps please possible put question quite rather really
  said same say says see seem seems shall she should simply so some somebody someone something sort still such sure take
  taken takes tell than thank thanks that the their theirs them then there these they thing things this those though
  through thus to too toward under unless until up upon us use used uses using very via want wants was way ways we well
  went were what whatever when where whether which while who whom whose why will with within without won would yes yet
  you your yours yourself explain describe different various certain particular specific mind become becomes became
  put puts bring brings somehow good better best nice ago nowadays currently lately recently later earlier soon anymore
  meanwhile otherwise therefore hence besides according regarding concerning whose among beside behind beyond despite
  across along within
`);

/** Forms that no ending explains. */
const IRREGULAR: ReadonlyMap<string, string> = new Map(
  `
  began begun: begin; biggest: big; bought: buy; broke broken: break; brought: bring; built: build; caught: catch;
  children: child; chose chosen: choose; drawn drew: draw; driven drove: drive; fell fallen: fall; felt: feel;
  fought: fight; gave given: give; grew grown: grow; held: hold; hid hidden: hide; kept: keep; knew
  known: know; largest: large; left: leave; lent: lend; lost: lose; meant: mean; men: man; met: meet; paid: pay;
  people: person; ran: run; read: read; risen rose: rise; saw seen: see; sent: send; shown: show; slept: sleep;
  sold: sell; spent: spend; spoke spoken: speak; stole stolen: steal; stood: stand; taught: teach; thought: think;
  threw thrown: throw; told: tell; took: take; understood: understand; went: go; won: win; wrote written: write
  `.split(";").flatMap((line) => {
    const [forms = "", base = ""] = line.split(":").map((side) => side.trim());
    return forms.split(/\s+/).map((form) => [form, base] as const);
  }),
);

/** Endings, longest first where one ends in another, with how much of a word must be left. */
const ENDINGS: readonly (readonly [ending: string, left: number, instead: string])[] = [
  ["izations", 3, "iz"],
  ["ization", 3, "iz"],
  ["isations", 3, "iz"],
  ["isation", 3, "iz"],
  ["ications", 4, "i"],
  ["ication", 4, "i"],
  ["ations", 3, ""],
  ["ation", 3, ""],
  ["ments", 3, ""],
  ["ment", 3, ""],
  ["ships", 3, ""],
  ["ship", 3, ""],
  ["ness", 3, ""],
  ["ities", 3, ""],
  ["ity", 3, ""],
  ["ised", 3, "iz"],
  ["ising", 3, "iz"],
  ["ises", 3, "iz"],
  ["ise", 3, "iz"],
  ["ions", 4, ""],
  ["ion", 4, ""],
  ["ances", 3, ""],
  ["ance", 3, ""],
  ["ences", 3, ""],
  ["ence", 3, ""],
  ["able", 3, ""],
  ["ible", 3, ""],
  ["ings", 3, ""],
  ["ing", 3, ""],
  ["ies", 2, "i"],
  ["ied", 2, "i"],
  ["ives", 4, ""],
  ["ive", 4, ""],
  ["ages", 5, ""],
  ["age", 5, ""],
  ["fully", 4, ""],
  ["ful", 4, ""],
  ["ally", 4, ""],
  ["ly", 4, ""],
  ["ors", 4, ""],
  ["or", 4, ""],
  ["ers", 3, ""],
  ["er", 3, ""],
  ["ed", 3, ""],
  ["es", 3, ""],
  ["al", 4, ""],
  ["iest", 2, "i"],
  ["est", 5, ""],
];

const ENDINGS_BY_LAST = Map.groupBy(ENDINGS, ([ending]) => ending.at(-1) ?? "");

/**
 * The stem of a lower-case word: what is left without its ending, not always a word itself. Different words may share
 * one, which costs some precision and never a match.
 */
export function stem(word: string): string {
  let rest = IRREGULAR.get(word) ?? word;
  if (/\d|[^a-z]/.test(rest)) return rest;
  if (rest.length > 3 && rest.endsWith("s") && !/(?:ss|us|is|[^e]es)$/.test(rest)) rest = rest.slice(0, -1);
  for (const [ending, left, instead] of ENDINGS_BY_LAST.get(rest.at(-1) ?? "") ?? []) {
    if (!rest.endsWith(ending) || rest.length - ending.length < left) continue;
    rest = rest.slice(0, -ending.length) + instead;
    // running → run
    if (/^(?:ing|ed|er)/.test(ending) && /([bdgmnprt])\1$/.test(rest)) rest = rest.slice(0, -1);
    // answering → answer → answ, as answer itself
    if (/^(?:ing|ed)/.test(ending) && /...er$/.test(rest)) rest = rest.slice(0, -2);
    break;
  }
  // party → parti, as parties; a bare part is something else
  return rest.length > 3 ? rest.replace(/e$/, "").replace(/y$/, "i") : rest;
}

/** As much of a text as is looked at: the beginning and the end of a very long one. */
export function shorten(text: string): string {
  if (text.length <= 2 * MAX_HALF_LENGTH) return text;
  return `${text.slice(0, MAX_HALF_LENGTH)} ${text.slice(-MAX_HALF_LENGTH)}`;
}

/**
 * The terms of a text, in order: stems without stop words. A compound gives itself and its parts, so that
 * `IEXEC_OUT/computed.json`, `Web3Mail` and `DataProtector` are found by either.
 */
export function termsOf(text: string): string[] {
  return wordsOf(text).flatMap(({ whole, parts }) => parts[0] === whole ? parts : [whole, ...parts]);
}

/**
 * The terms of a question, and whether each is a name. A compound counts once, as itself if that `isKnown`, else as its
 * parts. A name has a capital within a sentence that is not written in capitals throughout.
 */
export function termsOfQuestion(question: string, isKnown: (term: string) => boolean): Map<string, boolean> {
  const words = wordsOf(question);
  const shouted = (question.match(/(?<!\p{L})\p{Lu}/gu) ?? []).length > (question.match(/\p{L}+/gu) ?? []).length * 0.6;
  const terms = new Map<string, boolean>();
  words.forEach(({ whole, parts, capital, first }) => {
    for (const term of isKnown(whole) ? [whole] : parts) terms.set(term, capital && !first && !shouted);
  });
  return terms;
}

/** A word of a text. */
interface Word {
  readonly whole: string;
  /** Without stop words; a word that is no compound is its own part. */
  readonly parts: readonly string[];
  readonly capital: boolean;
  /** Whether it begins a sentence. */
  readonly first: boolean;
}

function wordsOf(text: string): Word[] {
  const short = shorten(text);
  const plain = NOT_ASCII.test(short) ? short.normalize("NFKD").replace(/[\u0300-\u036f]/g, "") : short;
  const words: Word[] = [];
  let end = -1;
  for (const { 0: compound, index } of plain.matchAll(COMPOUND)) {
    const first = end < 0 || /[.!?]\s/.test(plain.slice(end, index));
    const lower = compound.toLowerCase();
    end = index + compound.length;
    const pieces = PLAIN.test(compound)
      ? [lower]
      : (compound.match(PART) ?? []).map((piece) => piece.replace(/^(\p{Lu}+)s$/u, "$1").toLowerCase());
    const parts = pieces.filter((piece) => piece.length > 1 && !STOP_WORDS.has(IRREGULAR.get(piece) ?? piece)).map(
      stem,
    );
    const whole = pieces.length > 1 ? stem(lower) : parts[0];
    if (whole !== undefined) words.push({ whole, parts, capital: compound !== lower, first });
  }
  return words;
}

const NOT_ASCII = /[^\x20-\x7e\s]/;
/** Letters and digits, joined by single dots, underscores or hyphens. */
const COMPOUND = /[\p{L}\p{N}]+(?:[._-][\p{L}\p{N}]+)*/gu;
/** The common case: a word of one part. */
const PLAIN = /^[A-Za-z]?[a-z]+$/;
/** `TEEs`, `Web3`, `mail`, `2026`: what a compound is made of. */
const PART = /\p{Lu}{2,}s?(?!\p{Ll})\d*|\p{Lu}?\p{Ll}+\d*|[\p{Lu}\p{Lt}\p{Lo}\p{Lm}]+|\p{N}+/gu;

function words(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}
