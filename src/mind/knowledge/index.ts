/** The index over all passages: made once, kept, and made anew when the knowledge or this code has changed. @module */

import { createHash } from "node:crypto";
import MiniSearch, { type AsPlainObject, type Options } from "minisearch";
import { type IndexedPassage, type KnowledgeText, passagesOf } from "./passages.ts";
import type { KnowledgeStore } from "./store.ts";
import { languageOf } from "./language.ts";
import { termsOf } from "./words.ts";

/** The index. It never changes. */
export interface KnowledgeIndex {
  readonly passages: readonly IndexedPassage[];
  /** In how many passages each term is. */
  readonly frequency: ReadonlyMap<string, number>;
  /** Finds passages by terms; their ids are their places in `passages`. */
  readonly words: MiniSearch;
}

/**
 * Grows whenever the same text gives another index: with `splitIntoPassages`, `termsOf`, what is packed, and MiniSearch.
 * A test fails where that was forgotten.
 */
export const INDEX_VERSION = 4;

/** What MiniSearch is told: texts come to it as terms, joined by spaces. */
const OPTIONS: Options = {
  fields: ["heading", "text"],
  tokenize: splitTerms,
  processTerm: (term) => term,
};

/** Index passages. */
export function indexPassages(passages: readonly IndexedPassage[]): KnowledgeIndex {
  const words = new MiniSearch(OPTIONS);
  const frequency = new Map<string, number>();
  for (const [id, passage] of passages.entries()) {
    const language = languageOf(passage.text);
    const heading = termsOf(passage.heading, language), text = termsOf(passage.text, language);
    for (const term of new Set([...heading, ...text])) frequency.set(term, (frequency.get(term) ?? 0) + 1);
    words.add({ id, heading: heading.join(" "), text: text.join(" ") });
  }
  return { passages, frequency, words };
}

/** An index that was opened. */
export interface OpenIndex extends KnowledgeIndex {
  /** Whether it had to be made. */
  readonly isNew: boolean;
  /** Keep it for the next start, unless it is kept. */
  keep(): void;
}

/** A new index of so many passages is kept at once: to make it again would take longer than anybody should wait twice. */
const LARGE = 1_000;

/** The index over `texts`: the kept one if it is of just these, else a new one. */
export function openIndex(
  texts: readonly KnowledgeText[],
  store: Pick<KnowledgeStore, "index" | "keepIndex">,
): OpenIndex {
  const digest = digestOf(texts);
  const passages = passagesOf(texts);
  const kept = store.index(digest);
  if (kept !== undefined) return { ...unpackIndex(kept, passages), isNew: false, keep() {} };
  const index = indexPassages(passages);
  let isKept = false;
  const keep = () => {
    if (!isKept) store.keepIndex(digest, packIndex(index));
    isKept = true;
  };
  if (passages.length >= LARGE) keep();
  return { ...index, isNew: true, keep };
}

/** The text that is kept of an index: without the passages, which come from the knowledge each time. */
export function packIndex({ frequency, words }: KnowledgeIndex): string {
  // Terms hold no spaces, and one text is read many times faster than an array of them.
  const packed: Packed = { terms: [...frequency.keys()].join(" "), counts: [...frequency.values()], words };
  return JSON.stringify(packed);
}

/** Back from {@linkcode packIndex}. */
export function unpackIndex(text: string, passages: readonly IndexedPassage[]): KnowledgeIndex {
  const { terms, counts, words }: Packed<AsPlainObject> = JSON.parse(text);
  return {
    passages,
    frequency: new Map(splitTerms(terms).map((term, at) => [term, counts[at] ?? 0])),
    words: MiniSearch.loadJS(words, OPTIONS),
  };
}

function splitTerms(terms: string): string[] {
  return terms === "" ? [] : terms.split(" ");
}

interface Packed<Words = MiniSearch> {
  readonly terms: string;
  readonly counts: readonly number[];
  readonly words: Words;
}

function digestOf(texts: readonly KnowledgeText[]): string {
  const hash = createHash("sha256").update(`${INDEX_VERSION}`);
  // Lengths between them, so that no two lists look the same.
  for (const { text, source } of texts) hash.update(`\n${source.length} ${text.length}\n${source}`).update(text);
  return hash.digest("hex");
}
