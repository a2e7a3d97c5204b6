/** How long an answer may be: as long as it may be asked for, and bounded in memory and in all. */

import { assertEquals, assertMatch } from "@std/assert";
import { request } from "../../../src/mind/models/request.ts";
import { serveHttp } from "../../support/http_server.ts";
import { ask, DIALECTS, failureOf, never, optionsFor, requestWith } from "../../support/model_requests.ts";

type Dialect = (typeof DIALECTS)[number];

/** A server that answers everything with some pieces. */
function start(dialect: Dialect, pieces: () => Iterable<string>) {
  const server = serveHttp({}, () => {
    const bytes = ReadableStream.from(pieces()).pipeThrough(new TextEncoderStream());
    return Promise.resolve(new Response(bytes));
  });
  return {
    options: optionsFor({ url: `http://127.0.0.1:${server.port}/v1`, dialect }),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** A record as a server sends it, with `about` to make it larger. */
function recordOf(dialect: Dialect, content: string, { isLast = false, about = "" } = {}): string {
  if (dialect === "ollama") return `${JSON.stringify({ about, message: { content }, done: isLast })}\n`;
  const choices = [{ index: 0, delta: { content }, finish_reason: isLast ? "stop" : null }];
  return `data: ${JSON.stringify({ about, choices })}\n\n`;
}

for (const dialect of DIALECTS) {
  Deno.test(`${dialect}: a body may be far larger than the text of its answer`, async () => {
    const about = "x".repeat(64 * 1024), count = 400;
    await using server = start(dialect, function* () {
      for (let n = 0; n < count; n++) yield recordOf(dialect, "ab", { about });
      yield recordOf(dialect, "c", { isLast: true });
    });
    assertEquals(await ask(server.options, requestWith()), `${"ab".repeat(count)}c`, "25 MB");
  });

  Deno.test(`${dialect}: an answer without end is given up, and not asked for again`, async () => {
    const piece = "word ".repeat(100_000);
    await using server = start(dialect, function* () {
      while (true) yield recordOf(dialect, piece);
    });
    const { kind, message } = await failureOf(ask(server.options, requestWith()));
    assertEquals(kind, "refused");
    assertMatch(message, /sent an answer of more than 16777216 characters\. Lower MODEL_MAX_TOKENS$/);
  });

  const line = "1,".repeat(32 * 1024);
  const endless = {
    "a line": ['{"a":[', line],
    "an object over many lines": ['{"a":[\n', `${line}\n`],
    "an event over many lines": ['data: {"a":[\n', `data: ${line}\n`],
    "text in one event": ["data: x\n", `data: ${line}\n`],
    "something else": ["<!doctype html>\n", `${line}\n`],
  };
  for (const [what, [first = "", more = ""]] of Object.entries(endless)) {
    Deno.test(`${dialect}: ${what} without end is given up, and not asked for again`, async () => {
      await using server = start(dialect, function* () {
        yield first;
        while (true) yield more;
      });
      const { kind, message } = await failureOf(ask(server.options, requestWith()));
      assertEquals(kind, "refused");
      assertMatch(message, /sent more than 16777216 characters that make no piece of an answer\. .*(_URL is right)/);
    });
  }
}

Deno.test("a body of small records without end is given up, and not asked for again", async () => {
  await using server = start("openai", function* () {
    while (true) yield ": still here\n";
  });
  const { url, silenceMs, wholeMs } = server.options;
  const limits = { silenceMs, wholeMs, maxBytes: 10_000 };
  let bytes = 0;
  const asked = request({ ...limits, url, remedies: { key: "", model: "" }, signal: never }, async ({ fetch }) => {
    const { body } = await fetch(url.href);
    for await (const chunk of body) bytes += chunk.length;
  });
  const { kind, message } = await failureOf(asked);
  assertEquals([kind, bytes <= 10_000], ["refused", true]);
  assertMatch(message, /sent more than 10000 bytes\. Lower MODEL_MAX_TOKENS$/);
});
