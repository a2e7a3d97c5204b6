/** What a passage shows to who looks closely: its terms, what it is about, and how it speaks. @module */

import type { IndexedPassage } from "./passages.ts";
import { termsOf, termsOfQuestion } from "./words.ts";

/** What a close look at a passage shows. */
export interface Look {
  /** The terms of its headings and its text. */
  readonly terms: ReadonlySet<string>;
  /** What it begins with. */
  readonly lead: ReadonlySet<string>;
  /** What it says of something that it is: `A deal is …`, `RLC stands for …`. */
  readonly defined: ReadonlySet<string>;
  /** Whether it names a method or a command. */
  readonly instructs: boolean;
  /** Whether the agent speaks of itself. */
  readonly ofAgent: boolean;
}

/** Terms at the start of a passage that tell what it is about. */
const LEAD_TERMS = 4;
/** A camel-case name or a quoted command. */
const INSTRUCTS = /\p{Ll}\p{Lu}|"/u;
const OF_AGENT = /\b(?:I|me|my)\b/;
/** The words before the first verb that says what something is. */
const DEFINED =
  /^(?!(?:when|if|to|on|for|in|before|after|with|without|from)\b)(.{1,48}?)(?:\s\(|\s(?:is|are|was|means|stands for|lets)\s)/is;

/** Look at a passage. */
export function closeLook({ heading, text }: IndexedPassage): Look {
  const terms = [...termsOf(heading), ...termsOf(text)];
  return {
    terms: new Set(terms),
    lead: new Set(terms.slice(0, LEAD_TERMS)),
    defined: new Set(termsOfQuestion(DEFINED.exec(text)?.[1] ?? "", () => true).keys()),
    instructs: INSTRUCTS.test(text.replace(/\bi[A-Z]/g, "")),
    ofAgent: OF_AGENT.test(text),
  };
}
