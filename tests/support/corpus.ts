/** Knowledge of any size, the same each time. @module */

/** The heading and the one sentence in a corpus that tell of harbour fees. */
export const NEEDLE = { question: "What does a guest pay for a night at the east quay?", answer: /eleven ducats/ };

const SYLLABLES = "ba ce di fo gu la me ni po ru sa te vi wo zu kra ble sti mor tan".split(" ");
const SMALL_WORDS = "the of and to in a is that for it as with on by this are be from or an".split(" ");

/**
 * A Markdown text of at least `bytes` bytes: headings, paragraphs of sentences, words as frequent and as rare as those
 * of a language, and somewhere in it the {@linkcode NEEDLE}.
 */
export function corpus(bytes: number): string {
  let seed = 42;
  const random = () => (seed = (seed * 1664525 + 1013904223) >>> 0) / 2 ** 32;
  const words = Array.from({ length: 40_000 }, (_, n) => {
    const syllable = (at: number) => SYLLABLES[Math.floor((n * 7919 + 13) / SYLLABLES.length ** at) % SYLLABLES.length];
    return Array.from({ length: 2 + n % 3 }, (_, at) => syllable(at)).join("");
  });
  // The fourth power: few words make up most of a text.
  const word = () =>
    random() < 0.4
      ? SMALL_WORDS[Math.floor(random() * SMALL_WORDS.length)]!
      : words[Math.floor(words.length * random() ** 4)]!;
  const some = (least: number, most: number, make: () => string) =>
    Array.from({ length: least + Math.floor(random() * (most - least)) }, make);
  const sentence = () => `${some(8, 22, word).join(" ")}.`;
  const section = () => `## ${word()} ${word()}\n\n${some(3, 9, () => some(4, 8, sentence).join(" ")).join("\n\n")}`;

  const sections: string[] = [];
  for (let length = 0; length < bytes; length += sections.at(-1)!.length + 2) sections.push(section());
  sections.splice(
    sections.length >> 1,
    0,
    "## Harbour fees\n\nA guest pays eleven ducats for a night at the east quay.",
  );
  return sections.join("\n\n");
}
