/** Embeddings for ElizaOS, which asks for one at a time, from servers that make many at once. @module */

import { setImmediate } from "node:timers";
import type { IAgentRuntime, TextEmbeddingParams } from "@elizaos/core";
import { ModelError } from "../model_error.ts";

/** Texts in one request: servers have limits of their own, and the answer must come within MODEL_TIMEOUT. */
const MAX_TOGETHER = 32;
/** Requests at the same time: an index of a large knowledge must not fill the server's queue. */
const MAX_UNDER_WAY = 2;
/** Texts that are tried alone after a server error that came with all of them; if none is taken, the server is down. */
const MAX_TRIED = 2;

/** Makes the embeddings of some texts, in their order. */
type Embed = (texts: string[]) => Promise<number[][]>;

interface Asked {
  readonly text: string;
  readonly resolve: (vector: number[]) => void;
  readonly reject: (error: unknown) => void;
}

/** A TEXT_EMBEDDING handler. Texts that are asked for in one turn of the event loop go out together. */
export function embeddingHandler(
  embed: Embed,
): (runtime: IAgentRuntime, params: TextEmbeddingParams | string | null) => Promise<number[]> {
  const waiting: Asked[] = [];
  let underWay = 0;
  const sendSome = () => {
    while (waiting.length > 0 && underWay < MAX_UNDER_WAY) void send(waiting.splice(0, MAX_TOGETHER));
  };
  const send = async (asked: readonly Asked[]) => {
    underWay++;
    try {
      const vectors = await embedSoundly(embed, asked.map(({ text }) => text));
      asked.forEach(({ resolve }, index) => resolve(vectors[index] ?? []));
    } catch (error) {
      if (asked.length > 1 && isOfSomeText(error)) await sendAlone(embed, asked);
      else asked.forEach(({ reject }) => reject(error));
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

/** Whether one text may have caused an error: it is too long, or the server failed over it. */
function isOfSomeText(error: unknown): boolean {
  if (!(error instanceof ModelError)) return false;
  const { tooLarge, status } = error.details;
  return tooLarge !== undefined || status === 400 || status === 500;
}

/** Each text by itself, so that one that the model does not take fails alone. */
async function sendAlone(embed: Embed, asked: readonly Asked[]): Promise<void> {
  const failed: { readonly one: Asked; readonly error: unknown }[] = [];
  let made = 0;
  for (const one of asked) {
    if (made === 0 && failed.length >= MAX_TRIED) {
      failed.push({ one, error: failed[0]?.error });
      continue;
    }
    try {
      const [vector = []] = await embedSoundly(embed, [one.text]);
      made++;
      one.resolve(vector);
    } catch (error) {
      failed.push({ one, error });
    }
  }
  for (const { one, error } of failed) one.reject(made > 0 ? refusalOf(error) : error);
}

/** A server that takes other texts refuses this one, whatever it calls that. */
function refusalOf(error: unknown): unknown {
  if (!(error instanceof ModelError) || error.details.status === undefined) return error;
  return new ModelError("refused", error.message, { cause: error, details: error.details });
}

async function embedSoundly(embed: Embed, texts: string[]): Promise<number[][]> {
  const vectors = await embed(texts);
  const isSound = vectors.length === texts.length && vectors.every(isVector);
  if (!isSound) throw new ModelError("faulty", "The model server sent embeddings that can't be used");
  return vectors;
}

function isVector(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(Number.isFinite);
}
