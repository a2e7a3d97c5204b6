/** What an agent knows at a time: the index over its texts and their embeddings, read anew when the texts change. @module */

import type { Clock } from "../../clock.ts";
import type { Log } from "../../log.ts";
import type { MindObserver } from "../../observer.ts";
import { indexPassages, type OpenIndex, openIndex } from "./index.ts";
import type { KnowledgeText } from "./texts.ts";
import { type Knowledge, type KnowledgeOptions, searchIn } from "./search.ts";
import { searchOnce } from "./search_once.ts";
import { createSlices } from "./slices.ts";
import type { KnowledgeStore } from "./store.ts";
import { openVectors, type Vectors } from "./vectors.ts";

/** What there is to know, and the character's words for it. */
export interface Knowable extends KnowledgeOptions {
  readonly texts: readonly KnowledgeText[];
}

/** Makes embeddings. */
export interface Embedding {
  readonly embed: (text: string) => Promise<readonly number[]>;
  /** The model's name: vectors of another one mean nothing to it. */
  readonly model: string;
}

/** What an agent knows. */
export interface Known extends Disposable {
  /** Resolves once everything can be looked up; undefined as soon as it can. */
  readonly indexing: Promise<void> | undefined;
  /** Nothing yet while it is being indexed for the first time. */
  readonly knowledge: Knowledge;
  /** Where the model's provider has embeddings. */
  readonly vectors: Vectors | undefined;
  /** Find passages by meaning too, from here on. */
  embedWith(embedding: Embedding): void;
  /** Know something else as soon as it is indexed. */
  replace(knowable: Knowable): void;
}

/** What knowledge is opened with. */
export interface KnownParts {
  readonly store: KnowledgeStore;
  readonly log: Log;
  readonly clock: Clock;
  /** Told how much is known. */
  readonly observer?: Pick<MindObserver, "knows"> | undefined;
}

/**
 * Begin to index what there is to know, or take the index that is kept. It goes on beside everything else, in slices: a
 * worker would need another process' worth of memory. Disposing of it calls the rest off, and keeps a finished index for
 * the next start.
 */
export function openKnown(
  knowable: Knowable,
  { store, log, clock, observer }: KnownParts,
): Known {
  const first = Promise.withResolvers<void>();
  let embedding: Embedding | undefined;
  let index: OpenIndex | undefined, knowledge: Knowledge = searchIn(NOTHING), vectors: Vectors | undefined;
  let building = new AbortController();

  async function know({ texts, ...options }: Knowable) {
    building.abort();
    const { signal } = building = new AbortController();
    try {
      const slices = createSlices(signal), isAgain = index !== undefined;
      const opened = await openIndex(texts, { store, slices, log, isAgain });
      if (signal.aborted) return;
      index = opened;
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    knowledge = searchOnce(searchIn(index, options));
    observer?.knows(index.passages.length);
    embed();
    first.resolve();
  }

  function embed() {
    vectors?.close();
    vectors = embedding && index && index.passages.length > 0
      ? openVectors({ ...embedding, passages: index.passages, store, log, clock })
      : undefined;
  }

  // What fails here is the disk's doing, which ends the program.
  void know(knowable);
  return {
    get indexing() {
      return index ? undefined : first.promise;
    },
    get knowledge() {
      return knowledge;
    },
    get vectors() {
      return vectors;
    },
    embedWith(chosen) {
      embedding = chosen;
      embed();
    },
    replace: (changed) => void know(changed),
    [Symbol.dispose]() {
      building.abort();
      vectors?.close();
      // Not at the start, where the first answer would wait for it (4 ms).
      index?.keep();
    },
  };
}

const NOTHING = indexPassages([]);
