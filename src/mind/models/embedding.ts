/** Embeddings for ElizaOS, which asks for one at a time, from servers that make many at once. @module */

import { setImmediate } from "node:timers";
import type { IAgentRuntime, TextEmbeddingParams } from "@elizaos/core";
import { ModelError } from "../model_error.ts";

/** Texts in one request: servers have limits of their own, and the answer must come within MODEL_TIMEOUT. */
const MAX_TOGETHER = 32;
/** Requests at the same time: an index of a large knowledge must not fill the server's queue. */
const MAX_UNDER_WAY = 2;

interface Asked {
  readonly text: string;
  readonly resolve: (vector: number[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A TEXT_EMBEDDING handler. Texts that are asked for in one turn of the event loop go out together.
 *
 * @param embed Makes the embeddings of some texts, in their order.
 */
export function embeddingHandler(
  embed: (texts: string[]) => Promise<number[][]>,
): (runtime: IAgentRuntime, params: TextEmbeddingParams | string | null) => Promise<number[]> {
  const waiting: Asked[] = [];
  let underWay = 0;
  const sendSome = () => {
    while (waiting.length > 0 && underWay < MAX_UNDER_WAY) void send(waiting.splice(0, MAX_TOGETHER));
  };
  const send = async (asked: readonly Asked[]) => {
    underWay++;
    try {
      const vectors = await embed(asked.map(({ text }) => text));
      const isSound = vectors.length === asked.length && vectors.every(isVector);
      if (!isSound) throw new ModelError("faulty", "The model server sent embeddings that can't be used");
      asked.forEach(({ resolve }, index) => resolve(vectors[index] ?? []));
    } catch (error) {
      asked.forEach(({ reject }) => reject(error));
    }
    underWay--;
    sendSome();
  };
  return (_runtime, params) => {
    const text = typeof params === "string" ? params : params?.text ?? "";
    // The core asks for an empty text's, to learn how long one is, and would not start without: our memory takes any.
    if (text.trim() === "") return Promise.resolve([0]);
    return new Promise((resolve, reject) => {
      if (waiting.push({ text, resolve, reject }) === 1) setImmediate(sendSome);
    });
  };
}

function isVector(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(Number.isFinite);
}
