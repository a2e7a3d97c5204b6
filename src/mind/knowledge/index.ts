/** The index over all passages: made once, kept, and made anew when the knowledge or this code has changed. @module */

import { createHash } from "node:crypto";
import type { Log } from "../../log.ts";
import { languageOf } from "./language.ts";
import { type IndexedPassage, type KnowledgeText, passagesOf } from "./passages.ts";
import type { Postings } from "./postings.ts";
import { packPostings, unpackPostings } from "./postings_archive.ts";
import { createPostingsBuilder } from "./postings_builder.ts";
import type { Slices } from "./slices.ts";
import type { KnowledgeStore } from "./store.ts";
import { termsOf } from "./words.ts";

/** The index. It never changes. */
export interface KnowledgeIndex {
  readonly passages: readonly IndexedPassage[];
  /** Finds passages by terms, as their places in `passages`. */
  readonly postings: Postings;
}

/**
 * Grows whenever the same text gives another index: with `splitIntoPassages`, `termsOf` and what is packed. A test fails
 * where that was forgotten.
 */
export const INDEX_VERSION = 5;

/** Index passages. */
export function indexPassages(passages: readonly IndexedPassage[]): KnowledgeIndex {
  const builder = createPostingsBuilder();
  for (const passage of passages) builder.add(termsIn(passage));
  return { passages, postings: builder.build() };
}

/** Where an index is kept. */
type KeptIndex = Pick<KnowledgeStore, "index" | "keepIndex">;

/** An index that was opened. */
export interface OpenIndex extends KnowledgeIndex {
  /** Whether it had to be made. */
  readonly isNew: boolean;
  /** Keep it for the next start, unless it is kept. */
  keep(): void;
}

/** A new index of so many passages is kept at once: to make it again would take longer than anybody should wait twice. */
const LARGE = 1_000;

/**
 * The index over `texts`: the kept one if it is of just these, else a new one. Between `slices` of the work others get
 * their turn.
 *
 * @param parts `isAgain`: whether older knowledge answers questions meanwhile, for the log; default false.
 * @throws `slices.signal.reason` once that aborts.
 */
export async function openIndex(
  texts: readonly KnowledgeText[],
  { store, slices, log, isAgain = false }: { store: KeptIndex; slices: Slices; log: Log; isAgain?: boolean },
): Promise<OpenIndex> {
  const digest = digestOf(texts);
  const passages: IndexedPassage[] = [];
  for (const passage of passagesOf(texts)) {
    passages.push(passage);
    if (slices.isOver()) await slices.next();
  }
  const kept = store.index(digest);
  const unpacked = kept === undefined ? undefined : unpackPostings(kept, passages.length);
  if (unpacked) return { passages, postings: unpacked, isNew: false, keep() {} };
  const startedMs = performance.now();
  if (passages.length >= LARGE) {
    const meanwhile = isAgain ? "is answered from the old knowledge" : "is answered after it";
    log.info(`indexing the knowledge: what is asked meanwhile ${meanwhile}`, { passages: passages.length });
  }
  const builder = createPostingsBuilder();
  for (const passage of passages) {
    builder.add(termsIn(passage));
    if (slices.isOver()) await slices.next();
  }
  const postings = builder.build();
  log.info("knowledge indexed", { passages: passages.length, ms: Math.round(performance.now() - startedMs) });
  let isKept = false;
  const keep = () => {
    if (!isKept) store.keepIndex(digest, packPostings(postings));
    isKept = true;
  };
  if (passages.length >= LARGE) keep();
  return { passages, postings, isNew: true, keep };
}

function termsIn({ heading, text }: IndexedPassage) {
  const language = languageOf(text);
  return { heading: termsOf(heading, language), text: termsOf(text, language) };
}

function digestOf(texts: readonly KnowledgeText[]): string {
  const hash = createHash("sha256").update(`${INDEX_VERSION}`);
  // Lengths between them, so that no two lists look the same.
  for (const { text, source } of texts) hash.update(`\n${source.length} ${text.length}\n${source}`).update(text);
  return hash.digest("hex");
}
