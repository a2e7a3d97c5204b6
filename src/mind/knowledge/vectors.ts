/** Which passages mean what a question means: by embeddings, made once for each passage, kept, and compared. @module */

import { createHash } from "node:crypto";
import { backoffDelayMs, type Clock } from "../../clock.ts";
import { messageOf } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { IndexedPassage } from "./passages.ts";
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

/** Passages of one text whose embedding is still to be made: the digest that it is kept by, and their places. */
interface Missing {
  readonly of: string;
  readonly places: readonly number[];
}

/**
 * Load the embeddings that are kept, and begin to make those that are missing.
 *
 * @param options `embed`: asks the model; `model`: its name, since vectors of another one mean nothing to it.
 */
export function openVectors(options: {
  passages: readonly IndexedPassage[];
  store: KnowledgeStore;
  embed: (text: string) => Promise<readonly number[]>;
  model: string;
  log: Log;
  clock: Clock;
}): Vectors {
  const { passages, store, embed, model, log, clock } = options;
  const vectors: (Float32Array | undefined)[] = passages.map(() => undefined);
  const closing = new AbortController();
  let failures = 0, retryAtMs = 0;
  /** Meanwhile a question's embedding would stand in line behind those of the passages. */
  let isMaking = false;

  const succeeded = () => failures = 0;
  const failed = (error: unknown) => {
    if (failures === 0) {
      log.warn("embedding model failed: passages are found by words until it works again", { error: messageOf(error) });
    }
    retryAtMs = clock.now() + backoffDelayMs(++failures, { baseMs: PAUSE_MS.first, maxMs: PAUSE_MS.most });
  };

  function load(): Missing[] {
    const digestOf = (passage: IndexedPassage) =>
      createHash("sha256").update(`${model}\n${textOf(passage)}`).digest("hex");
    const digests = passages.map(digestOf);
    // Equal passages share one embedding.
    const placesOf = Map.groupBy(digests.keys(), (place) => digests[place] ?? "");
    const isKept = new Set<string>(), unneeded: number[] = [];
    for (const { seq, of, vector } of store.vectors()) {
      const places = placesOf.get(of);
      if (!places || isKept.has(of)) unneeded.push(seq);
      for (const place of places ?? []) vectors[place] = vector;
      isKept.add(of);
    }
    unneeded.forEach((seq) => store.forgetVector(seq));
    return [...placesOf].filter(([of]) => !isKept.has(of)).map(([of, places]) => ({ of, places }));
  }

  async function make(missing: Missing[]) {
    const count = missing.length, startedMs = clock.now();
    let refused = 0;
    while (missing.length > 0) {
      const asked = missing.splice(0, TOGETHER);
      isMaking = true;
      let { left, error } = await makeSome(asked);
      // A text that the model does not take, being too long for it, is refused with all that it was sent with.
      if (error instanceof ModelError && error.kind === "refused") {
        left = await makeOneByOne(left);
        // Where it takes others, they are the trouble; where it takes none, it is.
        if (left.length < asked.length || (asked.length === 1 && vectors.some((vector) => vector))) {
          refused += left.length;
          left = [];
        }
      }
      isMaking = false;
      if (closing.signal.aborted) return;
      missing.push(...left);
      if (left.length === 0) succeeded();
      else {
        failed(error);
        await clock.sleep(retryAtMs - clock.now(), closing.signal);
      }
      await store.committed();
      if (closing.signal.aborted) return;
    }
    if (refused > 0) {
      log.warn("the embedding model does not take some passages: words alone find these", { passages: refused });
    }
    if (count > refused) log.info("knowledge embedded", { passages: count - refused, ms: clock.now() - startedMs });
  }

  async function makeOneByOne(asked: readonly Missing[]): Promise<Missing[]> {
    const left: Missing[] = [];
    for (const one of asked) {
      if (closing.signal.aborted) break;
      left.push(...(await makeSome([one])).left);
    }
    return left;
  }

  /** Those that could not be made, and why not. */
  async function makeSome(asked: readonly Missing[]): Promise<{ left: Missing[]; error?: unknown }> {
    const left: Missing[] = [];
    let error: unknown;
    const results = await Promise.allSettled(
      asked.map(async ({ places: [place = 0] }) => unit(await embed(textOf(passages[place]!)))),
    );
    if (closing.signal.aborted) return { left };
    for (const [at, result] of results.entries()) {
      const one = asked[at]!;
      if (result.status === "rejected") {
        left.push(one);
        error ??= result.reason;
        continue;
      }
      for (const place of one.places) vectors[place] = result.value;
      store.keepVector({ of: one.of, vector: result.value });
    }
    return { left, error };
  }

  async function ask(text: string): Promise<Float32Array | undefined> {
    if (failures > 0 && clock.now() < retryAtMs) return undefined;
    const enough = new AbortController();
    const late = clock.sleep(PATIENCE_MS, enough.signal).then(() => undefined);
    try {
      const vector = await Promise.race([embed(text), late]);
      if (vector === undefined) throw new Error(`no embedding within ${PATIENCE_MS} ms`);
      const asked = unit(vector);
      succeeded();
      return asked;
    } catch (error) {
      if (!closing.signal.aborted) failed(error);
      return undefined;
    } finally {
      enough.abort();
    }
  }

  // What fails here is no model's doing but the disk's, which ends the program.
  void make(load());
  return {
    async nearest(text, limit) {
      const asked = !isMaking && vectors.some((vector) => vector) ? await ask(text) : undefined;
      if (!asked) return [];
      const scores = vectors.flatMap((vector, place) =>
        vector?.length === asked.length ? [{ place, score: product(asked, vector) }] : []
      );
      return scores.sort((a, b) => b.score - a.score || a.place - b.place).slice(0, limit).map(({ place }) => place);
    },
    close() {
      // Not waited for what is under way, which a server that hangs can make long: nothing of it is kept from here on.
      closing.abort();
    },
  };
}

function textOf({ heading, text }: IndexedPassage): string {
  return heading === "" ? text : `${heading}\n${text}`;
}

/** A vector of length 1, so that the cosine of two is their product. */
function unit(vector: readonly number[]): Float32Array {
  const length = Math.hypot(...vector);
  if (!(length > 0 && length < Infinity)) throw new Error("the embedding is no direction");
  return Float32Array.from(vector, (number) => number / length);
}

function product(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += a[at]! * b[at]!;
  return sum;
}
