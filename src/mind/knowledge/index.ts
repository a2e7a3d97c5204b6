/** The index over all passages: made once, kept, and made anew when the knowledge or this code has changed. @module */

import { createHash } from "node:crypto";
import { collectGarbage, giveBackMemory } from "../../garbage.ts";
import type { Log } from "../../log.ts";
import { type Language, languageOf, LANGUAGES } from "./language.ts";
import { createPacker, createUnpacker } from "./packing.ts";
import {
  cutTexts,
  type IndexedPassage,
  PassageList,
  type Passages,
  unpackPassages,
  unpackTexts,
} from "./passage_list.ts";
import type { Postings } from "./postings.ts";
import { packPostings, packTerms, unpackPostings, unpackTerms } from "./postings_archive.ts";
import { createPostingsBuilder } from "./postings_builder.ts";
import type { Slices } from "./slices.ts";
import type { KnowledgeStore } from "./store.ts";
import { hashTexts, type KnowledgeText } from "./texts.ts";
import { termsOf } from "./words.ts";

/** The index. It never changes. */
export interface KnowledgeIndex {
  readonly passages: Passages;
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
export const INDEX_VERSION = 8;

/** An index whose passages are those of texts, so that it can be packed. */
type TextIndex = KnowledgeIndex & { readonly passages: PassageList };

/** Index passages, at once. */
export function indexPassages<Kind extends Passages>(passages: Kind): KnowledgeIndex & { readonly passages: Kind } {
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

/** An index as pieces, each made when it is asked for. */
export function* packIndex({ passages, postings, languages }: TextIndex): Generator<string> {
  const packer = createPacker();
  packer.text(languages);
  passages.packTexts(packer);
  packTerms(postings, packer);
  for (const part of [passages.packNumbers(packer), packPostings(postings, packer)]) {
    for (const _ of part) yield* packer.full();
  }
  yield* packer.rest();
}

/** The index of `texts` back from {@linkcode packIndex}; undefined for anything that is none. */
async function unpackIndex(
  pieces: Iterable<string>,
  texts: readonly KnowledgeText[],
  slices: Slices,
): Promise<TextIndex | undefined> {
  try {
    const unpacker = createUnpacker(pieces);
    const languages = unpacker.text(), found = unpackTexts(unpacker), terms = unpackTerms(unpacker);
    const passages = unpackPassages(unpacker, texts, found);
    const postings = await unpackPostings(unpacker, { terms, size: passages.length, slices });
    return { passages, postings, languages };
  } catch (error) {
    // A piece that is missing, or is none: then the index is made anew.
    if (error instanceof RangeError || error instanceof SyntaxError) return undefined;
    throw error;
  }
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
  const digest = hashTexts(createHash("sha256").update(`${INDEX_VERSION}`), texts).digest("hex");
  const kept = store.index(digest);
  const unpacked = kept === undefined ? undefined : await unpackIndex(kept, texts, slices);
  if (unpacked) {
    if (unpacked.passages.length >= LARGE) giveBackMemory();
    return { ...unpacked, isNew: false, keep() {} };
  }
  const passages = await cutInSlices(texts, slices);
  const startedMs = performance.now(), isLarge = passages.length >= LARGE;
  if (isLarge) {
    const meanwhile = isAgain ? "is answered from the old knowledge" : "is answered after it";
    log.info(`indexing the knowledge: what is asked meanwhile ${meanwhile}`, { passages: passages.length });
  }
  const made = await makeIndex(passages, slices);
  log.info("knowledge indexed", { passages: passages.length, ms: Math.round(performance.now() - startedMs) });
  let isKept = false;
  if (isLarge) {
    giveBackMemory();
    await keepInSlices(made, { digest, store, slices });
    isKept = true;
    giveBackMemory();
  }
  const keep = () => {
    if (isKept) return;
    isKept = true;
    const { add, end } = store.keepIndex(digest);
    for (const piece of packIndex(made)) add(piece);
    end();
  };
  return { ...made, isNew: true, keep };
}

async function cutInSlices(texts: readonly KnowledgeText[], slices: Slices): Promise<PassageList> {
  const cutting = cutTexts(texts);
  let step = cutting.next();
  for (let passages = 1; !step.done; passages++) {
    if (slices.isOver()) await slices.next();
    if (passages % COLLECTED_AFTER === 0) collectGarbage();
    step = cutting.next();
  }
  if (step.value.length >= LARGE) giveBackMemory();
  return step.value;
}

/** Index passages in slices. Of what the lists were made of, half as large as they are, nothing is held by then. */
async function makeIndex(passages: PassageList, slices: Slices): Promise<TextIndex> {
  const builder = createIndexBuilder();
  for (let place = 0; place < passages.length; place++) {
    builder.add(passages.at(place)!);
    if (slices.isOver()) await slices.next();
    if ((place + 1) % COLLECTED_AFTER === 0) collectGarbage();
  }
  if (passages.length >= LARGE) giveBackMemory();
  return { passages, ...builder.build() };
}

async function keepInSlices(
  index: TextIndex,
  { digest, store, slices }: { digest: string; store: KeptIndex; slices: Slices },
): Promise<void> {
  const { add, end } = store.keepIndex(digest);
  for (const piece of packIndex(index)) {
    add(piece);
    if (slices.isOver()) await slices.next();
  }
  end();
}
