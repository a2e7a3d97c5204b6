/** What providers' errors mean, in the words that each of them sends. */

import { assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import type { ModelError } from "../../../src/mind/model_error.ts";
import { openModel } from "../../../src/mind/models/providers.ts";
import { statusError, streamedError } from "../../../src/mind/models/status.ts";
import { failureOf, optionsFor, passage, requestWith } from "../../support/model_requests.ts";
import { startModelServer } from "../../support/model_server.ts";

const CONTEXT = { where: "The server", remedies: { key: "Set OPENAI_API_KEY", model: "Look at the model" } };
const errorOf = (status: number, body: unknown): Promise<ModelError> =>
  statusError(Response.json(body, { status }), CONTEXT);
const say = (message: string) => ({ error: { message, type: "invalid_request_error" } });

const TOO_LARGE: readonly (readonly [who: string, body: unknown, sizes: object])[] = [
  ["Anthropic", say("prompt is too long: 210000 tokens > 200000 maximum"), { window: 200000, promptTokens: 210000 }],
  ["xAI", say("This model's maximum prompt length is 131072 but the request contains 537812 tokens."), {
    window: 131072,
    promptTokens: 537812,
  }],
  [
    "Gemini",
    [{
      error: {
        code: 400,
        message: "The input token count (1200293) exceeds the maximum number of tokens allowed (1048576).",
        status: "INVALID_ARGUMENT",
      },
    }],
    { window: 1048576, promptTokens: 1200293 },
  ],
  ["Together", say("The input (5000 tokens) is longer than the model's context length (4096 tokens)."), {
    window: 4096,
    promptTokens: 5000,
  }],
  [
    "SGLang",
    {
      object: "error",
      message: "Requested token count exceeds the model's maximum context length of 4096 tokens. You requested a " +
        "total of 5000 tokens: 2952 tokens from the input messages and 2048 tokens for the completion.",
      code: 400,
    },
    { window: 4096, promptTokens: 2952 },
  ],
  [
    "OpenRouter",
    say(
      "This endpoint's maximum context length is 8192 tokens. However, you requested about 9000 tokens (6952 of text " +
        "input, 2048 in the output).",
    ),
    { window: 8192, promptTokens: 6952 },
  ],
  ["Mistral", say("Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context"), {
    window: 32768,
    promptTokens: 40000,
  }],
  [
    "TGI",
    {
      error:
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4000 `inputs` tokens " +
        "and 2048 `max_new_tokens`",
      error_type: "validation",
    },
    { window: 4096, promptTokens: 4000 },
  ],
  ["Kimi", say("Your request exceeded model token limit: 8192 (requested: 9000)"), { window: 8192 }],
  ["Groq", say("Please reduce the length of the messages or completion."), {}],
  ["Bedrock", say("Input is too long for requested model."), {}],
  ["Ollama", { error: "prompt too long; exceeded max context length by 100 tokens" }, {}],
  ["Cohere", { message: "too many tokens: size limit exceeded by 100 tokens." }, {}],
];
for (const [who, body, sizes] of TOO_LARGE) {
  Deno.test(`${who}: a prompt that is too large is told as that, with the sizes that are told`, async () => {
    const { kind, message, details } = await errorOf(400, body);
    assertEquals([kind, details.tooLarge], ["refused", sizes]);
    assertStringIncludes(message, "the prompt is larger than the model's window");
  });
}

const MEANT: readonly (readonly [who: string, status: number, body: unknown, says: string])[] = [
  ["Azure", 400, { error: { code: "content_filter", status: 400, message: "filtered" } }, "content filter"],
  [
    "Azure behind LiteLLM",
    400,
    { error: { code: "400", provider_specific_fields: { innererror: { code: "ResponsibleAIPolicyViolation" } } } },
    "content filter",
  ],
  ["OpenRouter", 403, { error: { code: 403, metadata: { reasons: ["x"], flagged_input: "canary" } } }, "filter"],
  ["DeepSeek", 400, say("Content Exists Risk"), "content filter"],
  ["Anthropic", 400, say("Your credit balance is too low to access the Anthropic API."), "no credit left"],
  ["Kimi", 429, { error: { type: "exceeded_current_quota_error", message: "canary" } }, "no credit left"],
  ["LiteLLM", 400, { error: { type: "budget_exceeded", code: "400", message: "canary" } }, "no credit left"],
  [
    "Gemini",
    400,
    [{ error: { code: 400, status: "INVALID_ARGUMENT", details: [{ reason: "API_KEY_INVALID" }] } }],
    "answered 400 (INVALID_ARGUMENT): the key is wrong or missing. Set OPENAI_API_KEY",
  ],
];
for (const [who, status, body, says] of MEANT) {
  Deno.test(`${who}, ${status}: ${says}, and it is not asked again`, async () => {
    const { kind, message } = await errorOf(status, body);
    assertEquals([kind, message.includes("canary")], ["refused", false]);
    assertStringIncludes(message, says);
  });
}

Deno.test("what a server says to have failed at for the moment is asked again", async () => {
  for (const status of [409, 424, 498]) assertEquals((await errorOf(status, {})).kind, "unavailable", `${status}`);
});

Deno.test("a word that says nothing is not quoted", async () => {
  const { message } = await errorOf(500, { error: { type: "None", code: "500", message: "canary" } });
  assertEquals(message, "The server answered 500");
});

Deno.test("LM Studio: a prompt that is too large, told within the stream, is asked again with fewer passages", async () => {
  const message = "The number of tokens to keep from the initial prompt is greater than the context length (4096).";
  const error = streamedError({ message }, CONTEXT);
  assertEquals([error.kind, error.details.tooLarge], ["refused", {}]);
  await using server = await startModelServer("openai");
  const handler = (await openModel(optionsFor(server, { contextWindow: 8192 }))).models!.TEXT_LARGE!;
  const ask = () =>
    handler(
      { character: { name: "A" } } as Parameters<typeof handler>[0],
      requestWith({ passages: Array.from({ length: 5 }, (_, n) => passage(`passage ${n} ${"word ".repeat(150)}`)) }),
    );
  server.script({
    body: `event: error\ndata: ${JSON.stringify({ error: { message } })}\n\n`,
    type: "text/event-stream",
  });
  await ask();
  const [first, second] = server.asked.map(({ messages }) => messages.at(-1).content.length);
  assertLess(second, first);
});

Deno.test("Gemini: an answer that was withheld is the content filter's, whatever stands behind the colon", async () => {
  for (const finish of ["content_filter: RECITATION", "RECITATION", "BLOCKLIST", "SPII"]) {
    await using server = await startModelServer("openai");
    server.script({ text: "", finish });
    const handler = (await openModel(optionsFor(server))).models!.TEXT_LARGE!;
    const asked = handler({ character: { name: "A" } } as Parameters<typeof handler>[0], requestWith());
    const { kind, message } = await failureOf(Promise.resolve(asked));
    assertEquals([kind, message], ["refused", "The provider's content filter withheld the answer"], finish);
  }
});
