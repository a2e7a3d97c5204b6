/** A search that equal questions share: the index never changes, so neither does what is found. @module */

import type { Asked } from "./question.ts";
import type { Knowledge, Passage } from "./search.ts";

/** Results that are kept, at most, and UTF-16 code units of the longest question that is: some 4 MB together. */
const MAX_KEPT = { searches: 2_000, questionLength: 1_000 };

/**
 * The same knowledge, which reads and looks up equal questions once. Not kept are questions that lean
 * on what was said before, and searches with passages that mean the same: their order comes from an embedding.
 *
 * @param options `searches`: results kept, at most; see {@linkcode keep}. Default 2,000.
 */
export function searchOnce(
  knowledge: Knowledge,
  { searches = MAX_KEPT.searches }: { searches?: number } = {},
): Knowledge {
  const read = keep<Asked>(searches), found = keep<readonly Passage[]>(searches);
  /** The last search for a message that was read once: finding it by its parts takes ten times as long. */
  const latest = new WeakMap<Asked, { readonly limit: number; readonly passages: readonly Passage[] }>();
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
      const before = latest.get(asked);
      if (before?.limit === limit) return [...before.passages];
      const key = JSON.stringify([asked.parts, limit]);
      const passages = found(key, () => knowledge.search(asked, limit, options));
      latest.set(asked, { limit, passages });
      return [...passages];
    },
  };
}

/**
 * What was made for a key, or what `make` makes: at least half of `most` are kept, those that were used last. They go by
 * halves: V8 walks over all entries that were deleted from a map to find its oldest one.
 */
function keep<T>(most: number): (key: string, make: () => T) => T {
  const half = Math.max(1, Math.floor(most / 2));
  /** Those that were used since the last change of halves, and those used before that. */
  let newer = new Map<string, T>(), older: ReadonlyMap<string, T> = new Map();
  return (key, make) => {
    const recent = newer.get(key);
    if (recent !== undefined) return recent;
    const value = older.get(key) ?? make();
    if (newer.size >= half) [newer, older] = [new Map(), newer];
    newer.set(key, value);
    return value;
  };
}
