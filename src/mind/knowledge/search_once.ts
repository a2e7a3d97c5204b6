/** A search that equal questions share: the index never changes, so neither does what is found. @module */

import type { Asked } from "./question.ts";
import type { Knowledge, Passage } from "./search.ts";

/** Results that are kept, at most, and UTF-16 code units of the longest question that is: some 4 MB together. */
const MAX_KEPT = { searches: 2_000, questionLength: 1_000 };

/**
 * The same knowledge, which reads and looks up equal questions once. Not kept are questions that lean
 * on what was said before, and searches with passages that mean the same: their order comes from an embedding.
 *
 * @param options `searches`: results kept; those that were not used for longest go first. Default 2,000.
 */
export function searchOnce(
  knowledge: Knowledge,
  { searches = MAX_KEPT.searches }: { searches?: number } = {},
): Knowledge {
  const read = keep<Asked>(searches), found = keep<readonly Passage[]>(searches);
  return {
    ...knowledge,
    read(message, exchanges = []) {
      if (message.length > MAX_KEPT.questionLength) return knowledge.read(message, exchanges);
      const alone = read(message, () => knowledge.read(message));
      return alone.leansBack && exchanges.length > 0 ? knowledge.read(message, exchanges) : alone;
    },
    search(asked, limit, options = {}) {
      const { nearest = [] } = options;
      if (nearest.length > 0 || asked.meaning.length > MAX_KEPT.questionLength) {
        return knowledge.search(asked, limit, options);
      }
      const key = JSON.stringify([asked.parts, limit]);
      return [...found(key, () => knowledge.search(asked, limit, options))];
    },
  };
}

/** What was made for a key, or what `make` makes: the last `most` are kept. */
function keep<T>(most: number): (key: string, make: () => T) => T {
  /** In the order of their last use. */
  const kept = new Map<string, T>();
  return (key, make) => {
    const value = kept.get(key) ?? make();
    kept.delete(key);
    kept.set(key, value);
    if (kept.size > most) kept.delete(kept.keys().next().value!);
    return value;
  };
}
