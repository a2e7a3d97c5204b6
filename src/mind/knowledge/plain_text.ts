/** What somebody wrote, without Markdown, HTML, emoji and the like, and cut into sentences. @module */

/** The text that a reader sees of a message: no markup, no emoji, plain quotes. */
export function plainText(text: string): string {
  if (!MARKED_UP.test(text)) return text.trim();
  return text
    .replace(/<!--[\s\S]*?-->/g, " ")
    .replace(/<\/?[a-z][^<>]{0,200}>/gi, " ")
    .replace(/!?\[([^\]\n]{1,200})\]\([^()\s]{0,500}\)/g, "$1")
    .replace(/https?:\/\/[^\s<>)]+/gi, " ")
    .replace(/^[ \t]*(?:>+|#{1,6}|[-*+•]|```\w*|~~~\w*)[ \t]+/gm, "")
    .replace(/```|~~~|[*`|]+|(?<![\p{L}\p{N}])_+(?=\p{L})|(?<=[\p{L}\p{N}?!.])_+(?![\p{L}\p{N}])/gu, " ")
    .replace(EMOJI, " ")
    .replace(/(?:^|\s)(?:[:;=8xX]-?[()DPpOo/|]|<3|\^\^)(?=\s|$)/g, " ")
    .replace(/[¿¡"“”„«»]/g, " ")
    .replace(/[^\S\n]+/g, " ")
    .trim();
}

/** Anything but words and the signs between them: most messages have none of it. */
const MARKED_UP = /[^\w\s.,;?!'&%/-]|_|^[ \t]*[-+] |\s[ \t]|[xX]-?[DP]\b/m;

// Flags are pairs of regional indicators; digits and # are emoji components too, but letters of a text.
const EMOJI = /[\p{Extended_Pictographic}\u{1F3FB}-\u{1F3FF}\u{1F1E6}-\u{1F1FF}\u200d\ufe0f\u20e3]+/gu;

/** The sentences of a plain text. */
export function sentencesOf(text: string): string[] {
  return text.split(SENTENCE_END).map((sentence) => sentence.trim()).filter((sentence) =>
    /[\p{L}\p{N}]/u.test(sentence)
  );
}

/** Not behind an abbreviation, and in scripts without blanks behind a full stop of theirs. */
const SENTENCE_END =
  /(?<!\b(?:vs|e\.g|i\.e|etc|mr|mrs|ms|dr|prof|nr|z\.b|bzw|ca|es|p\.es|ej|p\.ej|approx|sig|dott)\.)(?<=[.!?…]["')\]]*)\s+|(?<=[。？！])|\n+/iu;
