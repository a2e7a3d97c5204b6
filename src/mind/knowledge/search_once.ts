/** A search that equal questions share: the index never changes, so neither does what is found. @module */

import type { Knowledge, Passage } from "./search.ts";

/** Searches whose results are kept, at most, and UTF-16 code units of the longest question that is: some 4 MB together. */
const MAX_KEPT = { searches: 2_000, questionLength: 1_000 };

/**
 * The same knowledge, which looks up equal questions once. Searches with passages that mean the same are not kept: their
 * order comes from an embedding.
 *
 * @param options `searches`: results kept; those that were not used for longest go first. Default 2,000.
 */
export function searchOnce(
  knowledge: Knowledge,
  { searches = MAX_KEPT.searches }: { searches?: number } = {},
): Knowledge {
  /** In the order of their last use. */
  const found = new Map<string, readonly Passage[]>();
  return {
    ...knowledge,
    search(question, limit, options = {}) {
      const { context = "", nearest = [] } = options;
      if (nearest.length > 0 || question.length + context.length > MAX_KEPT.questionLength) {
        return knowledge.search(question, limit, options);
      }
      const key = JSON.stringify([question, limit, options.context]);
      const kept = found.get(key);
      const passages = kept ?? knowledge.search(question, limit, options);
      found.delete(key);
      found.set(key, passages);
      if (found.size > searches) found.delete(found.keys().next().value!);
      return [...passages];
    },
  };
}
