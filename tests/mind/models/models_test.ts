/** The providers: one contract for all three, and what those with a server ask it. */

import {
  assert,
  assertEquals,
  assertGreater,
  assertInstanceOf,
  assertLess,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import type { IAgentRuntime } from "@elizaos/core";
import { ModelError } from "../../../src/mind/model_error.ts";
import { checkModel, openModel } from "../../../src/mind/models/providers.ts";
import type { AnswerReport } from "../../../src/mind/models/model.ts";
import type { ModelOptions } from "../../../src/mind/models/options.ts";
import { event } from "../../support/events.ts";
import { startMind } from "../../support/mind.ts";
import { ask, DIALECTS, failureOf, never, optionsFor, passage, requestWith } from "../../support/model_requests.ts";
import { startModelServer } from "../../support/model_server.ts";

for (const provider of ["embedded", ...DIALECTS] as const) {
  /** The provider, and its server if it has one. */
  const start = async () => {
    if (provider === "embedded") {
      return { options: { provider } as ModelOptions, [Symbol.asyncDispose]: () => Promise.resolve() };
    }
    const server = await startModelServer(provider);
    return { options: optionsFor(server) as ModelOptions, [Symbol.asyncDispose]: server.close };
  };

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
    await using mind = await startMind({ model: model.options });
    const first = await mind.reply(event("1", "What is a workerpool?", { userId: "u" }), never);
    assertStringIncludes(first.text.toLowerCase(), "workerpool");
    const second = await mind.reply(event("2", "And what does it do?", { userId: "u" }), never);
    assertGreater(second.text.length, 10);
    assertEquals(await mind.reply(event("1", "What is a workerpool?", { userId: "u" }), never), first);
  });

  Deno.test(`${provider}: an event that is called off rejects with the reason`, async () => {
    await using model = await start();
    await using mind = await startMind({ model: model.options });
    const abort = new AbortController(), reason = new Error("enough");
    abort.abort(reason);
    assertEquals(
      await mind.reply(event("1", "hm?", { userId: "u" }), abort.signal).catch((error: unknown) => error),
      reason,
    );
  });

  Deno.test(`${provider}: what it is can be checked`, async () => {
    await using model = await start();
    assertStringIncludes((await checkModel(model.options, never, { asksIt: true })).description, provider);
  });
}

for (const dialect of DIALECTS) {
  Deno.test(`${dialect}: an answer that is not wanted any more is gone at the server, and its event rejects`, async () => {
    await using server = await startModelServer(dialect);
    await using mind = await startMind({ model: optionsFor(server) });
    server.script({ stallAfter: "It is" });
    const unwanted = new AbortController(), reason = new Error("forgotten");
    const asked = mind.reply(event("1", "hm?", { userId: "u" }), never, { unwanted: () => unwanted.signal });
    await server.askedFor(1);
    unwanted.abort(reason);
    assertEquals(await asked.catch((error: unknown) => error), reason);
    await server.cancelled(1);
  });
}

for (const dialect of DIALECTS) {
  const about = (what: string) => `${dialect}: ${what}`;
  const start = () => startModelServer(dialect);

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
      const common = {
        model: "test-model",
        stream: true,
        stream_options: { include_usage: true },
        max_tokens: 200,
        messages: [],
      };
      assertEquals({ ...first, messages: [] }, { ...common, temperature: 0.25 });
      assertEquals({ ...second, messages: [] }, { ...common, temperature: 0, stop: ["END"] });
    }
  });

  Deno.test(
    about("the answer's limit leaves half of the window to the prompt, and the passages shown are told"),
    async () => {
      await using server = await start();
      const drawn: string[] = [];
      const report = ({ drawn: shown = [] }: AnswerReport) => void drawn.push(...shown.map(({ text }) => text));
      const passages = ["a short one", "x".repeat(5_000)].map(passage);
      await ask(optionsFor(server, { contextWindow: 2000 }), {
        ...requestWith({ passages, report }),
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
    server.script({ text: "It is a", finish: "length", tokens: 150 }, { text: "<think>so", finish: "length" });
    assertEquals(
      await ask(optionsFor(server), requestWith()),
      `It is a…\n\n[This answer was cut off at 150 tokens.]`,
    );
    const error = await failureOf(ask(optionsFor(server), requestWith()));
    assertEquals(error.kind, "refused");
    assertMatch(error.message, /(10|282) tokens on thinking.*MODEL_MAX_TOKENS/);
  });

  Deno.test(about("embeddings come one for each text, those of one turn in one request"), async () => {
    await using server = await start();
    const options = optionsFor(server, { embeddingModel: "test-embedding" });
    const handler = (await openModel(options)).models?.TEXT_EMBEDDING;
    assert(handler);
    const embed = (params: string | { text: string }) => handler({} as IAgentRuntime, params);
    assertEquals((await openModel(optionsFor(server))).models?.TEXT_EMBEDDING, undefined);
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
