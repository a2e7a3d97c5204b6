/**
 * The agent's own share of an answer from a model's server, beside a bare request for the same, in one run. What the
 * model takes is left out by stamps that its server makes: its timers alone differ by more than the share.
 * @module
 */

import { setTimeout as pause } from "node:timers/promises";
import { startAgent } from "../support/agent.ts";
import { serveHttp } from "../support/http_server.ts";
import { usageOf } from "./knowledge.ts";

/**
 * Milliseconds between two questions, at least: long enough that each one meets an idle agent, whose last commit for the
 * answer before (`KEPT_MS` of the database) is done.
 */
const PAUSE_MS = 900;
/** Milliseconds after which an agent that has just started has nothing left to do but to wait. */
const SETTLED_MS = 3_000;
/** Milliseconds between two pieces of the answer: a model of 100 tokens a second. */
const EVERY_MS = 10;
const PIECES = ["It", " grows", ", piece", " by", " piece", ", until", " all", " is", " told", "."];
/** The `n`th question: other words than before, so that the knowledge is searched anew. */
const questionOf = (n: number) => `What is iExec? Say it in ${n} words.`;

/** Milliseconds of one answer that are not the model's. */
export interface ModelShare {
  /** From the question to its arrival at the model's server. */
  readonly toMs: number;
  /** From the server's first piece to that piece being there; NaN where nobody asked for pieces. */
  readonly firstMs: number;
  /** From the server's last piece to the answer being there. */
  readonly fromMs: number;
}

/** When things happened at the model's server, for the last request. */
interface Stamps {
  askedMs: number;
  firstMs: number;
  lastMs: number;
}

/** What {@linkcode modelShares} finds. */
export interface ModelShares {
  /** What was not the model's, of each way: a bare request, the agent, the agent with chunks. */
  readonly ways: Readonly<Record<"bare" | "whole" | "streamed", ModelShare[]>>;
  /** Milliseconds that the disk took to keep 4 kB in a file that had them before: an answer waits for one such write. */
  readonly diskMs: readonly number[];
  /** Milliseconds that the machine took to read one byte of each of {@linkcode PAGES} pages after the same rest. */
  readonly memoryMs: readonly number[];
  /** Milliseconds of processor time that the agent took for each answer, its pieces and all that followed it included. */
  readonly processorMs: number;
}

/** Measure each way `count` times, in turn. */
export async function modelShares(count: number): Promise<ModelShares> {
  const stamps: Stamps = { askedMs: 0, firstMs: 0, lastMs: 0 };
  await using model = serveModel(stamps);
  await using source = serveQuestions();
  const env = { MODEL_PROVIDER: "openai", OPENAI_BASE_URL: model.url, OPENAI_MODEL: "test-model" };
  await using agent = await startAgent({ env: { ...env, USE_WEBSOCKET: "true", WEBSOCKET_URL: source.url } });
  using disk = openDisk(`${agent.folder}/disk`);
  const touch = pagesToTouch();
  await source.connected;
  await pause(SETTLED_MS);
  const shares = { bare: [] as ModelShare[], whole: [] as ModelShare[], streamed: [] as ModelShare[] };
  const diskMs: number[] = [], memoryMs: number[] = [], before = usageOf(agent.pid)?.ms ?? NaN;
  const measure = async (ask: () => Promise<{ firstMs: number; wholeMs: number }>): Promise<ModelShare> => {
    await pause(PAUSE_MS + 20 * Math.random());
    const sentMs = performance.now();
    const { firstMs, wholeMs } = await ask();
    return { toMs: stamps.askedMs - sentMs, firstMs: firstMs - stamps.firstMs, fromMs: wholeMs - stamps.lastMs };
  };
  for (let n = 1; n <= count; n++) {
    shares.bare.push(await measure(() => bareRequest(model.url)));
    for (const stream of [false, true]) {
      const share = await measure(() =>
        source.ask({ id: `q${n}${stream}`, question: questionOf(2 * n + Number(stream)), stream })
      );
      shares[stream ? "streamed" : "whole"].push(share);
    }
    await pause(PAUSE_MS);
    diskMs.push(disk.keep());
    await pause(PAUSE_MS);
    memoryMs.push(touch());
  }
  return { ways: shares, diskMs, memoryMs, processorMs: ((usageOf(agent.pid)?.ms ?? NaN) - before) / (2 * count) };
}

/**
 * Pages of memory that are touched after a rest: about as many as an answer touches, most of which were in no cache any
 * more where others share the machine.
 */
export const PAGES = 4_096;

/** Returns what touches them, in an order that no processor foresees, and tells how many milliseconds that took. */
function pagesToTouch(): () => number {
  const pageBytes = 4_096, memory = new Uint8Array(PAGES * pageBytes).fill(1);
  // Each page once: the step and the number of pages have no divisor in common.
  const step = 1_657;
  let touched = 0;
  return () => {
    const startedMs = performance.now();
    for (let n = 0, page = 0; n < PAGES; n++, page = (page + step) % PAGES) {
      // Another line of each: those at the same place of all pages would share a few sets of the caches.
      touched += memory[page * pageBytes + (page * 64) % pageBytes]!;
    }
    const ms = performance.now() - startedMs;
    if (touched % PAGES !== 0) throw new Error("Not each page was touched");
    return ms;
  };
}

/** A file that is written again and again; `keep` returns how many milliseconds that took until it was on disk. */
function openDisk(path: string): Disposable & { keep(): number } {
  const file = Deno.openSync(path, { write: true, createNew: true }), page = new Uint8Array(4096);
  const keep = () => {
    file.seekSync(0, Deno.SeekMode.Start);
    const startedMs = performance.now();
    file.writeSync(crypto.getRandomValues(page));
    file.syncDataSync();
    return performance.now() - startedMs;
  };
  keep();
  return { keep, [Symbol.dispose]: () => file.close() };
}

/** A model's server that writes its pieces at fixed pauses and notes when. */
function serveModel(stamps: Stamps): AsyncDisposable & { readonly url: string } {
  const event = (value: object) => new TextEncoder().encode(`data: ${JSON.stringify(value)}\n\n`);
  async function* answer() {
    for (const [index, content] of PIECES.entries()) {
      await pause(EVERY_MS);
      if (index === 0) stamps.firstMs = performance.now();
      yield event({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });
    }
    await pause(EVERY_MS);
    stamps.lastMs = performance.now();
    yield event({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] });
    yield event({ choices: [], usage: { prompt_tokens: 19, completion_tokens: PIECES.length } });
    yield new TextEncoder().encode("data: [DONE]\n\n");
  }
  const server = serveHttp({}, ({ method }) => {
    if (method === "GET") return Promise.resolve(Response.json({ object: "list", data: [{ id: "test-model" }] }));
    stamps.askedMs = performance.now();
    const headers = { "content-type": "text/event-stream" };
    return Promise.resolve(new Response(ReadableStream.from(answer()), { headers }));
  });
  return { url: `http://127.0.0.1:${server.port}/v1`, [Symbol.asyncDispose]: server.close };
}

/** A WebSocket server that looks at no more of a frame than it must: the test server does much more with each. */
function serveQuestions() {
  const connected = Promise.withResolvers<WebSocket>();
  let hear = (_type: string) => {};
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onmessage = ({ data }: MessageEvent<string>) => {
      const type = /^\{"type":"(\w+)"/.exec(data)?.[1] ?? "";
      if (type === "auth") connected.resolve(socket);
      else hear(type);
    };
    return response;
  });
  return {
    url: `ws://127.0.0.1:${server.addr.port}`,
    connected: connected.promise,
    async ask({ id, question, stream }: { id: string; question: string; stream: boolean }) {
      const answered = Promise.withResolvers<number>();
      let firstMs = NaN;
      hear = (type) => {
        if (type === "chunk" && Number.isNaN(firstMs)) firstMs = performance.now();
        if (type === "response") answered.resolve(performance.now());
      };
      (await connected.promise).send(JSON.stringify({ id, query: question, timestamp: 1, metadata: { stream } }));
      const wholeMs = await answered.promise;
      return { firstMs, wholeMs };
    },
    async [Symbol.asyncDispose]() {
      (await connected.promise).close();
      await server.shutdown();
    },
  };
}

async function bareRequest(url: string): Promise<{ firstMs: number; wholeMs: number }> {
  const response = await fetch(`${url}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      model: "test-model",
      stream: true,
      // As the agent asks: the server sends a piece more for it.
      stream_options: { include_usage: true },
      messages: [{ role: "user", content: questionOf(1) }],
    }),
  });
  let firstMs = NaN;
  const decoder = new TextDecoder();
  for await (const chunk of response.body!) {
    if (Number.isNaN(firstMs) && /"content":"[^"]/.test(decoder.decode(chunk))) firstMs = performance.now();
  }
  return { firstMs, wholeMs: performance.now() };
}
