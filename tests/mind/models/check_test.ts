/** Whether a model can be used, asked before any event is. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { checkModel } from "../../../src/mind/models/providers.ts";
import { DIALECTS, failureOf, never, optionsFor } from "../../support/model_requests.ts";
import { type ModelServer, startModelServer } from "../../support/model_server.ts";

for (const dialect of DIALECTS) {
  const about = (what: string) => `${dialect}: ${what}`;
  Deno.test(about("the check knows a good model from a wrong one, a wrong key and a server that is down"), async () => {
    const credentials = dialect === "ollama" ? "user:pass-canary" : "key-canary";
    const server = await startModelServer(dialect, { key: credentials });
    const url = new URL(server.url);
    const withKey = dialect === "openai"
      ? { apiKey: credentials }
      : { url: Object.assign(url, { username: "user", password: "pass-canary" }) };
    const options = optionsFor(server, withKey);
    const told = await checkModel({ ...options, embeddingModel: "test-embedding" }, never, { asksIt: false });
    assertEquals(told.description, `test-model of ${dialect} at ${server.url}`);
    assertEquals(server.asked, [], "a model that is listed is not asked");
    const unknown = await failureOf(checkModel({ ...options, model: "other" }, never, { asksIt: false }));
    assertEquals(unknown.kind, "refused");
    assertMatch(unknown.message, /answered 404.*other/);
    const unknownEmbedding = await failureOf(
      checkModel({ ...options, embeddingModel: "other" }, never, { asksIt: false }),
    );
    assertMatch(unknownEmbedding.message, /answered 404/);
    const keyless = await failureOf(
      checkModel({ ...optionsFor(server), url: new URL(server.url) }, never, { asksIt: false }),
    );
    assertEquals(keyless.kind, "refused");
    assertMatch(keyless.message, /answered 401/);
    await server.close();
    const down = await failureOf(checkModel(options, never, { asksIt: false }));
    assertEquals(down.kind, "unavailable");
    for (const { message } of [unknown, unknownEmbedding, keyless, down]) assert(!message.includes("canary"), message);
  });
}

Deno.test("openai: a model that is not listed, or whose list may not be seen, is asked before it counts as unknown", async () => {
  const listless = {
    list: () => Response.json({ error: { code: "missing_scope" } }, { status: 403 }),
    model: "test-model",
  };
  const hiding = {
    // What the gateways do that take variants of a listed name.
    list: () => Response.json({ object: "list", data: [{ id: "test-model", object: "model" }] }),
    model: "listed-not",
  };
  for (const { list, model } of [listless, hiding]) {
    await using server = await startModelServer("openai", { models: ["test-model", "listed-not"] });
    await using relay = startRelay(server, list);
    const options = { ...optionsFor(server, { model, temperature: 0.5 }), url: relay.url };
    // The check goes as soon as an answer begins, and does not wait for it.
    server.script({ stallAfter: "It is" });
    await checkModel(options, never, { asksIt: false });
    assertEquals(server.asked.map(({ model, max_tokens, temperature }) => [model, max_tokens, temperature]), [
      [model, 200, 0.5],
    ]);
    server.script({ status: 401 });
    const refused = await failureOf(checkModel(options, never, { asksIt: false }));
    assertMatch(refused.message, /answered 401.*OPENAI_API_KEY/);
  }
});

/** A server before another one, with a list of models of its own. */
function startRelay(server: ModelServer, list: () => Response) {
  const relay = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/v1/models") return list();
    return await fetch(new URL(pathname, server.url), {
      method: request.method,
      headers: request.headers,
      body: await request.text(),
    });
  });
  return {
    url: new URL(`http://127.0.0.1:${relay.addr.port}/v1`),
    [Symbol.asyncDispose]: () => relay.shutdown(),
  };
}
