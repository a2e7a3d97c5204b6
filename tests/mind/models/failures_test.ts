/** What becomes of a request that a model server does not answer as it should. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import type { FailureKind, ModelError } from "../../../src/mind/model_error.ts";
import { ask, DIALECTS, failureOf, optionsFor, requestWith } from "../../support/model_requests.ts";
import { startModelServer, type Turn } from "../../support/model_server.ts";

/** Whether this Deno's `fetch` sends a request again if its connection broke before any answer (2.7.11 does, 2.9.6 does not). */
const FETCH_ASKS_AGAIN = Deno.version.deno.localeCompare("2.9.0", "en", { numeric: true }) < 0;

for (const dialect of DIALECTS) {
  const about = (what: string) => `${dialect}: ${what}`;
  const start = () => startModelServer(dialect);

  /** What comes of one scripted turn. */
  const failsWith = async (turn: Turn): Promise<ModelError> => {
    await using server = await start();
    server.otherwise(turn);
    const error = await failureOf(ask(optionsFor(server), requestWith()));
    assert(!/canary/.test(error.message), `says nothing that the server wrote: ${error.message}`);
    const times = turn === "broken" && FETCH_ASKS_AGAIN ? 2 : 1;
    assertEquals(server.asked.length, times, "the client itself does not try again");
    return error;
  };

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
    ["400", { status: 400 }, "refused", /answered 400.*MODEL_CONTEXT_WINDOW/],
    ["402", { status: 402 }, "refused", /answered 402.*no credit/],
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
    const date = "Wed, 21 Oct 2026 07:28:00 GMT";
    assertEquals(await after({ "retry-after": date }), { atMs: Date.UTC(2026, 9, 21, 7, 28) });
    // The server's clock counts, wherever ours is.
    assertEquals(await after({ "retry-after": date, date: "Wed, 21 Oct 2026 07:27:20 GMT" }), { inMs: 40_000 });
    assertEquals(await after({ "retry-after": date, date: "Wed, 21 Oct 2026 07:28:20 GMT" }), { inMs: 0 });
    assertEquals(await after({ "retry-after": date, date: "now" }), { atMs: Date.UTC(2026, 9, 21, 7, 28) });
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
}

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
