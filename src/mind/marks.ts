/** The marks around passages in a prompt: the same for the same question, and not to be guessed. @module */

import { hash, randomBytes } from "node:crypto";
import type { AgentRuntime } from "@elizaos/core";
import type { Passage } from "./knowledge/search.ts";

/** Makes marks. */
export interface Marks {
  /** The mark for a question and the passages that are shown with it. */
  of(question: string, passages: readonly Passage[]): Promise<string>;
}

/** Where the key is kept in the runtime's cache, which the memory seals. */
const CACHE_KEY = "mark-key";
/** Digits of a mark. Most tokenizers take one token for each; a UUID took 34, three times in each prompt. */
const DIGITS = 8;

/**
 * Marks by a keyed hash from a key that is made once and kept with the memories: with a model at temperature 0 the same question
 * then gets the same answer, over a restart too. Whoever writes a question or a passage can't put its mark into it, for
 * the mark depends on every letter of both.
 */
export function createMarks(runtime: Pick<AgentRuntime, "getCache" | "setCache">): Marks {
  let key: Promise<string> | undefined;
  return {
    async of(question, passages) {
      const secret = await (key ??= keyOf(runtime));
      const shown = JSON.stringify([question, passages.map(({ text }) => text)]);
      // One hash is enough: it could be carried on to a longer text only by who sees all of it. `createHmac` makes a
      // stream, and takes 0.4 ms after a rest (measured).
      const digest = hash("sha256", secret + shown);
      return String(parseInt(digest.slice(0, 12), 16) % 10 ** DIGITS).padStart(DIGITS, "0");
    },
  };
}

async function keyOf(runtime: Pick<AgentRuntime, "getCache" | "setCache">): Promise<string> {
  const kept = await runtime.getCache<string>(CACHE_KEY);
  if (typeof kept === "string" && kept !== "") return kept;
  const key = randomBytes(32).toString("hex");
  await runtime.setCache(CACHE_KEY, key);
  return key;
}
