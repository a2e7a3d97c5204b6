/** HTTP of the status port: what it reads, and what it bounds. @module */

import { assertEquals } from "@std/assert";
import { MAX_CONNECTION_MS, MAX_CONNECTIONS, serveRequests, type StatusRequest } from "../../src/status/requests.ts";
import { manualClock } from "../support/manual_clock.ts";

/** A port that answers with what it was asked. */
function serve() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 }), { port } = listener.addr;
  const clock = manualClock();
  const respond = ({ method, target, headers }: StatusRequest) =>
    new Response(`${method} ${target} ${headers.get("x-test")}`);
  const serving = serveRequests(listener, { respond, clock, failed() {} });
  const connect = async (text = "") => {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    await connection.write(new TextEncoder().encode(text));
    return connection;
  };
  return { clock, connect, [Symbol.dispose]: () => serving[Symbol.dispose]() };
}

/** All that comes until the other side ends. */
async function rest(connection: Deno.Conn): Promise<string> {
  try {
    return await new Response(connection.readable).text();
  } catch {
    return ""; // reset
  }
}

Deno.test("a request that comes in pieces is answered, and the connection ends", async () => {
  using server = serve();
  const connection = await server.connect("GET /metrics?x HTTP/1.1\r\nX-Te");
  await connection.write(new TextEncoder().encode("st: a: b \r\nHost: x\r\n\r"));
  await connection.write(new TextEncoder().encode("\n"));
  const [head = "", body] = (await rest(connection)).split("\r\n\r\n");
  assertEquals([head.split("\r\n")[0], body], ["HTTP/1.1 200 ", "GET /metrics?x a: b"]);
});

for (
  const [what, text] of Object.entries({
    "no HTTP": "hello\r\n\r\n",
    "HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no headers": "GET / HTTP/1.1\r\nno header\r\n\r\n",
    "endless headers": `GET / HTTP/1.1\r\nx: ${"x".repeat(16_400)}`,
  })
) {
  Deno.test(`a request is refused: ${what}`, async () => {
    using server = serve();
    const answer = await rest(await server.connect(text));
    assertEquals(answer.split("\r\n")[0], "HTTP/1.1 400 ");
  });
}

Deno.test("a connection that asks nothing is closed after a while", async () => {
  using server = serve();
  const silent = await server.connect("GET / HT");
  assertEquals((await rest(await server.connect("GET / HTTP/1.1\r\n\r\n"))).split("\r\n")[0], "HTTP/1.1 200 ");
  await server.clock.advance(MAX_CONNECTION_MS);
  assertEquals(await rest(silent), "");
});

Deno.test("a request that comes byte by byte has no more time than one that does not come", async () => {
  using server = serve();
  const dripping = await server.connect("G");
  assertEquals((await rest(await server.connect("GET / HTTP/1.1\r\n\r\n"))).split("\r\n")[0], "HTTP/1.1 200 ");
  for (const byte of "ET / HTTP") {
    await server.clock.advance(MAX_CONNECTION_MS / 10);
    await dripping.write(new TextEncoder().encode(byte));
  }
  await server.clock.advance(MAX_CONNECTION_MS / 10);
  assertEquals(await rest(dripping), "");
});

Deno.test("one connection too many closes the oldest, and is answered", async () => {
  using server = serve();
  const silent: Deno.Conn[] = [];
  for (let count = 0; count < MAX_CONNECTIONS; count++) silent.push(await server.connect("GET / HT"));
  assertEquals((await rest(await server.connect("GET / HTTP/1.1\r\n\r\n"))).split("\r\n")[0], "HTTP/1.1 200 ");
  assertEquals(await rest(silent.shift()!), "");
  for (const connection of silent) connection.close();
});
