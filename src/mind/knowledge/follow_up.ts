/** Questions that make sense only after the ones before them. @module */

import { termsOf } from "./words.ts";

/** `And what does it cost?` begins in the middle, `How long do they last?` points back. */
const CONTINUES = /^\s*(?:and|but|so|then|also|what about|how about|why|why not|how so|e|ma)\b/i;
const POINTS_BACK = /\b(?:it|its|they|them|their|this|that|these|those|there|one|ones|he|she|same)\b/i;
/** A question with so few terms of its own may point back; one with more says itself what it is about. */
const MOST_OWN_TERMS = 3;
/** How far back a topic is looked for. */
const MOST_QUESTIONS = 3;

/**
 * What a question is about, in the words of the questions before it, if it leaves that to them.
 *
 * @param before The questions of the same conversation, oldest first.
 */
export function findsTopicElsewhere(question: string, before: readonly string[]): string | undefined {
  if (before.length === 0 || !isFollowUp(question)) return undefined;
  const topics: string[] = [];
  for (const earlier of before.slice(-MOST_QUESTIONS).reverse()) {
    topics.push(earlier);
    if (!isFollowUp(earlier)) break;
  }
  return topics.length > 0 ? topics.join(" ") : undefined;
}

function isFollowUp(question: string): boolean {
  const own = termsOf(question).length;
  return own === 0 || (own <= MOST_OWN_TERMS && (CONTINUES.test(question) || POINTS_BACK.test(question)));
}
