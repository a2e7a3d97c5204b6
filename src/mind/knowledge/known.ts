/** What an agent knows at a time: the index over its texts and their embeddings, read anew when the texts change. @module */

import type { Clock } from "../../clock.ts";
import type { Log } from "../../log.ts";
import { type OpenIndex, openIndex } from "./index.ts";
import type { KnowledgeText } from "./passages.ts";
import { type Knowledge, type KnowledgeOptions, searchIn } from "./search.ts";
import { searchOnce } from "./search_once.ts";
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
  readonly knowledge: Knowledge;
  /** Where the model's provider has embeddings. */
  readonly vectors: Vectors | undefined;
  /** Find passages by meaning too, from here on. */
  embedWith(embedding: Embedding): void;
  /** Know something else from here on. */
  replace(knowable: Knowable): void;
}

/** Index what there is to know, or take the index that is kept. Disposing of it keeps the index for the next start. */
export function openKnown(
  knowable: Knowable,
  { store, log, clock }: { store: KnowledgeStore; log: Log; clock: Clock },
): Known {
  let embedding: Embedding | undefined;
  let index: OpenIndex, knowledge: Knowledge, vectors: Vectors | undefined;

  function know({ texts, ...options }: Knowable) {
    const startedMs = performance.now();
    index = openIndex(texts, store);
    if (index.isNew) {
      log.info("knowledge indexed", { passages: index.passages.length, ms: Math.round(performance.now() - startedMs) });
    }
    knowledge = searchOnce(searchIn(index, options));
    embed();
  }

  function embed() {
    vectors?.close();
    vectors = embedding && index.passages.length > 0
      ? openVectors({ ...embedding, passages: index.passages, store, log, clock })
      : undefined;
  }

  know(knowable);
  return {
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
    replace: know,
    [Symbol.dispose]() {
      vectors?.close();
      // Not at the start, where the first answer would wait for it (4 ms).
      index.keep();
    },
  };
}
