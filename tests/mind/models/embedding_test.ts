/** Embeddings that are asked for together, where the server does not take one of them. */

import { DatabaseSync } from "node:sqlite";
import { assert, assertEquals } from "@std/assert";
import type { IAgentRuntime } from "@elizaos/core";
import { ModelError } from "../../../src/mind/model_error.ts";
import { embeddingHandler } from "../../../src/mind/models/embedding.ts";
import { openaiModel } from "../../../src/mind/models/openai.ts";
import type { OpenaiOptions } from "../../../src/mind/models/options.ts";
import { checkModel } from "../../../src/mind/models/providers.ts";
import { silentLog } from "../../../src/log.ts";
import { serveHttp } from "../../support/http_server.ts";
import { startMind } from "../../support/mind.ts";

/** What becomes of some texts; the server fails as `fails` says, for all that it got together. */
async function embedAll(texts: readonly string[], fails: (texts: readonly string[]) => ModelError | undefined) {
  const requests: number[] = [];
  const embed = embeddingHandler((together) => {
    requests.push(together.length);
    const error = fails(together);
    return error ? Promise.reject(error) : Promise.resolve(together.map(({ length }) => [length]));
  });
  const results = await Promise.allSettled(texts.map((text) => embed({} as IAgentRuntime, { text })));
  const kinds = results.map((result) => result.status === "fulfilled" ? result.value[0] : result.reason.kind);
  return { kinds, requests };
}

const tooLarge = new ModelError("unavailable", "500", { details: { status: 500, tooLarge: {} } });
const broken = new ModelError("unavailable", "500", { details: { status: 500 } });
const down = new ModelError("unavailable", "can't be reached");

Deno.test("a text that the model does not take fails alone, whatever the server calls that", async () => {
  for (const error of [tooLarge, broken, new ModelError("refused", "400", { details: { status: 400 } })]) {
    const { kinds, requests } = await embedAll(
      ["a", "long", "bb"],
      (texts) => texts.includes("long") ? error : undefined,
    );
    assertEquals(kinds, [1, "refused", 2]);
    assertEquals(requests, [3, 1, 1, 1]);
  }
});

Deno.test("a server that takes no text is not asked for each of them", async () => {
  const { kinds, requests } = await embedAll(["a", "bb", "ccc", "dddd"], () => broken);
  assertEquals(kinds, Array(4).fill("unavailable"));
  assertEquals(requests, [4, 1, 1]);
});

Deno.test("a server that is down is asked once", async () => {
  const { kinds, requests } = await embedAll(["a", "bb"], () => down);
  assertEquals([kinds, requests], [["unavailable", "unavailable"], [2]]);
});

/** A server that makes embeddings of one number, and what it was asked; `refusal`: its answer to `dimensions`. */
function serveEmbeddings(refusal?: object) {
  const asked: (number | undefined)[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { input, dimensions } = await request.json() as { input: string[]; dimensions?: number };
    asked.push(dimensions);
    if (dimensions !== undefined && refusal) return Response.json(refusal, { status: 400 });
    return Response.json({ data: input.map((_, index) => ({ index, embedding: [dimensions ?? 0] })) });
  });
  const url = new URL(`http://127.0.0.1:${server.addr.port}/v1`);
  return { asked, url, [Symbol.asyncDispose]: () => server.shutdown() };
}

function optionsOf(url: URL, embeddingDimensions: number): OpenaiOptions {
  return {
    provider: "openai",
    url,
    model: "m",
    embeddingModel: "e",
    embeddingDimensions,
    maxTokens: 16,
    contextWindow: 512,
    headers: {},
    extraBody: {},
    silenceMs: 60_000,
    wholeMs: 60_000,
  };
}

/** Makes embeddings over a server as OPENAI_EMBEDDING_DIMENSIONS=256 says. */
function embedderAt(url: URL) {
  const handler = openaiModel(optionsOf(url, 256)).models?.TEXT_EMBEDDING;
  assert(handler);
  return (text: string) => handler({} as IAgentRuntime, { text });
}

Deno.test("embeddings are asked for with as many dimensions as are set", async () => {
  await using server = serveEmbeddings();
  const embed = embedderAt(server.url);
  assertEquals([await embed("a"), await embed("b")], [[256], [256]]);
  assertEquals(server.asked, [256, 256]);
});

const REFUSALS: readonly [string, object][] = [
  ["OpenAI", {
    error: {
      message: "This model does not support specifying dimensions.",
      type: "invalid_request_error",
      param: null,
    },
  }],
  ["vLLM", {
    object: "error",
    message:
      'Model "e" does not support matryoshka representation, changing output dimensions will lead to poor results.',
    code: 400,
  }],
  ["a strict gateway", { detail: [{ type: "extra_forbidden", loc: ["body", "dimensions"], msg: "Extra inputs" }] }],
];
for (const [who, refusal] of REFUSALS) {
  Deno.test(`${who}: a model that refuses dimensions is asked without from then on`, async () => {
    await using server = serveEmbeddings(refusal);
    const embed = embedderAt(server.url);
    assertEquals([await embed("a"), await embed("b")], [[0], [0]]);
    assertEquals(server.asked, [256, undefined, undefined]);
  });
}

Deno.test("Voyage: a server that takes no encoding_format is asked without from then on, and passes the check", async () => {
  const asked: (string | undefined)[] = [];
  await using server = serveHttp({}, ({ path, body }) => {
    if (path.endsWith("/models")) return Promise.resolve(Response.json({ data: [{ id: "m" }] }));
    const { input, encoding_format } = JSON.parse(body) as { input: string[]; encoding_format?: string };
    asked.push(encoding_format);
    const refusal = { detail: "Argument 'encoding_format' must be null or 'base64'." };
    return Promise.resolve(
      encoding_format === undefined
        ? Response.json({ data: input.map((_, index) => ({ index, embedding: [1] })) })
        : Response.json(refusal, { status: 400 }),
    );
  });
  const url = new URL(`http://127.0.0.1:${server.port}/v1`);
  const embed = embedderAt(url);
  assertEquals([await embed("a"), await embed("b")], [[1], [1]]);
  assertEquals(asked, ["float", undefined, undefined]);
  await checkModel(optionsOf(url, 1), new AbortController().signal, { asksIt: false });
});

Deno.test("embeddings of the knowledge are made again for other dimensions, and kept for the same", async () => {
  await using server = serveEmbeddings();
  const database = new DatabaseSync(":memory:"), file = { name: "A", bio: "a", knowledge: ["Tea is brewed hot."] };
  for (const [dimensions, isNew] of [[256, true], [512, true], [512, false], [256, true]] as const) {
    const made = Promise.withResolvers<void>();
    const log = { ...silentLog, info: (message: string) => message === "knowledge embedded" && made.resolve() };
    await using _mind = await startMind({ model: optionsOf(server.url, dimensions), database, file, log });
    if (isNew) await made.promise;
  }
  assertEquals(server.asked, [256, 512, 256]);
});
