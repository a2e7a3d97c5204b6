/** The part of a model's text that is its answer: without its thinking, in the marks of the known model families. @module */

import { quotesIn } from "./quoted.ts";

/**
 * Marks that only thinking has: at the start of any line, and the closing one by itself too, where the model's template
 * wrote the opening one into the prompt. Of DeepSeek, Qwen, GLM, MiniMax and most others; Magistral and Ministral;
 * Seed-OSS; Kimi; Command A Reasoning; LongCat; OpenThinker; MedGemma; Gemma 4; Apertus.
 */
const MARKS = inSmallLetters([
  ["<think>", "</think>"],
  ["<thinking>", "</thinking>"],
  ["[THINK]", "[/THINK]"],
  ["<seed:think>", "</seed:think>"],
  ["◁think▷", "◁/think▷"],
  ["<|START_THINKING|>", "<|END_THINKING|>"],
  ["<longcat_think>", "</longcat_think>"],
  ["<|begin_of_thought|>", "<|end_of_thought|>"],
  ["<unused94>", "<unused95>"],
  ["<|channel>thought", "<channel|>"],
  ["<|inner_prefix|>", "<|inner_suffix|>"],
]);

/** Marks that an answer may hold as XML of its own: they count at the start of the text alone, and only in pairs. */
const WORDS: readonly (readonly [string, string])[] = [
  "thought",
  "thoughts",
  "reasoning",
  "reason",
  "reflection",
  "analysis",
  "scratchpad",
].map((name) => [`<${name}>`, `</${name}>`]);

/** Tokens around the answer itself: what follows the closing one is none of it. */
const AROUND_ANSWERS = inSmallLetters([
  ["<|START_RESPONSE|>", "<|END_RESPONSE|>"],
  ["<|begin_of_solution|>", "<|end_of_solution|>"],
]);

/** Marks that may be an answer's own XML: they are taken off only where they stand around all of it. */
const MARKUP_AROUND_ANSWERS: readonly (readonly [string, string])[] = [
  ["<answer>", "</answer>"],
  ["<response>", "</response>"],
];

/** A character that each of the marks begins with. */
const MAY_HAVE_MARK = /[<[◁]/;

/** gpt-oss: each message names its channel, and `final` is the answer's. @see OpenAI's "harmony response format" */
const CHANNEL = /<\|channel\|>\s*(\w+)\b[^<]*<\|message\|>/g;
/** The same where a server has taken the tokens out and left the words. */
const BARE_CHANNELS = /^\s*analysis(?=[A-Z\s])[^]*?assistantfinal\s*/;

/**
 * The text without its thinking.
 *
 * A block counts as thinking at the start of the text and at the start of a line; an opening mark that is never closed
 * takes all that follows. A closing mark without an opening one ends thinking that the template opened. Marks in quotes
 * or in code are the answer's own words.
 */
export function withoutThinking(text: string): string {
  // Most answers have no mark at all, and a streamed one is looked at again with each of its pieces.
  if (!MAY_HAVE_MARK.test(text)) return text.replace(BARE_CHANNELS, "");
  const final = finalChannel(text);
  if (final !== undefined) return final;
  let rest = spelledOf(text.replace(BARE_CHANNELS, ""));
  for (const [opening, closing] of WORDS) {
    if (rest.small.trimStart().startsWith(opening)) rest = withoutFirst(rest, closing);
  }
  for (const [opening, closing] of MARKS) {
    rest = withoutBlocks(rest, opening, closing);
    rest = afterUnopened(rest, opening, closing);
  }
  return rest.text;
}

/**
 * An answer without the marks around all of it. A text that is still growing has no closing mark yet, and is without its
 * opening one until more follows the closing one.
 */
export function withoutMarksAround(answer: string): string {
  if (!MAY_HAVE_MARK.test(answer)) return answer;
  let rest = spelledOf(answer);
  for (const [opening, closing] of AROUND_ANSWERS) {
    const start = startOf(rest);
    if (!rest.small.startsWith(opening, start)) continue;
    const end = rest.small.lastIndexOf(closing);
    rest = part(rest, start + opening.length, end < 0 ? undefined : end);
  }
  for (const [opening, closing] of MARKUP_AROUND_ANSWERS) {
    const start = startOf(rest);
    if (!rest.small.startsWith(opening, start) || !isAroundAll(rest, opening, closing)) continue;
    const end = rest.small.trimEnd();
    rest = part(rest, start + opening.length, end.endsWith(closing) ? end.length - closing.length : undefined);
  }
  return rest.text;
}

/** Whether a text that is still growing may turn out to be all thinking, in channels whose answer has not begun. */
export function mayBeThinking(text: string): boolean {
  const start = text.trimStart();
  if (start === "") return false;
  if (["<|start|>", "<|channel|>", "<|channel>thought", "analysis"].some((mark) => mark.startsWith(start))) return true;
  if (/^analysis(?=[A-Z\n])/.test(start)) return !/assistantfinal[^]/.test(start);
  return /^<\|(?:start|channel)\|>/.test(start) && !/<\|channel\|>\s*final[^<]*<\|message\|>/.test(start);
}

/** Longest mark, in UTF-16 code units: as much of an unfinished text may be the beginning of one. */
export const MAX_MARK_LENGTH = 32;

/** A text, and the same in small letters: each place in one is the same place in the other. */
interface Spelled {
  readonly text: string;
  readonly small: string;
}

function spelledOf(text: string): Spelled {
  const small = text.toLowerCase();
  // "İ" alone becomes two units, and would move all places behind it. No mark has it or what it is replaced by.
  return { text, small: small.length === text.length ? small : text.replaceAll("İ", "\uffff").toLowerCase() };
}

function part({ text, small }: Spelled, start: number, end?: number): Spelled {
  return { text: text.slice(start, end), small: small.slice(start, end) };
}

/** Marks are found in small letters, however a model writes them. */
function inSmallLetters(marks: readonly (readonly [string, string])[]): readonly (readonly [string, string])[] {
  return marks.map(([opening, closing]) => [opening.toLowerCase(), closing.toLowerCase()]);
}

/** The answer's channel; undefined if the text names no channels. */
function finalChannel(text: string): string | undefined {
  const isQuoted = quotesIn(text);
  const starts = [...text.matchAll(CHANNEL)].filter(({ index }) => !isQuoted(index));
  const [first] = starts;
  if (!first || !["", "<|start|>assistant"].includes(text.slice(0, first.index).trim())) return undefined;
  const last = starts.findLast(([, name]) => name === "final");
  if (!last) return "";
  return text.slice(last.index + last[0].length).replace(/<\|(end|return|start)\|>[^]*$/, "");
}

function withoutBlocks(whole: Spelled, opening: string, closing: string): Spelled {
  const { text, small } = whole, isQuoted = quotesIn(text);
  let kept: Spelled = { text: "", small: "" }, from = 0;
  const keep = (end?: number) => {
    const more = part(whole, from, end);
    kept = { text: kept.text + more.text, small: kept.small + more.small };
  };
  while (true) {
    let at = small.indexOf(opening, from);
    while (at >= 0 && !(startsLine(text, at) && !isQuoted(at))) at = small.indexOf(opening, at + 1);
    keep(at < 0 ? undefined : at);
    if (at < 0) return kept;
    const end = small.indexOf(closing, at + opening.length);
    if (end < 0) return kept;
    from = end + closing.length;
  }
}

/** What follows the first closing mark; nothing if there is none. */
function withoutFirst(whole: Spelled, closing: string): Spelled {
  const end = whole.small.indexOf(closing);
  return part(whole, end < 0 ? whole.text.length : end + closing.length);
}

function afterUnopened(whole: Spelled, opening: string, closing: string): Spelled {
  const { text, small } = whole, opened = small.indexOf(opening), isQuoted = quotesIn(text);
  for (let at = small.indexOf(closing); at >= 0; at = small.indexOf(closing, at + 1)) {
    if (opened >= 0 && opened < at) return whole;
    const end = at + closing.length;
    // In the middle of a sentence it is spoken of.
    const isSpokenOf = /[\w,][ \t]$/.test(text.slice(Math.max(0, at - 2), at)) && /^[ \t]+\S/.test(text.slice(end));
    if (!isSpokenOf && !isQuoted(at) && !/^["'`”’»]/.test(text.slice(end))) return part(whole, end);
  }
  return whole;
}

/** Length of the blanks that a text begins with. */
function startOf({ small }: Spelled): number {
  return small.length - small.trimStart().length;
}

/** Whether nothing follows the mark that closes the opening one at the start of the text. */
function isAroundAll({ text, small }: Spelled, opening: string, closing: string): boolean {
  const isQuoted = quotesIn(text);
  let open = 0;
  for (const { 0: mark, index } of small.matchAll(new RegExp(`${opening}|${closing}`, "g"))) {
    if (isQuoted(index)) continue;
    open += mark === opening ? 1 : -1;
    if (open === 0) return small.slice(index + mark.length).trim() === "";
  }
  return true;
}

function startsLine(text: string, at: number): boolean {
  return /(^|\n)[ \t]*$/.test(text.slice(Math.max(0, at - 80), at));
}
