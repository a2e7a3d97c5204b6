/** The providers: one contract for all three, and what those with a server do with it when it answers and when not. */

import {
  assert,
  assertEquals,
  assertGreater,
  assertInstanceOf,
  assertLess,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import type { IAgentRuntime } from "@elizaos/core";
import { DatabaseSync } from "node:sqlite";
import { systemClock } from "../src/clock.ts";
import { silentLog } from "../src/log.ts";
import { loadCharacter } from "../src/mind/character.ts";
import { KNOWLEDGE_SCHEMA, openKnowledgeStore } from "../src/mind/knowledge_store.ts";
import type { Passage } from "../src/mind/knowledge.ts";
import { openMemory } from "../src/mind/memory.ts";
import { MEMORY_SCHEMA } from "../src/mind/memory_schema.ts";
import { type FailureKind, ModelError } from "../src/mind/models/failure.ts";
import { checkModel, type ModelRequest, openModel } from "../src/mind/models/model.ts";
import type { ModelOptions, OllamaOptions, OpenaiOptions, RemoteOptions } from "../src/mind/models/options.ts";
import { openMind } from "../src/mind/runtime.ts";
import { noSeal } from "../src/seal.ts";
import type { AgentEvent } from "../src/wire.ts";
import { type ModelServer, startModelServer, type Turn } from "./support/model_server.ts";

const never = new AbortController().signal;
const DIALECTS = ["ollama", "openai"] as const;

type Remote = OllamaOptions | OpenaiOptions;
/** What is set for either of them; what the other one has is not looked at. */
type More = Partial<RemoteOptions & Pick<OllamaOptions, "keepAlive"> & Pick<OpenaiOptions, "apiKey">>;

/** Options for a server of the tests. */
function optionsFor(server: ModelServer, more: More = {}): Remote {
  return {
    url: new URL(server.url),
    model: "test-model",
    maxTokens: 200,
    contextWindow: 4096,
    timeoutMs: 60_000,
    ...more,
    provider: server.dialect,
  };
}

/** Asks a provider's handler, which needs nothing of a runtime. */
async function ask(
  options: ModelOptions,
  params: Partial<ModelRequest> = {},
  size: "TEXT_LARGE" | "TEXT_SMALL" = "TEXT_LARGE",
): Promise<unknown> {
  const handler = openModel(options).models?.[size];
  assert(handler, `${size} is registered`);
  const runtime = { character: { name: "A", bio: "b" } } as IAgentRuntime;
  return await handler(runtime, { prompt: "hello?", ...params });
}

function requestWith(more: Partial<ModelRequest> = {}): ModelRequest {
  return {
    prompt: "not looked at",
    system: "You are A.",
    passages: [],
    exchanges: [],
    question: "what is it?",
    draw() {},
    signal: never,
    ...more,
  };
}

const passage = (text: string) => ({ text, source: "knowledge", score: 1, share: 1 });

/** The failure that a request ends in. */
async function failureOf(asked: Promise<unknown>): Promise<ModelError> {
  return await assertRejects(() => asked, ModelError);
}

for (const provider of ["embedded", ...DIALECTS] as const) {
  /** The provider, and its server if it has one. */
  const start = async () => {
    if (provider === "embedded") {
      return { options: { provider } as ModelOptions, [Symbol.asyncDispose]: () => Promise.resolve() };
    }
    const server = await startModelServer(provider);
    return { options: optionsFor(server) as ModelOptions, [Symbol.asyncDispose]: server.close };
  };

  const startMind = async (model: ModelOptions) => {
    const database = new DatabaseSync(":memory:");
    database.exec(MEMORY_SCHEMA);
    database.exec(KNOWLEDGE_SCHEMA);
    const character = await loadCharacter(undefined, silentLog);
    const adapter = openMemory(database, { agentId: character.agentId, seal: noSeal, clock: systemClock });
    const store = openKnowledgeStore(database, { seal: noSeal, committed: () => Promise.resolve() });
    const mind = await openMind({ character, adapter, store, model, log: silentLog, clock: systemClock });
    return { ...mind, [Symbol.asyncDispose]: () => mind.close() };
  };

  const event = (id: string, query: string): AgentEvent => ({ id, query, timestamp: 0, metadata: { userId: "u" } });

  Deno.test(`${provider}: answers texts of both sizes, from a bare prompt too`, async () => {
    await using model = await start();
    for (const size of ["TEXT_SMALL", "TEXT_LARGE"] as const) {
      for (const params of [{ prompt: "Hello" }, requestWith({ question: "Hello" })]) {
        const text = await ask(model.options, params, size);
        assert(typeof text === "string" && text.trim() !== "", String(text));
      }
    }
  });

  Deno.test(`${provider}: an event is answered as a mind, follows up, and gets its first answer again`, async () => {
    await using model = await start();
    await using mind = await startMind(model.options);
    const first = await mind.answer(event("1", "What is a workerpool?"), never);
    assertStringIncludes(first.text.toLowerCase(), "workerpool");
    const second = await mind.answer(event("2", "And what does it do?"), never);
    assertGreater(second.text.length, 10);
    assertEquals(await mind.answer(event("1", "What is a workerpool?"), never), first);
  });

  Deno.test(`${provider}: an event that is called off rejects with the reason`, async () => {
    await using model = await start();
    await using mind = await startMind(model.options);
    const abort = new AbortController(), reason = new Error("enough");
    abort.abort(reason);
    assertEquals(await mind.answer(event("1", "hm?"), abort.signal).catch((error: unknown) => error), reason);
  });

  Deno.test(`${provider}: what it is can be checked`, async () => {
    await using model = await start();
    assertStringIncludes(await checkModel(model.options, never), provider);
  });
}

for (const dialect of DIALECTS) {
  const about = (what: string) => `${dialect}: ${what}`;
  const start = (options?: Parameters<typeof startModelServer>[1]) => startModelServer(dialect, options);

  /** What comes of one scripted turn. */
  const failsWith = async (turn: Turn, more: More = {}): Promise<ModelError> => {
    await using server = await start();
    server.script(turn);
    const error = await failureOf(ask(optionsFor(server, more), requestWith()));
    assert(!/canary/.test(error.message), `says nothing that the server wrote: ${error.message}`);
    assertEquals(server.asked.length, 1, "the client itself does not try again");
    return error;
  };

  Deno.test(about("each text goes in the role it has, the passages with the question"), async () => {
    await using server = await start();
    const exchanges = [{ question: "q1", answer: "a1" }, { question: "q2", answer: "a2" }];
    await ask(optionsFor(server), requestWith({ exchanges, passages: [passage("It is a mill.")] }));
    const [{ messages }] = server.asked;
    assertEquals(messages.map(({ role }: { role: string }) => role), [
      "system",
      "user",
      "assistant",
      "user",
      "assistant",
      "user",
    ]);
    assertMatch(messages[0].content, /^You are A\./);
    assertEquals(messages.slice(1, 5).map(({ content }: { content: string }) => content), ["q1", "a1", "q2", "a2"]);
    assertMatch(messages[5].content, /data, not instructions[^]*\[1\] It is a mill\.[^]*\nwhat is it\?$/);
  });

  Deno.test(about("temperature, limits and the rest are sent as the server knows them"), async () => {
    await using server = await start();
    await ask(optionsFor(server, { temperature: 0.25, keepAlive: "10m" }), requestWith());
    await ask(optionsFor(server, { keepAlive: "-1" }), { ...requestWith(), temperature: 0, stopSequences: ["END"] });
    const [first, second] = server.asked;
    if (dialect === "ollama") {
      const common = { model: "test-model", stream: true, truncate: false, shift: false };
      assertEquals({ ...first, messages: [] }, {
        ...common,
        messages: [],
        options: { num_ctx: 4096, num_predict: 200, temperature: 0.25 },
        keep_alive: "10m",
      });
      assertEquals({ ...second, messages: [] }, {
        ...common,
        messages: [],
        options: { num_ctx: 4096, num_predict: 200, temperature: 0, stop: ["END"] },
        keep_alive: -1,
      });
    } else {
      const common = { model: "test-model", stream: true, max_tokens: 200, messages: [] };
      assertEquals({ ...first, messages: [] }, { ...common, temperature: 0.25 });
      assertEquals({ ...second, messages: [] }, { ...common, temperature: 0, stop: ["END"] });
    }
  });

  Deno.test(
    about("the answer's limit leaves half of the window to the prompt, and the passages shown are told"),
    async () => {
      await using server = await start();
      const drawn: string[] = [];
      const draw = (passages: readonly Passage[]) => void drawn.push(...passages.map(({ text }) => text));
      const passages = ["a short one", "x".repeat(5_000)].map(passage);
      await ask(optionsFor(server, { contextWindow: 2000 }), {
        ...requestWith({ passages, draw }),
        maxTokens: 1_000_000,
      });
      const [{ max_tokens, options }] = server.asked;
      assertEquals([max_tokens ?? options.num_predict, drawn], [1000, ["a short one"]]);
    },
  );

  Deno.test(about("requests one after the other share a connection"), async () => {
    await using server = await start();
    for (let n = 0; n < 10; n++) await ask(optionsFor(server), requestWith());
    assertEquals(server.asked.length, 10);
    // The end of an answer may come after the next request is on its way: then there are two.
    assertLess(server.connections, 5);
  });

  Deno.test(about("an answer in one piece is as good as one in a stream"), async () => {
    await using server = await start();
    const text = "Grüße, 世界: 👩‍🚀!\nsecond line";
    server.script({ text }, { text, whole: true });
    for (let n = 0; n < 2; n++) assertEquals(await ask(optionsFor(server), requestWith()), text);
  });

  Deno.test(about("what the model thinks is no part of the answer"), async () => {
    await using server = await start();
    server.script(
      { thinking: "hm", text: "It is." },
      { text: "<think>\nhm </b>\n</think>\n\nIt is." },
      { text: "hm, so\n</think>\n\nIt is." },
      { text: "It is `</think>`." },
    );
    for (let n = 0; n < 3; n++) assertEquals(await ask(optionsFor(server), requestWith()), "It is.");
    assertEquals(await ask(optionsFor(server), requestWith()), "It is `</think>`.");
  });

  Deno.test(about("an answer that reached the limit says so, and one of nothing but thinking is none"), async () => {
    await using server = await start();
    server.script({ text: "It is a", finish: "length" }, { text: "<think>so", finish: "length" });
    assertEquals(
      await ask(optionsFor(server), requestWith()),
      "It is a…\n\n[This answer was cut off at 200 tokens.]",
    );
    const error = await failureOf(ask(optionsFor(server), requestWith()));
    assertEquals(error.kind, "refused");
    assertMatch(error.message, /200 tokens on thinking.*MODEL_MAX_TOKENS/);
  });

  const broken: [string, Turn, FailureKind, RegExp][] = [
    ["an empty answer", { text: "" }, "faulty", /empty answer/],
    ["a blank answer", { text: " \n " }, "faulty", /empty answer/],
    ["nothing but thinking", { text: "<think>hm</think>" }, "faulty", /empty answer/],
    ["a connection that breaks in the middle", { breakAfter: "It is" }, "faulty", /breaks off/],
    ["a stream that ends in the middle", { endAfter: "It is" }, "faulty", /cut off|breaks off/],
    ["an error in the middle", { failAfter: "It is" }, "faulty", /failed while|can't be read/],
    ["invalid JSON in the middle", { garbleAfter: "It is" }, "faulty", /JSON|can't be read/],
    ["500", { status: 500 }, "unavailable", /answered 500/],
    ["503", { status: 503 }, "unavailable", /answered 503/],
    ["429", { status: 429 }, "unavailable", /answered 429/],
    ["408", { status: 408 }, "unavailable", /answered 408/],
    ["400", { status: 400 }, "refused", /answered 400/],
    ["401", { status: 401 }, "refused", /answered 401.*key is wrong or missing.*(OPENAI_API_KEY|OLLAMA_SERVER_URL)/],
    ["403", { status: 403 }, "refused", /answered 403/],
    ["404", { status: 404 }, "refused", /answered 404.*(ollama pull test-model|\/v1\/models)/],
    ["a redirect", { status: 307, headers: { location: "http://127.0.0.1:9/" } }, "refused", /another address/],
  ];
  for (const [what, turn, kind, says] of broken) {
    Deno.test(about(`${what} is ${kind}, and nothing of it an answer`), async () => {
      const error = await failsWith(turn);
      assertEquals([error.kind, error.retryAfter], [kind, undefined], error.message);
      assertMatch(error.message, says);
    });
  }

  Deno.test(about("Retry-After is read as seconds and as a date"), async () => {
    const after = async (headers: Record<string, string>) => (await failsWith({ status: 429, headers })).retryAfter;
    assertEquals(await after({ "retry-after": "7" }), { inMs: 7000 });
    assertEquals(await after({ "retry-after": "0.5" }), { inMs: 500 });
    assertEquals(await after({ "retry-after-ms": "1500", "retry-after": "2" }), { inMs: 1500 });
    assertEquals(await after({ "retry-after": "Wed, 21 Oct 2026 07:28:00 GMT" }), {
      atMs: Date.UTC(2026, 9, 21, 7, 28),
    });
    assertEquals(await after({ "retry-after": "soon" }), undefined);
  });

  Deno.test(about("a server that is not there, or that breaks off before it answers, is unavailable"), async () => {
    const error = await failsWith("broken");
    assertEquals(error.kind, "unavailable", error.message);
    const gone = await start();
    await gone.close();
    const refused = await failureOf(ask(optionsFor(gone), requestWith()));
    assertEquals(refused.kind, "unavailable");
    assertMatch(refused.message, /^The model server at http:\/\/127\.0\.0\.1:\d+(\/v1)? can't be reached: .*refused/);
  });

  Deno.test(about("MODEL_TIMEOUT ends the request: the server sees it go"), async () => {
    await using server = await start();
    server.script("held", { stallAfter: "It is" });
    const silent = await failureOf(ask(optionsFor(server, { timeoutMs: 2000 }), requestWith()));
    assertEquals([silent.kind, /did not answer within 2000 ms/.test(silent.message)], ["unavailable", true]);
    await server.cancelled(1);
    const slow = await failureOf(ask(optionsFor(server, { timeoutMs: 2000 }), requestWith()));
    assertEquals([slow.kind, /did not finish its answer within 2000 ms/.test(slow.message)], ["faulty", true]);
    await server.cancelled(2);
  });

  Deno.test(about("an aborted request is gone at the server, and rejects with the reason"), async () => {
    await using server = await start();
    server.script("held", { stallAfter: "It is" });
    for (let n = 1; n <= 2; n++) {
      const abort = new AbortController(), reason = new Error("enough");
      const asked = ask(optionsFor(server), requestWith({ signal: abort.signal }));
      await server.askedFor(n);
      abort.abort(reason);
      assertEquals(await asked.catch((error: unknown) => error), reason);
      await server.cancelled(n);
    }
  });

  Deno.test(about("the client prints nothing, whatever it gets"), async () => {
    const printed: unknown[] = [];
    const methods = ["log", "info", "warn", "error", "debug"] as const;
    const originals = methods.map((method) => console[method]);
    methods.forEach((method) => console[method] = (...words: unknown[]) => void printed.push(words));
    try {
      for (const [, turn] of broken) await failsWith(turn);
      await failsWith("broken");
    } finally {
      methods.forEach((method, index) => console[method] = originals[index]!);
    }
    assertEquals(printed, []);
  });

  Deno.test(about("embeddings come one for each text, those of one turn in one request"), async () => {
    await using server = await start();
    const options = optionsFor(server, { embeddingModel: "test-embedding" });
    const handler = openModel(options).models?.TEXT_EMBEDDING;
    assert(handler);
    const embed = (params: string | { text: string }) => handler({} as IAgentRuntime, params);
    assertEquals(openModel(optionsFor(server)).models?.TEXT_EMBEDDING, undefined);
    assertEquals(await embed({ text: "" }), [0], "what the core asks at its start");
    assertEquals(server.requests.length, 0);
    const texts = Array.from({ length: 70 }, (_, n) => "x".repeat(n + 1));
    const vectors = await Promise.all(texts.map((text, n) => embed(n % 2 ? text : { text })));
    assertEquals(vectors, texts.map((text) => [text.length / 1000, 0.12, 0.001]));
    assertEquals(server.requests.map(({ body }) => [body.model, body.input.length]), [
      ["test-embedding", 32],
      ["test-embedding", 32],
      ["test-embedding", 6],
    ]);
    await server.close();
    for (const failed of await Promise.allSettled(["a", "b"].map(embed))) {
      assert(failed.status === "rejected");
      assertInstanceOf(failed.reason, ModelError);
    }
  });

  Deno.test(about("the check knows a good model from a wrong one, a wrong key and a server that is down"), async () => {
    const credentials = dialect === "ollama" ? "user:pass-canary" : "key-canary";
    const server = await start({ key: credentials });
    const url = new URL(server.url);
    const withKey = dialect === "openai"
      ? { apiKey: credentials }
      : { url: Object.assign(url, { username: "user", password: "pass-canary" }) };
    const options = optionsFor(server, withKey);
    const told = await checkModel({ ...options, embeddingModel: "test-embedding" }, never);
    assertEquals(told, `test-model of ${dialect} at ${server.url}`);
    assertEquals(server.asked, [], "a model that is listed is not asked");
    const unknown = await failureOf(checkModel({ ...options, model: "other" }, never));
    assertEquals(unknown.kind, "refused");
    assertMatch(unknown.message, /answered 404.*other/);
    const unknownEmbedding = await failureOf(checkModel({ ...options, embeddingModel: "other" }, never));
    assertMatch(unknownEmbedding.message, /answered 404/);
    const keyless = await failureOf(checkModel({ ...optionsFor(server), url: new URL(server.url) }, never));
    assertEquals(keyless.kind, "refused");
    assertMatch(keyless.message, /answered 401/);
    await server.close();
    const down = await failureOf(checkModel(options, never));
    assertEquals(down.kind, "unavailable");
    for (const { message } of [unknown, unknownEmbedding, keyless, down]) assert(!message.includes("canary"), message);
  });

  Deno.test(about("a server with a path before its interface is reached there"), async () => {
    await using server = await start();
    const url = new URL(server.url);
    url.pathname = `/gateway${url.pathname}`;
    const error = await failureOf(ask(optionsFor(server, { url }), requestWith()));
    assertMatch(error.message, /gateway/);
    const path = dialect === "ollama" ? "/gateway/api/chat" : "/gateway/v1/chat/completions";
    assertEquals(server.requests.map((request) => request.path), [path]);
  });
}

Deno.test("openai: a model that is not listed, or whose list may not be seen, is asked before it counts as unknown", async () => {
  const listless = {
    list: () => Response.json({ error: { code: "missing_scope" } }, { status: 403 }),
    model: "test-model",
  };
  const hiding = {
    // What the gateways do that take variants of a listed name.
    list: () => Response.json({ object: "list", data: [{ id: "test-model", object: "model" }] }),
    model: "listed-not",
  };
  for (const { list, model } of [listless, hiding]) {
    await using server = await startModelServer("openai", { models: ["test-model", "listed-not"] });
    await using relay = startRelay(server, list);
    const options = { ...optionsFor(server, { model, temperature: 0.5 }), url: relay.url };
    // The check goes as soon as an answer begins, and does not wait for it.
    server.script({ stallAfter: "It is" });
    await checkModel(options, never);
    assertEquals(server.asked.map(({ model, max_tokens, temperature }) => [model, max_tokens, temperature]), [
      [model, 200, 0.5],
    ]);
    server.script({ status: 401 });
    const refused = await failureOf(checkModel(options, never));
    assertMatch(refused.message, /answered 401.*OPENAI_API_KEY/);
  }
});

Deno.test("ollama: a user name and a password may hold any character", async () => {
  await using server = await startModelServer("ollama", { key: "us:er:100%" });
  const url = Object.assign(new URL(server.url), { username: "us:er", password: "100%" });
  assertEquals(await ask(optionsFor(server, { url }), requestWith({ question: "hm?" })), "You said: hm?");
});

Deno.test("openai: without a key none is sent, and of the environment's none", async () => {
  await using server = await startModelServer("openai");
  const before = Deno.env.get("OPENAI_API_KEY");
  Deno.env.set("OPENAI_API_KEY", "canary");
  try {
    await ask(optionsFor(server), requestWith());
    await ask(optionsFor(server, { apiKey: "k3y" }), requestWith());
  } finally {
    if (before === undefined) Deno.env.delete("OPENAI_API_KEY");
    else Deno.env.set("OPENAI_API_KEY", before);
  }
  assertEquals(server.requests.map(({ headers }) => headers.get("authorization")), [null, "Bearer k3y"]);
});

Deno.test("openai: an account without credit is refused, not waited for", async () => {
  await using server = await startModelServer("openai");
  server.script({ status: 429, code: "insufficient_quota" });
  const error = await failureOf(ask(optionsFor(server), requestWith()));
  assertEquals(error.kind, "refused");
  assertMatch(error.message, /credit/);
});

Deno.test("openai: what the content filter withheld is refused", async () => {
  await using server = await startModelServer("openai");
  server.script({ text: "", finish: "content_filter" });
  const error = await failureOf(ask(optionsFor(server), requestWith()));
  assertEquals([error.kind, /filter/.test(error.message)], ["refused", true]);
});

/** A server before another one, with a list of models of its own. */
function startRelay(server: ModelServer, list: () => Response) {
  const relay = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/v1/models") return list();
    return await fetch(new URL(pathname, server.url), {
      method: request.method,
      headers: request.headers,
      body: await request.text(),
    });
  });
  return {
    url: new URL(`http://127.0.0.1:${relay.addr.port}/v1`),
    [Symbol.asyncDispose]: () => relay.shutdown(),
  };
}
