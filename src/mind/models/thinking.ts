/** The part of a model's text that is its answer: without its thinking, in the marks of the known model families. @module */

/**
 * Marks that only thinking has: at the start of any line, and the closing one by itself too, where the model's template
 * wrote the opening one into the prompt. Of DeepSeek, Qwen, GLM, MiniMax and most others; Magistral and Ministral;
 * Seed-OSS; Kimi; Command A Reasoning; LongCat; OpenThinker; MedGemma; Gemma 4; Apertus.
 */
const MARKS: readonly (readonly [string, string])[] = [
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
];

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

/** Marks around the answer itself, taken off where they stand around all of it. */
const AROUND_ANSWERS: readonly (readonly [string, string])[] = [
  ["<answer>", "</answer>"],
  ["<|START_RESPONSE|>", "<|END_RESPONSE|>"],
  ["<|begin_of_solution|>", "<|end_of_solution|>"],
  ["<response>", "</response>"],
];

/** A character that each of the marks begins with. */
const MAY_HAVE_MARK = /[<[◁]/;

/** gpt-oss: each message names its channel, and `final` is the answer's. @see OpenAI's "harmony response format" */
const CHANNEL = /<\|channel\|>\s*(\w+)[^<]*<\|message\|>/g;
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
  let rest = text.replace(BARE_CHANNELS, "");
  for (const [opening, closing] of WORDS) {
    if (rest.trimStart().toLowerCase().startsWith(opening)) rest = withoutFirst(rest, closing);
  }
  for (const [opening, closing] of MARKS) {
    rest = withoutBlocks(rest, opening, closing);
    rest = afterUnopened(rest, opening, closing);
  }
  for (const [opening, closing] of AROUND_ANSWERS) {
    const start = rest.trimStart();
    if (!start.toLowerCase().startsWith(opening.toLowerCase())) continue;
    const end = start.toLowerCase().lastIndexOf(closing.toLowerCase());
    rest = start.slice(opening.length, end < 0 ? undefined : end);
  }
  return rest;
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

/** The answer's channel; undefined if the text names no channels. */
function finalChannel(text: string): string | undefined {
  const starts = [...text.matchAll(CHANNEL)].filter(({ index }) => !isQuoted(text, index));
  const [first] = starts;
  if (!first || !/^\s*(<\|start\|>assistant)?\s*$/.test(text.slice(0, first.index))) return undefined;
  const last = starts.findLast(([, name]) => name === "final");
  if (!last) return "";
  return text.slice(last.index + last[0].length).replace(/<\|(end|return|start)\|>[^]*$/, "");
}

function withoutBlocks(text: string, opening: string, closing: string): string {
  const lower = text.toLowerCase(), [open, close] = [opening.toLowerCase(), closing.toLowerCase()];
  let kept = "", from = 0;
  while (true) {
    let at = lower.indexOf(open, from);
    while (at >= 0 && !(startsLine(text, at) && !isQuoted(text, at))) at = lower.indexOf(open, at + 1);
    if (at < 0) return kept + text.slice(from);
    kept += text.slice(from, at);
    const end = lower.indexOf(close, at + open.length);
    if (end < 0) return kept;
    from = end + close.length;
  }
}

/** What follows the first closing mark; nothing if there is none. */
function withoutFirst(text: string, closing: string): string {
  const end = text.toLowerCase().indexOf(closing);
  return end < 0 ? "" : text.slice(end + closing.length);
}

function afterUnopened(text: string, opening: string, closing: string): string {
  const lower = text.toLowerCase(), close = closing.toLowerCase(), opened = lower.indexOf(opening.toLowerCase());
  for (let at = lower.indexOf(close); at >= 0; at = lower.indexOf(close, at + 1)) {
    if (opened >= 0 && opened < at) return text;
    const end = at + close.length;
    // In the middle of a sentence it is spoken of.
    const isSpokenOf = /[\w,][ \t]$/.test(text.slice(0, at)) && /^[ \t]+\S/.test(text.slice(end));
    if (!isSpokenOf && !isQuoted(text, at) && !/^["'`”’»]/.test(text.slice(end))) return text.slice(end);
  }
  return text;
}

function startsLine(text: string, at: number): boolean {
  return /(^|\n)[ \t]*$/.test(text.slice(Math.max(0, at - 80), at));
}

/** Whether a place in a text is within code, or right behind a quotation mark. */
export function isQuoted(text: string, at: number): boolean {
  const before = text.slice(0, at);
  if (/["'`“‘«]\s?$/.test(before)) return true;
  if ((before.match(/^[ \t]*```/gm)?.length ?? 0) % 2 === 1) return true;
  const line = before.slice(before.lastIndexOf("\n") + 1);
  return (line.match(/`/g)?.length ?? 0) % 2 === 1 && !line.trimStart().startsWith("```");
}
