/** The agent's own share of an answer from a model's server: beside a bare request for the same, in one run. @module */

import { setTimeout as pause } from "node:timers/promises";
import { startAgent } from "../support/agent.ts";
import { startModelServer } from "../support/model_server.ts";
import { startServer } from "../support/server.ts";

/** Milliseconds between two questions: long enough that each one meets an idle agent. */
const PAUSE_MS = 50;
/** Milliseconds between two pieces of the answer: a model of 100 tokens a second. */
const EVERY_MS = 10;
const ANSWER = { text: "It grows, piece by piece, until all is told.", everyMs: EVERY_MS };

/** Milliseconds from the question to the first piece and to the end of the answer. */
export interface ModelLatency {
  readonly firstMs: number;
  readonly wholeMs: number;
}

/** What each way took, `count` times in turn: a bare request, the agent, the agent with chunks. */
export async function modelLatencies(count: number) {
  await using model = await startModelServer("openai");
  await using server = await startServer({ events: [] });
  const env = { MODEL_PROVIDER: "openai", OPENAI_BASE_URL: model.url, OPENAI_MODEL: "test-model" };
  await using _agent = await startAgent({ env: { ...env, USE_WEBSOCKET: "true", WEBSOCKET_URL: server.url } });
  await server.authenticated(1);
  model.otherwise(ANSWER);
  const latencies = { bare: [] as ModelLatency[], whole: [] as ModelLatency[], streamed: [] as ModelLatency[] };
  for (let n = 1; n <= count; n++) {
    await pause(PAUSE_MS);
    latencies.bare.push(await bareRequest(model.url));
    for (const stream of [false, true]) {
      await pause(PAUSE_MS);
      const id = `q${n}${stream}`, sentMs = performance.now();
      server.send({ id, query: "What is iExec?", timestamp: 1, metadata: { stream } });
      const first = stream ? untilChunk(server, id) : Promise.resolve(NaN);
      await server.responses(2 * n - (stream ? 0 : 1));
      const wholeMs = performance.now() - sentMs;
      latencies[stream ? "streamed" : "whole"].push({ firstMs: await first - sentMs, wholeMs });
    }
  }
  return latencies;
}

/** When the first chunk of an event came; as exact as a turn of the event loop. */
async function untilChunk(
  { frames }: { readonly frames: readonly (readonly unknown[])[] },
  id: string,
): Promise<number> {
  const isFirst = (frame: unknown) => {
    const { type, queryId } = Object(frame);
    return type === "chunk" && queryId === id;
  };
  while (!frames.flat().some(isFirst)) await pause(0);
  return performance.now();
}

async function bareRequest(url: string): Promise<ModelLatency> {
  const sentMs = performance.now();
  const response = await fetch(`${url}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      model: "test-model",
      stream: true,
      // As the agent asks: the server sends a piece more for it.
      stream_options: { include_usage: true },
      messages: [{ role: "user", content: "What is iExec?" }],
    }),
  });
  let firstMs = NaN;
  const decoder = new TextDecoder();
  for await (const chunk of response.body!) {
    if (Number.isNaN(firstMs) && /"content":"[^"]/.test(decoder.decode(chunk))) firstMs = performance.now() - sentMs;
  }
  return { firstMs, wholeMs: performance.now() - sentMs };
}
