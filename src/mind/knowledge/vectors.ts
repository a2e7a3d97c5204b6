/** Which passages mean what a question means: by embeddings, made once for each passage, kept, and compared. @module */

import { createHash } from "node:crypto";
import { backoffDelayMs, type Clock } from "../../clock.ts";
import { messageOf } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { dotProduct, unitVector } from "../../vectors.ts";
import type { IndexedPassage, Passages } from "./passage_list.ts";
import type { KnowledgeStore } from "./store.ts";
import { ModelError } from "../model_error.ts";

/** The passages as vectors. */
export interface Vectors {
  /**
   * Places of the passages that are nearest to `text`, nearest first. None while their embeddings are being made, and
   * where the model can't be asked or takes too long: words find them all the same.
   */
  nearest(text: string, limit: number): Promise<number[]>;
  /** Stop making embeddings; those that are made are kept. */
  close(): void;
}

/** Passages whose embeddings are asked for at the same time: the model's handler sends them together. */
const TOGETHER = 64;
/** Milliseconds that a question waits for its embedding: an answer found by words comes in one. */
const PATIENCE_MS = 3_000;
/** Milliseconds before a model that failed is asked again: doubles from the first to the second. */
const PAUSE_MS = { first: 1_000, most: 60_000 };

/** Cosine below which two texts have nothing to do with each other, for every model that we know. */
const LEAST_COSINE = 0.2;
/** Passages from which on their cosines have a spread, and standard deviations above the mean that stand out of it. */
const MANY = 20, STANDS_OUT = 1.5, LEAST_SPREAD = 0.01;

/** Passages of one text whose embedding is still to be made: the digest that it is kept by, and their places. */
interface Missing {
  readonly of: string;
  readonly places: readonly number[];
}

/** What vectors are made with. */
interface VectorParts {
  readonly passages: Passages;
  readonly store: KnowledgeStore;
  /** Asks the model. */
  readonly embed: (text: string) => Promise<readonly number[]>;
  /** The model's name, since vectors of another one mean nothing to it. */
  readonly model: string;
  readonly log: Log;
  readonly clock: Clock;
}

/** A vector for each passage that has one. */
type Places = (Float32Array | undefined)[];

/** Load the embeddings that are kept, and begin to make those that are missing. */
export function openVectors(parts: VectorParts): Vectors {
  const { passages, embed, log, clock } = parts;
  const vectors: Places = Array.from({ length: passages.length }, () => undefined);
  const closing = new AbortController();
  const trouble = createTrouble({ log, clock });
  const making = new Making(parts, { vectors, trouble, signal: closing.signal });

  async function ask(text: string): Promise<Float32Array | undefined> {
    if (trouble.isPausing()) return undefined;
    const enough = new AbortController();
    const late = clock.sleep(PATIENCE_MS, enough.signal).then(() => undefined);
    try {
      const vector = await Promise.race([embed(text), late]);
      if (vector === undefined) throw new Error(`no embedding within ${PATIENCE_MS} ms`);
      const asked = unitVector(vector);
      trouble.ended();
      return asked;
    } catch (error) {
      if (!closing.signal.aborted) trouble.met(error);
      return undefined;
    } finally {
      enough.abort();
    }
  }

  /** Once: behind one address there may be two models. */
  let isMadeAnew = false;
  function makeAnew(length: number) {
    isMadeAnew = true;
    log.warn("the embedding model gives other dimensions than before: the knowledge is embedded anew", {
      dimensions: length,
    });
    vectors.fill(undefined);
    void making.makeAll(loadKept(parts, vectors, length));
  }

  // What fails here is no model's doing but the disk's, which ends the program.
  void making.makeAll(loadKept(parts, vectors));
  return {
    async nearest(text, limit) {
      const isReady = !making.isAsking && vectors.some((vector) => vector);
      const asked = isReady ? await ask(text) : undefined;
      if (!asked) return [];
      // A server of one model may have another one under the same name, to which the kept vectors say nothing.
      const isOther = !vectors.some((vector) => vector?.length === asked.length);
      if (isOther && !isMadeAnew && !making.isAsking) makeAnew(asked.length);
      return nearestOf(vectors, asked, limit);
    },
    close() {
      // Requests under way are not waited for, which a server that hangs can make long: nothing of them is kept.
      closing.abort();
    },
  };
}

/**
 * Put the embeddings that are kept in their places, and forget those that nothing needs. Returns what is missing.
 *
 * @param length Dimensions of those that are of use; default: any.
 */
function loadKept({ passages, store, model }: VectorParts, vectors: Places, length?: number): Missing[] {
  const digests = Array.from(
    passages,
    (passage) => createHash("sha256").update(`${model}\n${textOf(passage)}`).digest("hex"),
  );
  // Equal passages share one embedding.
  const placesOf = Map.groupBy(digests.keys(), (place) => digests[place] ?? "");
  const isKept = new Set<string>(), unneeded: number[] = [];
  for (const { seq, of, vector } of store.vectors()) {
    const places = placesOf.get(of);
    const isOther = length !== undefined && vector.length !== length;
    if (!places || isKept.has(of) || isOther) unneeded.push(seq);
    if (isOther) continue;
    for (const place of places ?? []) vectors[place] = vector;
    isKept.add(of);
  }
  unneeded.forEach((seq) => store.forgetVector(seq));
  return [...placesOf].filter(([of]) => !isKept.has(of)).map(([of, places]) => ({ of, places }));
}

/** Whether the model fails, and until when it is left alone. */
interface Trouble {
  met(error: unknown): void;
  ended(): void;
  isPausing(): boolean;
  /** Milliseconds until it is asked again. */
  pauseMs(): number;
}

function createTrouble({ log, clock }: { log: Log; clock: Clock }): Trouble {
  let failures = 0, failedMs = 0, waitMs = 0;
  const pauseMs = () => {
    const passedMs = clock.now() - failedMs;
    // Less than none: the clock was set back.
    return failures > 0 && passedMs >= 0 ? waitMs - passedMs : 0;
  };
  return {
    met(error) {
      if (failures === 0) {
        log.warn("embedding model failed: passages are found by words until it works again", {
          error: messageOf(error),
        });
      }
      failedMs = clock.now();
      waitMs = backoffDelayMs(++failures, { baseMs: PAUSE_MS.first, maxMs: PAUSE_MS.most });
    },
    ended: () => failures = 0,
    isPausing: () => pauseMs() > 0,
    pauseMs,
  };
}

/** Makes the embeddings that are missing, in the background. */
class Making {
  readonly #parts: VectorParts;
  readonly #vectors: Places;
  readonly #trouble: Trouble;
  readonly #signal: AbortSignal;
  /** Meanwhile a question's embedding would stand in line behind those of the passages. */
  isAsking = false;

  constructor(parts: VectorParts, shared: { vectors: Places; trouble: Trouble; signal: AbortSignal }) {
    this.#parts = parts;
    this.#vectors = shared.vectors;
    this.#trouble = shared.trouble;
    this.#signal = shared.signal;
  }

  async makeAll(missing: Missing[]): Promise<void> {
    const { store, log, clock } = this.#parts;
    const count = missing.length, startedMs = clock.now();
    let refused = 0;
    while (missing.length > 0) {
      const asked = missing.splice(0, TOGETHER);
      this.isAsking = true;
      const made = await this.#makeBatch(asked);
      this.isAsking = false;
      if (this.#signal.aborted) return;
      refused += made.refused;
      missing.push(...made.left);
      if (made.left.length === 0) this.#trouble.ended();
      else {
        this.#trouble.met(made.error);
        await clock.sleep(this.#trouble.pauseMs(), this.#signal);
      }
      await store.committed();
      if (this.#signal.aborted) return;
    }
    if (refused > 0) {
      log.warn("the embedding model does not take some passages: words alone find these", { passages: refused });
    }
    if (count > refused) log.info("knowledge embedded", { passages: count - refused, ms: clock.now() - startedMs });
  }

  /** Those of a batch that are still to be made, and how many the model does not take. */
  async #makeBatch(asked: readonly Missing[]): Promise<{ left: Missing[]; refused: number; error?: unknown }> {
    const { left, error } = await this.#makeSome(asked);
    // A text that the model does not take, being too long for it, is refused with all that it was sent with.
    if (!(error instanceof ModelError && error.kind === "refused")) return { left, refused: 0, error };
    const apart = await this.#makeOneByOne(left);
    // Where it takes others, they are the trouble; where it takes none, it is.
    const takesOthers = apart.length < asked.length ||
      (asked.length === 1 && this.#vectors.some((vector) => vector));
    return takesOthers ? { left: [], refused: apart.length } : { left: apart, refused: 0, error };
  }

  async #makeOneByOne(asked: readonly Missing[]): Promise<Missing[]> {
    const left: Missing[] = [];
    for (const one of asked) {
      if (this.#signal.aborted) break;
      left.push(...(await this.#makeSome([one])).left);
    }
    return left;
  }

  /** Those that could not be made, and why not. */
  async #makeSome(asked: readonly Missing[]): Promise<{ left: Missing[]; error?: unknown }> {
    const { passages, store, embed } = this.#parts;
    const left: Missing[] = [];
    let error: unknown;
    const results = await Promise.allSettled(
      asked.map(async ({ places: [place = 0] }) => unitVector(await embed(textOf(passages.at(place)!)))),
    );
    if (this.#signal.aborted) return { left };
    for (const [at, result] of results.entries()) {
      const one = asked[at]!;
      if (result.status === "rejected") {
        left.push(one);
        error ??= result.reason;
        continue;
      }
      for (const place of one.places) this.#vectors[place] = result.value;
      store.keepVector({ of: one.of, vector: result.value });
    }
    return { left, error };
  }
}

/** Places of the vectors that point most in the direction of `asked`, and enough of it. */
function nearestOf(vectors: Places, asked: Float32Array, limit: number): number[] {
  const scores = vectors.flatMap((vector, place) =>
    vector?.length === asked.length ? [{ place, score: dotProduct(asked, vector) }] : []
  );
  const least = leastSimilarity(scores.map(({ score }) => score));
  return scores.filter(({ score }) => score >= least)
    .sort((a, b) => b.score - a.score || a.place - b.place).slice(0, limit).map(({ place }) => place);
}

/**
 * Least cosine of passages that mean something like the question. "Hello!" is nearest to some passage too: with many
 * passages, one that means the same stands out among them, whatever level a model's cosines have.
 */
function leastSimilarity(scores: readonly number[]): number {
  if (scores.length < MANY) return LEAST_COSINE;
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  const variance = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / scores.length;
  const deviation = Math.sqrt(variance);
  // Passages that all mean the same have none that stands out.
  return deviation < LEAST_SPREAD ? LEAST_COSINE : Math.max(LEAST_COSINE, mean + STANDS_OUT * deviation);
}

function textOf({ heading, text }: IndexedPassage): string {
  return heading === "" ? text : `${heading}\n${text}`;
}
