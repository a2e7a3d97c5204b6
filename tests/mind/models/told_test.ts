/** What servers tell of their models, and what is made of it before any event is asked. */

import { assertEquals, assertMatch } from "@std/assert";
import { describeModel } from "../../../src/mind/models/check.ts";
import { checkModel } from "../../../src/mind/models/providers.ts";
import { serveHttp } from "../../support/http_server.ts";
import { failureOf, never, optionsFor } from "../../support/model_requests.ts";
import { startModelServer } from "../../support/model_server.ts";

const quickly = { asksIt: false };

Deno.test("ollama: a window smaller than the one that is set is used, and said", async () => {
  await using server = await startModelServer("ollama", { show: { model_info: { "llama.context_length": 2048 } } });
  const { options, warnings } = await checkModel(optionsFor(server), never, quickly);
  assertEquals("contextWindow" in options && options.contextWindow, 2048);
  assertMatch(warnings.join(), /the server's window is 2048 tokens.*MODEL_CONTEXT_WINDOW says 4096/);
  const wide = await checkModel(optionsFor(server, { contextWindow: 1024 }), never, quickly);
  assertEquals(["contextWindow" in wide.options && wide.options.contextWindow, wide.warnings], [1024, []]);
});

Deno.test("ollama: a template that leaves the character out is said, unless a renderer stands in for it", async () => {
  const template = "{{ .Prompt }}";
  await using bare = await startModelServer("ollama", { show: { template } });
  const { warnings } = await checkModel(optionsFor(bare), never, quickly);
  assertMatch(warnings.join(), /template of test-model leaves the character out.*TEMPLATE that has "\.Messages"/);
  assertEquals((await describeModel(optionsFor(bare))).length, 2);
  await using rendered = await startModelServer("ollama", {
    show: { template, modelfile: "FROM x\nRENDERER qwen3\n" },
  });
  assertEquals((await checkModel(optionsFor(rendered), never, quickly)).warnings, []);
});

Deno.test("ollama: a model that gives no answers is refused, and one that is not made for embeddings is said", async () => {
  await using embedding = await startModelServer("ollama", { show: { capabilities: ["embedding"] } });
  const { kind, message } = await failureOf(checkModel(optionsFor(embedding), never, quickly));
  assertEquals(kind, "refused");
  assertMatch(message, /OLLAMA_MODEL=test-model gives no answers: it is a model for embedding/);
  await using answering = await startModelServer("ollama");
  const options = optionsFor(answering, { embeddingModel: "test-embedding" });
  const { warnings } = await checkModel(options, never, quickly);
  assertMatch(warnings.join(), /OLLAMA_EMBEDDING_MODEL=test-embedding is not made for embeddings/);
});

const ENTRIES: readonly [string, object][] = [
  ["llama.cpp", { owned_by: "llamacpp", meta: { n_ctx: 2048, n_ctx_train: 32768 } }],
  ["vLLM", { owned_by: "vllm", max_model_len: 2048 }],
  ["LM Studio", { loaded_context_length: 2048, max_context_length: 131072 }],
  ["Groq", { context_window: 2048 }],
  ["OpenRouter", { context_length: 2048 }],
];
for (const [who, entry] of ENTRIES) {
  Deno.test(`openai: the window in ${who}'s list is used`, async () => {
    await using server = await startModelServer("openai", { listed: entry });
    const { options } = await checkModel(optionsFor(server), never, quickly);
    assertEquals("contextWindow" in options && options.contextWindow, 2048);
  });
}

/** A llama.cpp whose list says 8,192 tokens, and that tells `props`, or does not. */
function startLlamaCpp(props: object | undefined) {
  const server = serveHttp({}, ({ path }) => {
    if (path === "/props" && props) return Promise.resolve(Response.json(props));
    if (path !== "/v1/models") return Promise.resolve(new Response(null, { status: 404 }));
    const entry = { id: "test-model", owned_by: "llamacpp", meta: { n_ctx: 8192 } };
    return Promise.resolve(Response.json({ object: "list", data: [entry] }));
  });
  return { ...server, dialect: "openai" as const, url: `http://127.0.0.1:${server.port}/v1` };
}

Deno.test("openai: what llama.cpp tells in /props goes before its list: the window of one answer, and a template", async () => {
  const found = async (props: object | undefined) => {
    await using server = startLlamaCpp(props);
    const { options, warnings } = await checkModel(optionsFor(server, { contextWindow: 65_536 }), never, quickly);
    return { window: "contextWindow" in options && options.contextWindow, said: warnings.join() };
  };
  const settings = { default_generation_settings: { n_ctx: 2048 }, total_slots: 4 };
  const split = await found({ ...settings, chat_template: "{% for message in messages %}" });
  assertEquals(split.window, 2048);
  assertMatch(split.said, /the server's window is 2048 tokens/);
  assertMatch((await found({ ...settings, chat_template: "{{ prompt }}" })).said, /template leaves the messages out/);
  for (const props of [undefined, {}, { default_generation_settings: { n_ctx: 0 }, chat_template: "" }, []]) {
    const { window, said } = await found(props);
    assertEquals([window, /template/.test(said)], [8192, false]);
  }
});

Deno.test("openai: embeddings of a server of their own are looked for there, with its key and no other", async () => {
  await using answers = await startModelServer("openai", { models: ["test-model"], key: "k1" });
  await using embeddings = await startModelServer("openai", { models: ["test-embedding"] });
  const more = { apiKey: "k1", embeddingModel: "test-embedding", embeddingUrl: new URL(embeddings.url) };
  assertEquals((await checkModel(optionsFor(answers, more), never, quickly)).warnings, []);
  await checkModel(optionsFor(answers, { ...more, embeddingApiKey: "k2" }), never, quickly);
  const keys = embeddings.requests.map(({ headers }) => headers.get("authorization"));
  assertEquals(keys, [null, "Bearer k2"]);
});

Deno.test("headers and a query of the operator's go with every request", async () => {
  for (const dialect of ["openai", "ollama"] as const) {
    await using server = await startModelServer(dialect);
    const more = { headers: { "x-tenant": "blue" }, query: "api-version=1" };
    await failureOf(checkModel(optionsFor(server, { ...more, model: "other" }), never, quickly));
    for (const { headers, path } of server.requests) {
      assertEquals([headers.get("x-tenant"), path.split("?")[1]], ["blue", "api-version=1"]);
    }
  }
});
