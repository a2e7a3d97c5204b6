/** The guard: requests that are let in or refused by their headers, and over the wire. @module */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { hasBearer, refuseForeign } from "../../src/test_server/guard.ts";
import { connect } from "../support/client.ts";
import { startServer } from "../support/server.ts";

const HANDSHAKE = { upgrade: "websocket" };

for (
  const [what, headers, status] of [
    ["a program that asks over REST", { host: "localhost:8080" }, undefined],
    ["an agent, by whatever name it calls the server", { host: "agents.example.org", ...HANDSHAKE }, undefined],
    ["the server's own page", { host: "localhost:8080", origin: "http://localhost:8080", ...HANDSHAKE }, undefined],
    ["its page over TLS", { host: "localhost", origin: "https://localhost" }, undefined],
    ["its page at an IPv4 address", { host: "192.0.2.1:8080", origin: "http://192.0.2.1:8080" }, undefined],
    ["its page at an IPv6 address", { host: "[::1]:8080", origin: "http://[::1]:8080" }, undefined],
    ["its page at a name without a dot", { host: "websocket-server:8080" }, undefined],
    ["its page at the name it listens on", { host: "Here.example.org:8080" }, undefined],
    ["another site's page", { host: "localhost:8080", origin: "https://evil.example", ...HANDSHAKE }, 403],
    ["a page of another port", { host: "localhost:8080", origin: "http://localhost:3000", ...HANDSHAKE }, 403],
    ["a page without an origin of its own", { host: "localhost:8080", origin: "null", ...HANDSHAKE }, 403],
    ["a page at a name that was pointed here", { host: "evil.example:8080" }, 421],
    ["its WebSocket", { host: "evil.example", origin: "http://evil.example", ...HANDSHAKE }, 421],
    ["a page over HTTP/2, which has the host in the URL", { url: "https://evil.example/" }, 421],
    ["its page over HTTP/2", { url: "https://localhost:8080/", origin: "https://localhost:8080" }, undefined],
    ["one with a host that is none", { host: "a b" }, 421],
  ] as const
) {
  Deno.test(`${what}: ${status === undefined ? "welcome" : status}`, () => {
    const { url = "http://localhost", ...others } = { ...headers as Record<string, string> };
    const request = { headers: new Headers(others), url } as Request; // all that is looked at; Deno's own drops `host`
    assertEquals(refuseForeign(request, { hostname: "here.example.org" })?.status, status);
  });
}

Deno.test("with a token, the server may have any name, and other sites' pages are still turned away", () => {
  const refusal = (headers: Record<string, string>) =>
    refuseForeign({ headers: new Headers(headers) } as Request, { hostname: "localhost", token: "secret" })?.status;
  assertEquals(refusal({ host: "agents.example.org", origin: "https://agents.example.org" }), undefined);
  assertEquals(refusal({ host: "agents.example.org", origin: "https://evil.example" }), 403);
});

for (
  const [authorization, isRight] of [
    ["Bearer secret", true],
    ["bearer  secret", true],
    ["Bearer secret2", false],
    ["Bearer", false],
    ["Basic secret", false],
    ["secret", false],
    [undefined, false],
  ] as const
) {
  Deno.test(`Authorization: ${authorization}: ${isRight ? "the" : "not the"} token`, () => {
    const request = new Request("http://localhost", authorization === undefined ? {} : { headers: { authorization } });
    assertEquals(hasBearer(request, "secret"), isRight);
    assertEquals(hasBearer(request, undefined), true);
  });
}

Deno.test("over the wire: another site's page gets neither a WebSocket nor an answer, and no event is taken", async () => {
  await using server = await startServer({ events: [] });
  const http = server.url.replace("ws:", "http:");
  for (
    const [path, init] of [
      ["/", { headers: { origin: "https://evil.example" } }],
      ["/api/query", {
        method: "POST",
        headers: { origin: "https://evil.example", "content-type": "application/json" },
        body: '{"query":"?"}',
      }],
      ["/feed", {
        headers: {
          origin: "https://evil.example",
          upgrade: "websocket",
          connection: "upgrade",
          "sec-websocket-version": "13",
          "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        },
      }],
    ] as const
  ) {
    const response = await fetch(http + path, init);
    assertEquals(response.status, 403, path);
    assertStringIncludes(await response.text(), "not the pages of other sites");
  }
  assertEquals(server.lines.filter((line) => /❓|✅/.test(line)), []);
  await using own = await connect(server.url, { headers: { origin: http } });
  own.send({ id: "own", query: "?", timestamp: 1 });
  await server.printed("❓ Event asked by a client: own");
});
