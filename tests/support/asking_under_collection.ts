/**
 * A program that asks a model server, and has the garbage collector run each time that a piece of the answer came. Says
 * what became of it in a line of JSON. Needs `--v8-flags=--expose-gc`.
 * @module
 */

import type { IAgentRuntime } from "@elizaos/core";
import { ModelError } from "../../src/mind/model_error.ts";
import { openModel } from "../../src/mind/models/providers.ts";

const [dialect, url, silenceMs, wholeMs, abortMs] = Deno.args;
const collect = (globalThis as { gc?: () => void }).gc;
if (!collect || !url || (dialect !== "ollama" && dialect !== "openai")) {
  throw new Error("started without what it needs");
}
const { models } = await openModel({
  provider: dialect,
  url: new URL(url),
  model: "test-model",
  maxTokens: 200,
  contextWindow: 4096,
  headers: {},
  extraBody: {},
  silenceMs: Number(silenceMs),
  wholeMs: Number(wholeMs),
});
const abort = new AbortController();
const writer = {
  write() {
    collect();
    if (abortMs !== undefined) setTimeout(() => abort.abort(new Error("called off")), Number(abortMs));
  },
  restart() {},
};
try {
  const params = { prompt: "hello?", signal: abort.signal, writer };
  const text = await models?.TEXT_LARGE?.({ character: { name: "A" } } as IAgentRuntime, params);
  console.log(JSON.stringify({ text }));
} catch (error) {
  if (!(error instanceof Error)) throw error;
  console.log(JSON.stringify({ kind: error instanceof ModelError ? error.kind : "other", message: error.message }));
}
