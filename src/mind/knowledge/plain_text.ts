/** What somebody wrote, without Markdown, HTML, emoji and the like, and cut into sentences. @module */

/** The text that a reader sees of a message: no markup, no emoji, plain quotes. */
export function plainText(text: string): string {
  if (!MARKED_UP.test(text)) return text.trim();
  let plain = text;
  // Most marked-up messages have one sign of this kind, and each pattern reads all of the text.
  if (text.includes("<")) {
    plain = plain.replace(/<!--[\s\S]*?-->/g, " ").replace(/<\/?[a-z][^<>]{0,200}>/gi, " ");
  }
  if (text.includes("[")) plain = plain.replace(/!?\[([^\]\n]{1,200})\]\([^()\s]{0,500}\)/g, "$1");
  if (text.includes("://")) plain = plain.replace(/https?:\/\/[^\s<>)]+/gi, " ");
  plain = plain.replace(/^[ \t]*(?:>+|#{1,6}|[-*+•]|```\w*|~~~\w*)[ \t]+/gm, "");
  if (/[`~*|_]/.test(text)) {
    plain = plain.replace(/```|~~~|[*`|]+|(?<![\p{L}\p{N}])_+(?=\p{L})|(?<=[\p{L}\p{N}?!.])_+(?![\p{L}\p{N}])/gu, " ");
  }
  if (NOT_ASCII.test(text)) plain = plain.replace(EMOJI, " ");
  return plain
    .replace(/(?:^|\s)(?:[:;=8xX]-?[()DPpOo/|]|<3|\^\^)(?=\s|$)/g, " ")
    .replace(/[¿¡"“”„«»]/g, " ")
    .replace(/[^\S\n]+/g, " ")
    .trim();
}

/** Whether a text has a letter or a digit. */
export function hasLetters(text: string): boolean {
  // The classes of Unicode take longer to compile than the rest of a start's first question to read.
  return /[a-z0-9]/i.test(text) || (NOT_ASCII.test(text) && /[\p{L}\p{N}]/u.test(text));
}

const NOT_ASCII = /[^\x20-\x7e\s]/;
/** Anything but words and the signs between them: most messages have none of it. */
const MARKED_UP = /[^\w\s.,;?!'&%/-]|_|^[ \t]*[-+] |\s[ \t]|[xX]-?[DP]\b/m;

// Flags are pairs of regional indicators; digits and # are emoji components too, but letters of a text.
const EMOJI = /[\p{Extended_Pictographic}\u{1F3FB}-\u{1F3FF}\u{1F1E6}-\u{1F1FF}\u200d\ufe0f\u20e3]+/gu;

/** The sentences of a plain text. */
export function sentencesOf(text: string): string[] {
  // Most messages are one sentence, and the pattern looks back at every blank.
  const all = MAY_END.test(text) ? text.split(SENTENCE_END) : [text];
  return all.map((sentence) => sentence.trim()).filter(hasLetters);
}

/** What is in every text that has a {@linkcode SENTENCE_END}. */
const MAY_END = /[.!?…]["')\]]*\s|[。！？\n]/;
/** Not behind an abbreviation, and in scripts without blanks behind a full stop of theirs. */
const SENTENCE_END =
  /(?<!\b(?:vs|e\.g|i\.e|etc|mr|mrs|ms|dr|prof|nr|z\.b|bzw|ca|es|p\.es|ej|p\.ej|approx|sig|dott)\.)(?<=[.!?…]["')\]]*)\s+|(?<=[。？！])|\n+/i;
