/** Answers that are whole before their body has ended: they are taken at once, and their connection is used again where it can be. */

import { assert, assertEquals } from "@std/assert";
import { serveHttp } from "../../support/http_server.ts";
import { ask, DIALECTS, failureOf, optionsFor, requestWith } from "../../support/model_requests.ts";

type Dialect = (typeof DIALECTS)[number];

/** The pieces of an answer, up to its mark of the end; `end`: why it ended, if that is told. */
function piecesOf(dialect: Dialect, text: string, end?: string): string[] {
  if (dialect === "ollama") {
    const record = (more: object) => `${JSON.stringify({ message: { role: "assistant", content: "" }, ...more })}\n`;
    return [record({ message: { role: "assistant", content: text }, done: false }), record({ done: true })];
  }
  const record = (content: string, finish_reason: string | null) =>
    `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason }] })}\n\n`;
  return [record(text, null), ...(end === undefined ? [] : [record("", end)]), "data: [DONE]\n\n"];
}

/** A server whose answers go on after their last piece as `after` says. */
function start(dialect: Dialect, pieces: readonly string[], after: (cut: () => void) => AsyncIterable<string>) {
  const gone = Promise.withResolvers<void>();
  const server = serveHttp({ onCancelled: gone.resolve }, (request) => {
    async function* body() {
      yield pieces.join("");
      yield* after(request.cut);
    }
    const bytes = ReadableStream.from(body()).pipeThrough(new TextEncoderStream());
    return Promise.resolve(new Response(bytes, { headers: { "content-type": "text/event-stream" } }));
  });
  return {
    server,
    gone: gone.promise,
    options: optionsFor({ url: `http://127.0.0.1:${server.port}/v1`, dialect }),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

async function* nothing() {}

for (const dialect of DIALECTS) {
  const about = (what: string) => `${dialect}: ${what}`;
  const pieces = piecesOf(dialect, "It is.", "stop");

  Deno.test(
    about("an answer is taken while its server leaves the body open behind it, which is then called off"),
    async () => {
      const closing = Promise.withResolvers<void>();
      await using opened = start(dialect, pieces, async function* () {
        await closing.promise;
        // Written until it is noticed that the client has gone.
        while (true) yield ": still here\n";
      });
      assertEquals(await ask(opened.options, requestWith()), "It is.");
      closing.resolve();
      await opened.gone;
    },
  );

  Deno.test(about("an answer is taken whose connection breaks behind it"), async () => {
    await using opened = start(dialect, pieces, async function* (cut) {
      cut();
      yield await Promise.resolve("");
    });
    assertEquals(await ask(opened.options, requestWith()), "It is.");
  });

  Deno.test(about("what comes behind a whole answer does not matter"), async () => {
    const error = dialect === "ollama" ? '{"error":"canary"}\n' : 'data: {"error":{"code":500}}\n\n';
    await using opened = start(dialect, [...pieces, error], nothing);
    assertEquals(await ask(opened.options, requestWith()), "It is.");
  });

  Deno.test(about("answers that end in good order need no new connection each"), async () => {
    await using opened = start(dialect, pieces, nothing);
    for (let n = 0; n < 20; n++) {
      assertEquals(await ask(opened.options, requestWith()), "It is.");
    }
    // An answer that is asked for before the end of the one before it has come is asked for over another connection.
    assert(opened.server.connections < 10, `${opened.server.connections} connections for 20 answers`);
  });
}

Deno.test("openai: the mark of the end makes an answer without a reason no whole one", async () => {
  const closing = Promise.withResolvers<void>();
  await using opened = start("openai", piecesOf("openai", "It is n"), async function* () {
    await closing.promise;
    yield "";
  });
  const { kind, message } = await failureOf(ask(opened.options, requestWith()));
  assertEquals([kind, message], ["faulty", "The model's answer was cut off"]);
  closing.resolve();
});

async function* cutting(cut: () => void) {
  cut();
  yield await Promise.resolve("");
}

Deno.test("openai: behind the reason why an answer ends, its connection may break or fall silent", async () => {
  const unmarked = piecesOf("openai", "It is.", "stop").slice(0, -1), closing = Promise.withResolvers<void>();
  await using cut = start("openai", unmarked, cutting);
  assertEquals(await ask(cut.options, requestWith()), "It is.");
  await using silent = start("openai", unmarked, async function* () {
    await closing.promise;
    yield "";
  });
  assertEquals(await ask({ ...silent.options, silenceMs: 50 }, requestWith()), "It is.");
  closing.resolve();
});

Deno.test("openai: a reason with each piece makes an answer that breaks off no whole one", async () => {
  const pieces = ["It ", "is n"].flatMap((text) => piecesOf("openai", text, "stop").slice(0, -1));
  await using opened = start("openai", pieces, cutting);
  assertEquals((await failureOf(ask(opened.options, requestWith()))).kind, "faulty");
});
