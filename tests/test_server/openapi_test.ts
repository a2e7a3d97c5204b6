/** The OpenAPI document, held against what the handlers do over the wire. @module */

import { assertEquals, assertNotEquals } from "@std/assert";
import * as z from "zod";
import { connect } from "../support/client.ts";
import { type ServerUnderTest, startServer } from "../support/server.ts";
import { http } from "./agent_server.ts";

const AGENT = "550e8400-e29b-41d4-a716-446655440000";

interface Operation {
  readonly operationId: string;
  readonly security: readonly unknown[];
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { schema?: Schema }>> }>>;
}
type Schema = { readonly $ref: string } | { readonly oneOf: readonly { readonly $ref: string }[] };
interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Record<string, unknown>>> };
}

Deno.test("every response is documented, has the body that the document says, and every documented one is seen", async () => {
  await using stack = new AsyncDisposableStack();
  const usual = stack.use(await startServer());
  const full = stack.use(await startServer({ events: [], limits: { unanswered: 1, waits: 0, frameBytes: 500 } }));
  const closed = stack.use(await startServer({ token: "secret", events: [] }));
  const document = await (await fetch(`${http(usual)}/openapi.json`)).json() as Document;
  const seen = new Set<string>();
  const call = caller(document, seen);

  await askInEveryWay(call, { usual, full, closed });
  await lookInEveryWay(call, { usual, full, closed });

  const documented = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, { responses }]) =>
      Object.keys(responses).map((status) => `${method} ${path} ${status}`)
    )
  );
  assertEquals([...seen].toSorted(), documented.toSorted());
});

Deno.test("a method that is not documented is refused, and the ones that are, are named", async () => {
  await using server = await startServer({ events: [] });
  const { paths } = await (await fetch(`${http(server)}/openapi.json`)).json() as Document;
  for (const [path, operations] of Object.entries(paths)) {
    const methods = Object.keys(operations).flatMap((method) =>
      method === "get" ? ["GET", "HEAD"] : [method.toUpperCase()]
    );
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"]) {
      if (methods.includes(method)) continue;
      const response = await fetch(http(server) + path.replace("{id}", "x"), { method });
      await response.body?.cancel();
      assertEquals([response.status, response.headers.get("allow")], [405, methods.join(", ")], `${method} ${path}`);
    }
  }
});

Deno.test("operations have names of their own, and only health and the document are open to everybody", async () => {
  await using server = await startServer({ events: [] });
  const { openapi, paths } = await (await fetch(`${http(server)}/openapi.json`)).json() as Document;
  assertEquals(openapi, "3.1.1");
  const operations = Object.values(paths).flatMap((methods) => Object.values(methods));
  assertEquals(new Set(operations.map(({ operationId }) => operationId)).size, operations.length);
  const open = Object.entries(paths).filter(([, { get }]) => get?.security.length === 0).map(([path]) => path);
  assertEquals(open, ["/healthz", "/openapi.json"]);
});

type Call = ReturnType<typeof caller>;
interface Servers {
  readonly usual: ServerUnderTest;
  /** Takes on one event, short ones only, and lets nobody wait. */
  readonly full: ServerUnderTest;
  /** Wants a token. */
  readonly closed: ServerUnderTest;
}

/** `POST /api/query` and `POST /api/forget`, with everything that can come of it. */
async function askInEveryWay(call: Call, { usual, full, closed }: Servers): Promise<void> {
  await using agent = await connect(usual.url);
  agent.authenticate({ agentId: AGENT });
  const [, sample, other] = await agent.received(4) as { id: string }[];
  agent.send(
    {
      type: "response",
      queryId: sample?.id,
      response: "!",
      timestamp: 1,
      agentId: AGENT,
      metadata: { declined: true },
    },
    { type: "ack", eventId: other?.id, status: "error", error: "no model", timestamp: 1 },
  );
  await usual.acks(1);
  const ask = (server: ServerUnderTest, body: unknown, path = "/api/query") =>
    call(server, "/api/query", { method: "POST", body: JSON.stringify(body) }, path);

  await ask(usual, { query: "?", id: "mine" });
  await ask(usual, { query: "?", id: "slow" }, "/api/query?wait=0.001");
  await ask(usual, { query: "other", id: "mine" });
  await ask(usual, { query: 7 });
  await call(usual, "/api/query", { method: "POST", body: "text", headers: { "content-type": "text/plain" } });
  for (const status of ["response", "ack"]) {
    const waiting = ask(usual, { query: "?", id: status }, "/api/query?wait=60");
    await usual.printed(`📤 Sending event: ${status}`);
    if (status === "response") {
      agent.send({ type: status, queryId: status, response: "!", timestamp: 1, agentId: AGENT });
    } else agent.send({ type: status, eventId: status, status: "error", error: "no", timestamp: 1 });
    await waiting;
  }
  await ask(full, { query: "x".repeat(600) });
  await ask(full, { query: "?", id: "first" });
  await ask(full, { query: "?" });
  await ask(closed, { query: "?" });
  const forget = (server: ServerUnderTest, body: unknown) =>
    call(server, "/api/forget", { method: "POST", body: JSON.stringify(body) });
  await forget(usual, { userId: "u" });
  await forget(usual, {});
  await call(usual, "/api/forget", { method: "POST", body: "text", headers: { "content-type": "text/plain" } });
  await forget(full, { userId: "x".repeat(600) });
  await forget(full, { userId: "u" });
  await forget(closed, { userId: "u" });
}

/** Every GET, with everything that can come of it. */
async function lookInEveryWay(call: Call, { usual, full, closed }: Servers): Promise<void> {
  for (const path of ["/api/events", "/api/agents", "/healthz", "/openapi.json"]) {
    for (const server of [usual, closed]) await call(server, path, {});
  }
  await call(usual, "/api/events", {}, "/api/events?limit=2");
  await call(usual, "/api/events", {}, "/api/events?limit=none");
  for (const [id, server] of [["mine", usual], ["ack", usual], ["nobody's", usual], ["mine", closed]] as const) {
    await call(server, "/api/events/{id}", {}, `/api/events/${id}`);
  }
  await call(usual, "/api/events/{id}/stream", {}, "/api/events/response/stream");
  await call(usual, "/api/events/{id}/stream", { headers: { "last-event-id": "end" } }, "/api/events/response/stream");
  await call(usual, "/api/events/{id}/stream", {}, "/api/events/unknown/stream");
  await call(full, "/api/events/{id}/stream", {}, "/api/events/first/stream");
  await call(closed, "/api/events/{id}/stream", {}, "/api/events/first/stream");
}

/** Calls an operation, notes what came, and holds its body against the document. */
function caller(document: Document, seen: Set<string>) {
  return async (server: ServerUnderTest, path: string, init: RequestInit, address = path): Promise<void> => {
    const method = (init.method ?? "GET").toLowerCase();
    const response = await fetch(http(server) + address, {
      ...init,
      headers: { ...init.body ? { "content-type": "application/json" } : {}, ...init.headers },
    });
    seen.add(`${method} ${path} ${response.status}`);
    const documented = document.paths[path]?.[method]?.responses[response.status];
    assertNotEquals(documented, undefined, `${method} ${address}: ${response.status} is not documented`);
    const [mediaType, media] = Object.entries(documented?.content ?? {})[0] ?? [];
    assertEquals(response.headers.get("content-type") ?? undefined, mediaType, `${method} ${address}`);
    const text = await response.text();
    if (!media?.schema) return;
    const refs = "oneOf" in media.schema ? media.schema.oneOf : [media.schema];
    const body = JSON.parse(text);
    const complaints = refs.map(({ $ref }) => schemaOf($ref, document).safeParse(body).error?.message);
    assertEquals(complaints.includes(undefined), true, `${method} ${address}: ${text} ${complaints}`);
  };
}

/** The document's JSON Schema, as what zod makes of it. */
function schemaOf($ref: string, { components }: Document): z.ZodType {
  const $defs = Object.fromEntries(
    Object.entries(components.schemas).map(([name, schema]) => [name, within(schema)]),
  );
  const name = $ref.replace("#/components/schemas/", "");
  return z.fromJSONSchema({ $ref: `#/$defs/${name}`, $defs });
}

/** References as they are within a JSON Schema. */
function within(schema: Record<string, unknown>): Record<string, unknown> {
  return JSON.parse(JSON.stringify(schema).replaceAll("#/components/schemas/", "#/$defs/"));
}
