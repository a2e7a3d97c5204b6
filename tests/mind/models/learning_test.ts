/** What a server refuses is not sent twice, and what it can't bear at once is asked one after the other. */

import { assert, assertEquals, assertLess, assertMatch, assertRejects } from "@std/assert";
import { ModelError } from "../../../src/mind/model_error.ts";
import { createCrowd } from "../../../src/mind/models/crowd.ts";
import { createLearner, type Known, type Sent } from "../../../src/mind/models/learning.ts";
import type { ModelRequest } from "../../../src/mind/models/model.ts";
import { openModel } from "../../../src/mind/models/providers.ts";
import { failureOf, optionsFor, passage, requestWith } from "../../support/model_requests.ts";
import { type Dialect, type ModelServer, startModelServer } from "../../support/model_server.ts";

/** Asks one and the same provider, which remembers. */
async function startAsking(dialect: Dialect, more: Parameters<typeof optionsFor>[1] = {}) {
  const server = await startModelServer(dialect);
  const handler = (await openModel(optionsFor(server, more))).models?.TEXT_LARGE;
  assert(handler);
  return {
    server,
    ask: (request: Partial<ModelRequest> = {}) =>
      handler({ character: { name: "A" } } as Parameters<typeof handler>[0], requestWith(request)),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** A server's refusal of a field, in its words. */
const refusal = (error: object) => ({ status: 400, error });
const namesOf = (server: ModelServer) => server.asked.map((body) => Object.keys(body).toSorted());

Deno.test("a limit under its old name that is refused goes under the new one, from then on", async () => {
  await using model = await startAsking("openai");
  model.server.script(refusal({
    message:
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
    param: "max_tokens",
    code: "unsupported_parameter",
  }));
  for (let n = 0; n < 2; n++) await model.ask();
  const limits = model.server.asked.map(({ max_tokens, max_completion_tokens }) => [max_tokens, max_completion_tokens]);
  assertEquals(limits, [[200, undefined], [undefined, 200], [undefined, 200]]);
});

const REFUSED: readonly [string, object, string][] = [
  ["OpenAI's o-series", {
    message:
      "Unsupported value: 'temperature' does not support 0.5 with this model. Only the default (1) value is supported.",
    param: "temperature",
    code: "unsupported_value",
  }, "temperature"],
  ["a gateway", { message: "Unrecognized request argument supplied: seed" }, "seed"],
  ["Mistral", {
    detail: [{ type: "extra_forbidden", loc: ["body", "stream_options"], msg: "Extra inputs are not permitted" }],
  }, "stream_options"],
  ["another gateway", { message: "reasoning_effort is not supported for this model" }, "reasoning_effort"],
];
for (const [who, error, field] of REFUSED) {
  Deno.test(`${who}: ${field} is left out once it was refused`, async () => {
    await using model = await startAsking("openai", { temperature: 0.5, seed: 7, reasoning: "low" });
    model.server.script(refusal(error));
    for (let n = 0; n < 2; n++) await model.ask();
    assertEquals(namesOf(model.server).map((names) => names.includes(field)), [true, false, false]);
    assertEquals(model.server.asked.at(-1).max_tokens, 200, "the rest stays");
  });
}

Deno.test("a model without a system role gets the character's text before the first question", async () => {
  await using model = await startAsking("openai");
  model.server.script(refusal({ message: "System role not supported" }));
  const exchanges = [{ question: "q1", answer: "a1" }];
  for (let n = 0; n < 2; n++) await model.ask({ exchanges });
  for (const { messages } of model.server.asked.slice(1)) {
    assertEquals(messages.map(({ role }: { role: string }) => role), ["user", "assistant", "user"]);
    assertMatch(messages[0].content, /^You are A\.[^]*\n\nq1$/);
  }
});

Deno.test("ollama: a model that can't think is not told to", async () => {
  await using model = await startAsking("ollama", { reasoning: "low" });
  model.server.script({ status: 400, error: '"test-model" does not support thinking' });
  for (let n = 0; n < 2; n++) await model.ask();
  assertEquals(model.server.asked.map(({ think }) => think), [true, undefined, undefined]);
});

Deno.test("nothing is learnt of an error that another try does not get past, nor of a question that it quotes", async () => {
  await using model = await startAsking("openai", { temperature: 0.5 });
  const error = { message: "Invalid: 'temperature'" };
  model.server.script(refusal(error), { status: 401 });
  assertMatch((await failureOf(Promise.resolve(model.ask()))).message, /401/);
  await model.ask();
  assertEquals(model.server.asked.map(({ temperature }) => temperature), [0.5, undefined, 0.5]);
  model.server.script(refusal({ message: "bad request: What is the temperature of the sea?" }));
  await failureOf(Promise.resolve(model.ask()));
  await model.ask();
  assertEquals(model.server.asked.at(-1).temperature, 0.5);
});

Deno.test("what the operator adds himself is sent as it is, and its refusal told", async () => {
  await using model = await startAsking("openai", { extraBody: { top_k: 5, temperature: 1 }, temperature: 0.5 });
  model.server.script(refusal({ message: "no", param: "temperature" }));
  assertEquals((await failureOf(Promise.resolve(model.ask()))).kind, "refused");
  const [{ top_k, temperature }] = model.server.asked;
  assertEquals([top_k, temperature], [5, 1]);
});

Deno.test("a prompt that is too large is asked again with fewer passages, by the numbers that the server tells", async () => {
  await using model = await startAsking("openai", { contextWindow: 8192 });
  const drawn: number[] = [];
  const passages = Array.from({ length: 5 }, (_, n) => passage(`passage ${n} ${"word ".repeat(150)}`));
  const error = { code: 400, type: "exceed_context_size_error", n_ctx: 1024, n_prompt_tokens: 1500 };
  model.server.script(refusal(error));
  const ask = () => model.ask({ passages, report: ({ drawn: shown = [] }) => void drawn.push(shown.length) });
  await ask();
  const [first, second] = model.server.asked.map(({ messages }) => messages.at(-1).content.length);
  assertLess(second, first);
  assertLess(drawn[0]!, 5);
  await ask();
  assertEquals(model.server.asked.length, 3, "the window is remembered");
  assertEquals(drawn[1]! > 0, true);
});

Deno.test("a server that names its limits' fields with the size of a prompt gets a smaller one, with the same limit", async () => {
  await using model = await startAsking("openai", { contextWindow: 8192 });
  const passages = Array.from({ length: 5 }, (_, n) => passage(`passage ${n} ${"word ".repeat(150)}`));
  // vLLM's own words.
  const message = (limit: number) =>
    `'max_tokens' or 'max_completion_tokens' is too large: ${limit}. This model's maximum context length is 1024 tokens and your request has 1500 input tokens (${limit} > 1024 - 1500).`;
  model.server.script(refusal({ object: "error", message: message(200), type: "BadRequestError", code: 400 }));
  await model.ask({ passages });
  const [first, second] = model.server.asked;
  assertLess(second.messages.at(-1).content.length, first.messages.at(-1).content.length);
  assertEquals([first.max_tokens, second.max_tokens], [200, 200]);
});

Deno.test("a limit of the answer that leaves no room for the question is lowered to the window that the server tells", async () => {
  await using model = await startAsking("openai", { contextWindow: 8192, maxTokens: 4000 });
  const message =
    "This model's maximum context length is 2048 tokens. However, you requested 4020 tokens (20 in the messages, 4000 in the completion).";
  model.server.script(refusal({ message, type: "invalid_request_error", code: 400 }));
  for (let n = 0; n < 2; n++) await model.ask();
  assertEquals(model.server.asked.map(({ max_tokens }) => max_tokens), [4000, 1024, 1024]);
});

Deno.test("ollama: what the operator adds to its options stands beside the limits that are set", async () => {
  await using model = await startAsking("ollama", { extraBody: { options: { top_p: 0.9 } }, seed: 7 });
  await model.ask();
  const { num_predict, seed, top_p } = model.server.asked[0].options;
  assertEquals([num_predict, seed, top_p], [200, 7, 0.9]);
});

Deno.test("a learner gives up where nothing changes", async () => {
  const learner = createLearner();
  let asked = 0;
  const error = new ModelError("refused", "no", { details: { tooLarge: {} } });
  const ask = (_known: Known, sent: (request: Sent) => void) => {
    sent({ fields: new Set(), tokens: 10, maxTokens: 10 });
    asked++;
    return Promise.reject(error);
  };
  assertEquals(await assertRejects(() => learner.ask(ask)), error);
  assertEquals(asked, 1);
});

const OUTGROWN = { code: 500, message: "Context size has been exceeded.", type: "server_error" };

Deno.test("answers that have outgrown a shared window together are asked again fewer at a time", async () => {
  await using model = await startAsking("openai");
  const { server } = model;
  server.otherwise("held");
  const answers = Array.from({ length: 4 }, (_, n) => Promise.resolve(model.ask({ question: `q${n}?` })));
  await server.askedFor(4);
  server.otherwise({ text: "fine" });
  server.script({ failWith: OUTGROWN });
  server.releaseInto({ failWith: OUTGROWN });
  assertEquals(await Promise.all(answers), ["fine", "fine", "fine", "fine"]);
});

Deno.test("an answer that outgrows the window alone is an error that says so", async () => {
  await using model = await startAsking("openai");
  model.server.otherwise({ failWith: OUTGROWN });
  const { kind, message } = await failureOf(Promise.resolve(model.ask()));
  assertEquals(kind, "faulty");
  assertMatch(message, /500, server_error: .*outgrown the window that they share.*AGENT_CONCURRENCY/);
  assertEquals(model.server.asked.length, 1);
});

Deno.test("a crowd that collided lets half through, then one, and more again after a calm", async () => {
  const crowd = createCrowd();
  let running = 0, most = 0;
  const run = (outgrows: () => boolean) =>
    crowd.run(async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve));
      running--;
      if (outgrows()) throw new ModelError("faulty", "x", { details: { outgrown: true } });
    });
  const all = async (count: number, outgrows: () => boolean) => {
    most = 0;
    await Promise.all(Array.from({ length: count }, () => run(outgrows)));
    return most;
  };
  let collisions = 0;
  assertEquals(await all(8, () => collisions++ < 8), 8);
  assertEquals(await all(8, () => false), 4);
  let more = 0;
  await all(8, () => more++ < 4);
  assertEquals(await all(8, () => false), 2);
  for (let n = 0; n < 8; n++) await all(8, () => false);
  assertLess(2, await all(8, () => false));
});

Deno.test("a request that the server says nothing to, while it answers later ones, fails by itself and holds up no other", async () => {
  const crowd = createCrowd(), silence = Promise.withResolvers<void>();
  let asked = 0;
  const silent = crowd.run(async () => {
    asked++;
    await silence.promise;
    throw new ModelError("unavailable", "not a word", { details: { isUnheard: true } });
  });
  const answered = () => crowd.run((heard) => Promise.resolve(heard()));
  await answered();
  silence.resolve();
  assertEquals((await assertRejects(() => silent, ModelError)).message, "not a word");
  assertEquals(asked, 1);
  // Nothing is limited: two at the same time go through.
  const both = Promise.withResolvers<void>();
  let running = 0;
  const meeting = () =>
    crowd.run(async () => {
      if (++running === 2) both.resolve();
      await both.promise;
    });
  await Promise.all([meeting(), meeting()]);
});

Deno.test("a request that waits at the server behind others is no outage: it is asked again when they have ended", async () => {
  const silenceMs = 2_000;
  await using model = await startAsking("openai", { silenceMs });
  const called = new AbortController();
  model.server.script({ text: "It goes on. ".repeat(10_000), everyMs: 20 }, "held");
  const first = assertRejects(
    () => Promise.resolve(model.ask({ question: "first?", signal: called.signal })),
    Error,
    "enough",
  );
  await model.server.askedFor(1);
  const second = Promise.resolve(model.ask({ question: "second?" }));
  // It has run into the limit, and now waits here until the first one has ended.
  await model.server.cancelled(1);
  called.abort(new Error("enough"));
  await first;
  assertEquals(await second, "You said: second?");
  assertEquals(model.server.asked.length, 3);
});

Deno.test("a silent server that answers nobody else meanwhile is unavailable at once", async () => {
  await using model = await startAsking("openai", { silenceMs: 500 });
  model.server.otherwise("held");
  const failures = await Promise.all([1, 2].map(() => failureOf(Promise.resolve(model.ask()))));
  assertEquals(failures.map(({ kind }) => kind), ["unavailable", "unavailable"]);
  assertEquals(model.server.asked.length, 2);
});

Deno.test("a request that is never heard of, not even alone, is unavailable in the end", async () => {
  const crowd = createCrowd();
  const first = Promise.withResolvers<void>();
  let tell = () => {}, tries = 0;
  const others = crowd.run(async (heard) => {
    tell = heard;
    await first.promise;
  });
  const silent = crowd.run(() => {
    tries++;
    tell();
    return Promise.reject(new ModelError("unavailable", "silent", { details: { isUnheard: true } }));
  });
  silent.catch(() => {}); // it is awaited below
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(tries, 1);
  first.resolve();
  await others;
  await assertRejects(() => silent, ModelError, "silent");
  assertEquals(tries, 2);
});
