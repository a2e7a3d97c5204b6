/** Model servers that mean no good: bodies without end, embeddings that are none. Each is a failure, and nothing of it is taken. @module */

import type { IAgentRuntime } from "@elizaos/core";
import { assert, assertEquals } from "@std/assert";
import { ModelError } from "../../../src/mind/model_error.ts";
import { openModel } from "../../../src/mind/models/providers.ts";
import { serveHttp } from "../../support/http_server.ts";
import { ask, DIALECTS, failureOf, optionsFor, requestWith } from "../../support/model_requests.ts";

const CANARY = "cAnArY";

/** A server that answers everything with one response, and the options that lead there. */
function startWith(dialect: (typeof DIALECTS)[number], respond: () => Response) {
  const server = serveHttp({}, () => Promise.resolve(respond()));
  return {
    options: optionsFor(
      { url: `http://127.0.0.1:${server.port}/v1`, dialect },
      { embeddingModel: "test-embedding" },
    ),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** Letters without end, in pieces of a megabyte. */
function endless(before: string): Response {
  const piece = new TextEncoder().encode("x".repeat(1_000_000));
  async function* bytes() {
    yield new TextEncoder().encode(before);
    while (true) yield await Promise.resolve(piece);
  }
  return new Response(ReadableStream.from(bytes()), { headers: { "content-type": "text/event-stream" } });
}

/** What stands in the place of embeddings, for one text. */
const NO_EMBEDDINGS: Record<string, unknown> = {
  "nothing": undefined,
  "null": null,
  "a text": CANARY,
  "an object": { 0: [1, 2] },
  "too many": [[1, 2], [3, 4]],
  "none": [],
  "an empty one": [[]],
  "one of texts": [["1", CANARY]],
  "one of nulls": [[null, null]],
  "one that is nested": [[[1, 2]]],
  "one that is a number": [7],
};

for (const dialect of DIALECTS) {
  for (const [how, before] of [["in one line", 'data: {"a":"'], ["in an answer that never ends", ""]] as const) {
    Deno.test(`${dialect}: a body without end, ${how}, is given up, and timers go on meanwhile`, async () => {
      await using server = startWith(dialect, () => endless(before));
      let ticks = 0;
      const timer = setInterval(() => ticks++, 1);
      const error = await failureOf(ask(server.options, requestWith()));
      clearInterval(timer);
      assertEquals(error.kind, "refused", error.message);
      assert(ticks > 0, "nothing else ran");
    });
  }

  for (const [what, given] of Object.entries(NO_EMBEDDINGS)) {
    Deno.test(`${dialect}: embeddings that are ${what} are a failure, and none is taken`, async () => {
      const data = Array.isArray(given) ? given.map((embedding, index) => ({ index, embedding })) : given;
      const body = dialect === "ollama" ? { embeddings: given } : { data };
      await using server = startWith(dialect, () => Response.json(body));
      const handler = (await openModel(server.options)).models?.TEXT_EMBEDDING;
      const error = await handler!({} as IAgentRuntime, { text: "a" }).then(
        (vector) => new Error(`taken: ${JSON.stringify(vector)}`),
        (error) => error,
      );
      assert(error instanceof ModelError, String(error));
      assert(!error.message.includes(CANARY), error.message);
    });
  }
}
