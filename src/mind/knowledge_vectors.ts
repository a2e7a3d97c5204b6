/** Which passages mean what a question means: by embeddings, made once for each passage, kept, and compared. @module */

import { createHash } from "node:crypto";
import { backoffDelayMs, type Clock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import type { IndexedPassage } from "./knowledge_index.ts";
import type { KnowledgeStore } from "./knowledge_store.ts";

/** The passages as vectors. */
export interface Vectors {
  /**
   * Places of the passages that are nearest to `text`, nearest first. None where the model can't be asked or takes too
   * long, and none of passages whose embedding is still to be made: words find them all the same.
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

  const succeeded = () => failures = 0;
  const failed = (error: unknown) => {
    if (failures === 0) {
      log.warn("embedding model failed: passages are found by words until it works again", { error: messageOf(error) });
    }
    retryAtMs = clock.now() + backoffDelayMs(++failures, { baseMs: PAUSE_MS.first, maxMs: PAUSE_MS.most });
  };

  function load() {
    const digestOf = (passage: IndexedPassage) =>
      createHash("sha256").update(`${model}\n${textOf(passage)}`).digest("hex");
    const digests = passages.map(digestOf);
    // Equal passages share one embedding.
    const placesOf = Map.groupBy(digests.keys(), (place) => digests[place] ?? "");
    const isKept = new Set<string>();
    for (const { seq, of, vector } of store.vectors()) {
      const places = placesOf.get(of);
      if (!places || isKept.has(of)) store.forgetVector(seq);
      for (const place of places ?? []) vectors[place] = vector;
      isKept.add(of);
    }
    return [...placesOf].filter(([of]) => !isKept.has(of)).map(([of, places]) => ({ of, places }));
  }

  async function make(missing: { of: string; places: number[] }[]) {
    const count = missing.length, startedMs = clock.now();
    while (missing.length > 0) {
      const asked = missing.splice(0, TOGETHER);
      const made = await Promise.allSettled(
        asked.map(async ({ places: [place = 0] }) => unit(await embed(textOf(passages[place]!)))),
      );
      if (closing.signal.aborted) return;
      for (const [at, result] of made.entries()) {
        const { of, places } = asked[at]!;
        if (result.status === "rejected") {
          missing.push({ of, places });
          continue;
        }
        for (const place of places) vectors[place] = result.value;
        store.keepVector({ of, vector: result.value });
      }
      const rejected = made.find((result) => result.status === "rejected");
      if (!rejected) succeeded();
      else {
        failed(rejected.reason);
        await clock.sleep(retryAtMs - clock.now(), closing.signal);
      }
      if (closing.signal.aborted) return;
    }
    if (count > 0) log.info("knowledge embedded", { passages: count, ms: clock.now() - startedMs });
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

  void make(load()).catch((error) => failed(error));
  return {
    async nearest(text, limit) {
      const asked = vectors.some((vector) => vector) ? await ask(text) : undefined;
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
