/** The answer in a model's text, while it grows and when it is whole: without thinking, tokens, names and marks. @module */

import { quotesIn } from "./quoted.ts";
import { MAX_MARK_LENGTH, mayBeThinking, withoutMarksAround, withoutThinking } from "./thinking.ts";

/** Makes an answer of a text. */
export interface Cleaner {
  /** The answer in a whole text, trimmed. */
  whole(text: string): string;
  /** What is sure to begin the answer in a text that is still growing. */
  begun(text: string): string;
}

/** Tokens after which another turn would begin: a server whose template is wrong lets them through as text. */
const TURN_ENDS =
  /<[|｜](?:im_end|im_start|eot_id|eom_id|eot|end_of_text|endoftext|endofturn|end|return|start_header_id|end_header_id|user|assistant|system|start_of_role|end_of_turn_token|begin_of_text|end[▁_]of[▁_]sentence|User|Assistant)[|｜]>|<\/?(?:end_of_turn|start_of_turn|eos)>|<\/s>|\[\/?INST\]|<turn\|>|<\|turn>|\[\|(?:endofturn|system|user|assistant)\|\]|<seed:(?:bos|eos)>/gi;
/** Opens what `</s>` closes, which then ends no turn: text struck out, in HTML. */
const STRUCK_OUT = /<s(?:[ \t][^<>\n]*)?>/gi;
/** A character that each of these tokens begins with. */
const MAY_HAVE_TOKEN = /[<[]/;
/** Tokens that only stand before a text, and behind it. */
const STRAY_BEFORE = /^\s*(?:<s>|<bos>|<pad>|<[|｜]begin[▁_]of[▁_](?:text|sentence)[|｜]>)+/i;
const STRAY_BEHIND = ["<pad>", "<unk>"];

/**
 * Makes answers of texts.
 *
 * @param options `name`: the agent's, which small models put before what they say; `mark`: the one around the passages
 * of the prompt, which they quote.
 */
export function createCleaner({ name, mark }: {
  name?: string | undefined;
  mark?: string | undefined;
}): Cleaner {
  const clean = (text: string) => {
    const answer = withoutThinking(text);
    const said = (MAY_HAVE_TOKEN.test(answer) ? withoutMarksAround(cutAtTurn(withoutStray(answer))) : answer)
      .replace(speakerOf(name).pattern, "");
    return mark !== undefined && said.includes(mark) ? withoutQuoted(mark, said) : said;
  };
  /** Whether the text may still turn out to begin with a name. */
  const mayBeName = (text: string) => speakerOf(name).spellings.some((one) => one.startsWith(text));

  return {
    whole: (text) => clean(text).trim(),
    begun(text) {
      if (mayBeThinking(text)) return "";
      // Half a surrogate pair at the end waits for the other half.
      const sure = text.slice(0, text.length - unfinished(text, mark ?? "")).replace(/[\ud800-\udbff]$/, "");
      const answer = clean(sure).trim();
      return mayBeName(answer) ? "" : answer;
    },
  };
}

/** What finds the speaker's name before what is said. */
interface Speaker {
  readonly name: string | undefined;
  readonly pattern: RegExp;
  /** Ways to write a name before a text. */
  readonly spellings: readonly string[];
}

/** The last one asked for: an agent has one name, and a pattern takes as long to make as an answer to clean. */
let lastSpeaker: Speaker | undefined;

function speakerOf(name: string | undefined): Speaker {
  if (lastSpeaker && lastSpeaker.name === name) return lastSpeaker;
  const names = [...new Set([name, "Assistant", "assistant"])].filter((one): one is string =>
    one !== undefined && one.trim() !== ""
  );
  return lastSpeaker = {
    name,
    pattern: new RegExp(
      String.raw`^\s*(?:\*\*|__)?(?:${names.map(escaped).join("|")})(?:\*\*|__)?:(?:\*\*|__)?[ \t]+`,
    ),
    spellings: names.flatMap((
      name,
    ) => [`${name}: `, `**${name}:** `, `**${name}**: `, `__${name}:__ `, `__${name}__: `]),
  };
}

/** A text without the passages' mark and what a model puts around it. */
function withoutQuoted(mark: string, text: string): string {
  let kept = "", from = 0;
  // The mark first, and back from there: a pattern that begins with blanks would try each of them that a text has.
  for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, from)) {
    let start = at > from && `"“'([`.includes(text.charAt(at - 1)) ? at - 1 : at;
    while (start > from && " \t".includes(text.charAt(start - 1))) start--;
    kept += text.slice(from, start);
    from = at + mark.length;
    if (from < text.length && `"”')]`.includes(text.charAt(from))) from++;
  }
  return kept + text.slice(from);
}

function withoutStray(text: string): string {
  const rest = text.replace(STRAY_BEFORE, ""), { length } = rest.trimEnd();
  let end = length;
  while (STRAY_BEHIND.includes(rest.slice(Math.max(0, end - 5), end).toLowerCase())) end -= 5;
  return end < length ? rest.slice(0, end) : rest;
}

function cutAtTurn(text: string): string {
  const openings = openingsIn(text), isQuoted = quotesIn(text);
  let closed = 0;
  for (const { 0: token, index } of text.matchAll(TURN_ENDS)) {
    if (token.toLowerCase() === "</s>" && openings[closed]! < index) {
      closed++;
      continue;
    }
    if (!isQuoted(index)) return text.slice(0, index);
  }
  return text;
}

/** Places where text that is struck out begins. A tag that stands alone in quotes is spoken of, and begins none. */
function openingsIn(text: string): number[] {
  const isQuoted = quotesIn(text);
  return Array.from(text.matchAll(STRUCK_OUT))
    .filter(({ 0: tag, index }) => !(/["'`”’»]/.test(text.charAt(index + tag.length)) && isQuoted(index)))
    .map(({ index }) => index);
}

/** Length of the end of a growing text that may yet become a token, a mark of thinking, or the passages' mark. */
function unfinished(text: string, mark: string): number {
  const tail = text.slice(-2 * MAX_MARK_LENGTH);
  const token = /["“'(`]?[<[◁][^<>[\]▷\n]*$/.exec(tail)?.[0].length ?? 0;
  const started =
    Array.from(mark, (_, index) => mark.length - index).find((length) => tail.endsWith(mark.slice(0, length))) ?? 0;
  // A quotation mark may open a quotation of the passages' mark, or stand before a token.
  const opening = /[ \t]*["“'(`\[]?$/.exec(tail.slice(0, tail.length - started))?.[0].length ?? 0;
  const quoted = started + opening;
  return Math.max(token, quoted);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
