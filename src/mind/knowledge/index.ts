/** The index over all passages: made once, kept, and made anew when the knowledge or this code has changed. @module */

import { createHash } from "node:crypto";
import { collectGarbage } from "../../garbage.ts";
import type { Log } from "../../log.ts";
import { type Language, languageOf, LANGUAGES } from "./language.ts";
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
  /** The language of each passage, as a digit: its place in `LANGUAGES`. */
  readonly languages: string;
}

/** The language of the passage at a place. */
export function languageAt({ languages }: Pick<KnowledgeIndex, "languages">, place: number): Language {
  return LANGUAGES[Number(languages[place])] ?? "en";
}

/**
 * Grows whenever the same text gives another index: with `splitIntoPassages`, `termsOf` and what is packed. A test fails
 * where that was forgotten.
 */
export const INDEX_VERSION = 7;

/** Index passages. */
export function indexPassages(passages: readonly IndexedPassage[]): KnowledgeIndex {
  const builder = createIndexBuilder();
  for (const passage of passages) builder.add(passage);
  return { passages, ...builder.build() };
}

/** Takes passages in turn. */
function createIndexBuilder() {
  const postings = createPostingsBuilder();
  let languages = "";
  return {
    add({ heading, text }: IndexedPassage) {
      const language = languageOf(text);
      postings.add({ heading: termsOf(heading, language), text: termsOf(text, language) });
      languages += LANGUAGES.indexOf(language);
    },
    build: () => ({ postings: postings.build(), languages }),
  };
}

/** An index as a text: a line of languages, and the postings. */
export function packIndex({ postings, languages }: Omit<KnowledgeIndex, "passages">): string {
  return [languages, "\n", ...packPostings(postings)].join("");
}

/** Back from {@linkcode packIndex}; undefined for anything that is not of `size` passages. */
function unpackIndex(packed: string, size: number): Omit<KnowledgeIndex, "passages"> | undefined {
  if (packed[size] !== "\n") return undefined;
  const postings = unpackPostings(packed.slice(size + 1), size);
  return postings && { postings, languages: packed.slice(0, size) };
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
 * Passages, some 6 MB of text, after which garbage is collected: V8 would wait until there is as much as all knowledge
 * takes. Some 50 ms each time with 50 MB of knowledge.
 */
const COLLECTED_AFTER = 8_192;

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
    if (passages.length % COLLECTED_AFTER === 0) collectGarbage();
  }
  const isLarge = passages.length >= LARGE;
  const kept = store.index(digest);
  const unpacked = kept === undefined ? undefined : unpackIndex(kept, passages.length);
  if (unpacked) {
    if (isLarge) collectGarbage();
    return { passages, ...unpacked, isNew: false, keep() {} };
  }
  const startedMs = performance.now();
  if (isLarge) {
    const meanwhile = isAgain ? "is answered from the old knowledge" : "is answered after it";
    log.info(`indexing the knowledge: what is asked meanwhile ${meanwhile}`, { passages: passages.length });
  }
  const made = await makeIndex(passages, slices);
  log.info("knowledge indexed", { passages: passages.length, ms: Math.round(performance.now() - startedMs) });
  let isKept = false;
  const keep = () => {
    if (!isKept) store.keepIndex(digest, packIndex(made));
    isKept = true;
  };
  if (isLarge) {
    collectGarbage();
    keep();
    collectGarbage();
  }
  return { passages, ...made, isNew: true, keep };
}

/** Index passages in slices. Of what the lists were made of, half as large as they are, nothing is held by then. */
async function makeIndex(passages: readonly IndexedPassage[], slices: Slices) {
  const builder = createIndexBuilder();
  for (const [place, passage] of passages.entries()) {
    builder.add(passage);
    if (slices.isOver()) await slices.next();
    if ((place + 1) % COLLECTED_AFTER === 0) collectGarbage();
  }
  return builder.build();
}

function digestOf(texts: readonly KnowledgeText[]): string {
  const hash = createHash("sha256").update(`${INDEX_VERSION}`);
  // Lengths between them, so that no two lists look the same.
  for (const { text, source } of texts) hash.update(`\n${source.length} ${text.length}\n${source}`).update(text);
  return hash.digest("hex");
}
