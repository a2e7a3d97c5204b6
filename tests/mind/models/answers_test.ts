/** What counts as a whole answer over OpenAI's interface, in the forms that servers send, and what is told as broken. */

import { assertEquals, assertMatch } from "@std/assert";
import type { AnswerReport } from "../../../src/mind/models/model.ts";
import { ask, failureOf, optionsFor, passage, requestWith } from "../../support/model_requests.ts";
import { startModelServer } from "../../support/model_server.ts";

const piece = (content: unknown, finish: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason: finish }] })}\n\n`;
const DONE = "data: [DONE]\n\n";
const STREAM = "text/event-stream";
const whole = (message: unknown, finish: unknown = "stop") =>
  JSON.stringify({ choices: [{ message, finish_reason: finish }] });

/** What comes of a body with status 200. */
async function answerTo(body: string, type?: string): Promise<unknown> {
  await using server = await startModelServer("openai");
  server.script({ body, ...(type !== undefined && { type }) });
  return await ask(optionsFor(server), requestWith());
}

async function failureIn(body: string, type?: string) {
  const { kind, message } = await failureOf(answerTo(body, type));
  return { kind, message };
}

Deno.test("content in parts is joined, and parts of thinking are left out", async () => {
  const thinking = { type: "thinking", thinking: [{ type: "text", text: "Secret" }] };
  const parts = [thinking, { type: "text", text: "It " }, "is", { text: "." }, { type: "image_url", image_url: {} }];
  assertEquals(await answerTo(piece([thinking]) + piece(parts) + piece("", "stop") + DONE, STREAM), "It is.");
  assertEquals(await answerTo(whole({ content: parts })), "It is.");
});

Deno.test("content that is null, missing, or refused in words is read as what it is", async () => {
  const bare = (delta: unknown) => `data: ${JSON.stringify({ choices: [{ delta }] })}\n\n`;
  const body = bare({ role: "assistant", content: null }) + bare({}) + bare(null) + piece("It is.") +
    piece(null, "stop");
  assertEquals(await answerTo(body, STREAM), "It is.");
  assertEquals(await answerTo(`data: {"choices":[]}\n\ndata: {}\n\n${piece("It is.", "stop")}`, STREAM), "It is.");
  assertEquals(await answerTo(whole({ content: null, refusal: "I can't help with that." })), "I can't help with that.");
});

Deno.test("a provider's refusal in words draws on nothing and declines, in pieces and whole", async () => {
  const bare = (delta: unknown, finish: string | null = null) =>
    `data: ${JSON.stringify({ choices: [{ delta, finish_reason: finish }] })}\n\n`;
  const bodies = [
    [bare({ content: "", refusal: "I can't " }) + bare({ refusal: "help." }) + bare({}, "stop") + DONE, STREAM],
    [whole({ content: null, refusal: "I can't help." })],
  ];
  for (const [body, type] of bodies) {
    await using server = await startModelServer("openai");
    server.script({ body: body!, ...(type !== undefined && { type }) });
    let told: AnswerReport = {};
    const request = requestWith({ passages: [passage("It is a town.")], report: (report) => told = report });
    assertEquals(await ask(optionsFor(server), request), "I can't help.");
    assertEquals([told.drawn, told.isDeclined], [[], true]);
  }
});

Deno.test("of several answers the first one is taken, and none of the others' pieces", async () => {
  const other = (content: string, finish: string | null = null) =>
    piece(content, finish).replace('"index":0', '"index":1');
  const body = other("That ") + piece("It ") + other("was.", "length") + piece("is.", "stop") + other("!") + DONE;
  assertEquals(await answerTo(body, STREAM), "It is.");
  const choices = ["That was.", "It is."].map((content, n) => ({
    index: 1 - n,
    message: { content },
    finish_reason: "stop",
  }));
  assertEquals(await answerTo(JSON.stringify({ choices })), "It is.");
});

Deno.test("a whole object is an answer without a type, and without a reason why it ended", async () => {
  assertEquals(await answerTo(whole({ content: "It is." })), "It is.");
  assertEquals(await answerTo(whole({ content: "It is." }, null), "text/plain"), "It is.");
  assertEquals(await answerTo(JSON.stringify(JSON.parse(whole({ content: "It is." }, "")), null, 2)), "It is.");
});

for (const end of ["stop", "eos", "eos_token", "stop_sequence", "end_turn", "STOP", "COMPLETE"]) {
  Deno.test(`"${end}" ends a whole answer`, async () => {
    assertEquals(await answerTo(piece("It is.") + piece("", end) + DONE, STREAM), "It is.");
  });
}

for (const end of ["length", "max_tokens", "MAX_TOKENS", "model_length"]) {
  Deno.test(`"${end}" ends an answer at a limit`, async () => {
    const answer = await answerTo(piece("It is") + piece("", end) + DONE, STREAM);
    assertEquals(answer, "It is…\n\n[This answer was cut off.]");
  });
}

for (const end of ["error", "abort", "insufficient_system_resource", "network_error", "tool_calls", "function_call"]) {
  Deno.test(`"${end}" is no end of an answer, whatever text has come`, async () => {
    const { kind, message } = await failureIn(piece("It is f") + piece("", end) + DONE, STREAM);
    assertEquals(kind, "faulty");
    assertMatch(message, new RegExp(`broke the answer off \\("${end}"\\)`));
  });
}

Deno.test("a stream that ends without a reason is cut off, be it marked as done", async () => {
  for (const body of [piece("It is f", ""), piece("It is f") + DONE, piece("It is f", null)]) {
    assertEquals(await failureIn(body, STREAM), { kind: "faulty", message: "The model's answer was cut off" });
  }
});

/** A chunk with a message, and with a piece of it if one is given. */
const message = (content: string, { delta, finish = null }: { delta?: string; finish?: string | null } = {}) =>
  `data: ${
    JSON.stringify({
      choices: [{
        message: { content },
        ...(delta !== undefined && { delta: { content: delta } }),
        finish_reason: finish,
      }],
    })
  }\n\n`;

Deno.test("chunks with all of the answer so far beside their piece need a reason why it ends", async () => {
  const chunks = message("It ", { delta: "It " }) + message("It is.", { delta: "is." });
  assertEquals(await failureIn(chunks + DONE, STREAM), { kind: "faulty", message: "The model's answer was cut off" });
  assertEquals(await answerTo(chunks + message("It is.", { delta: "", finish: "stop" }) + DONE, STREAM), "It is.");
});

Deno.test("a message behind pieces takes their place, and needs a reason why it ends", async () => {
  const pieces = piece("It ") + piece("is.");
  for (const text of ["It is.", "It was."]) {
    assertEquals(await answerTo(pieces + message(text, { finish: "stop" }) + DONE, STREAM), text);
    assertEquals(await answerTo(pieces + piece("", "stop") + message(text) + DONE, STREAM), text);
    assertEquals((await failureIn(pieces + message(text) + DONE, STREAM)).message, "The model's answer was cut off");
  }
  assertEquals(await answerTo(pieces + message("", { finish: "stop" }) + DONE, STREAM), "It is.");
});

Deno.test("messages that grow are one answer, pieces in messages are joined, and both need a reason why they end", async () => {
  for (const chunks of [message("It ") + message("It is."), message("It ") + message("is.")]) {
    assertEquals((await failureIn(chunks + DONE, STREAM)).message, "The model's answer was cut off");
    assertEquals(await answerTo(chunks + piece("", "stop") + DONE, STREAM), "It is.");
  }
});

Deno.test("one message in a stream is whole without a reason, with counts or nothing around it", async () => {
  const counts = 'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\n';
  assertEquals(await answerTo(`data: {}\n\n${message("It is.")}${counts}${DONE}`, STREAM), "It is.");
});

Deno.test("an end that a server words with more than a word is not quoted", async () => {
  const { message } = await failureIn(piece("It is") + piece("", "canary: ä\n{prompt}"), STREAM);
  assertEquals(message.includes("canary"), false);
});

for (const end of ["content_filter", "safety", "guardrail_intervened"]) {
  Deno.test(`"${end}" is the content filter's`, async () => {
    assertEquals((await failureIn(piece("", end), STREAM)).kind, "refused");
  });
}

Deno.test("a page, or an object that is no answer, points to the address and not to the model", async () => {
  for (
    const [body, type] of [["<!doctype html><title>x</title>", "text/html"], ["{}", "application/json"], [
      '{"ok":true}',
    ]]
  ) {
    const { kind, message } = await failureIn(body!, type);
    assertEquals(kind, "refused");
    assertMatch(message, /something else than an answer.*OPENAI_BASE_URL is right: mostly it ends in \/v1/);
  }
  const { kind, message } = await failureIn('{"error":"Unexpected endpoint or method. (POST /chat/completions)"}');
  assertEquals(kind, "faulty");
  assertMatch(message, /an error in place of an answer\. .*OPENAI_BASE_URL is right/);
});

Deno.test("an error with status 200 counts as the status that it names", async () => {
  const error = (error: unknown) => failureIn(JSON.stringify({ error }));
  const quota = await error({ message: "…", type: "insufficient_quota", code: 429 });
  assertEquals(quota.kind, "refused");
  assertMatch(quota.message, /no credit left/);
  assertEquals((await error({ message: "canary", code: 429 })).kind, "unavailable");
  assertEquals((await error({ message: "canary", code: "401" })).kind, "refused");
  const late = await failureIn(
    `${piece("It is f")}data: {"error":{"code":500,"type":"server_error"}}\n\n${DONE}`,
    STREAM,
  );
  assertEquals(late.kind, "faulty");
  assertMatch(late.message, /failed while it answered: 500, server_error/);
});

Deno.test("an error that vLLM or SGLang streams in place of a chunk counts as the status that it names", async () => {
  const error = (code: number) =>
    `data: {"object":"error","message":"canary","type":"Failed","code":${code}}\n\n${DONE}`;
  assertEquals((await failureIn(error(400), STREAM)).kind, "refused");
  for (const body of [error(500), piece("It is f") + error(500)]) {
    const { kind, message } = await failureIn(body, STREAM);
    assertEquals(kind, "faulty");
    assertMatch(message, /failed while it answered: 500, Failed$/);
  }
});
