/** Requests that no honest client makes, byte by byte: each is refused, and the server goes on for everybody else. @module */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { startServer } from "../support/server.ts";
import { http } from "./agent_server.ts";

const HOST = "Host: localhost\r\n";

/** What the server at `port` answers to some bytes, until it closes. */
async function answerTo(port: number, request: string): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode(request));
  let text = "";
  const piece = new Uint8Array(65_536);
  try {
    for (let size = await connection.read(piece); size !== null; size = await connection.read(piece)) {
      text += new TextDecoder("latin1").decode(piece.subarray(0, size));
    }
  } catch (error) {
    // What is closed with bytes unread arrives as a reset.
    if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
  }
  return text;
}

const get = (path: string, more = "") => `GET ${path} HTTP/1.1\r\n${HOST}Connection: close\r\n${more}\r\n`;
const post = (head: string, body: string) =>
  `POST /api/query HTTP/1.1\r\n${HOST}Connection: close\r\nContent-Type: application/json\r\n${head}\r\n${body}`;

/** Paths that lead out of what is served, as they are on the wire: a client's URL parser would take them apart. */
const PATHS = [
  "/page/../../../../etc/passwd",
  "/page/..%2f..%2f..%2f..%2fetc%2fpasswd",
  "/page/%2e%2e/%2e%2e/deno.json",
  "/page/..\\..\\deno.json",
  "/page/%c0%ae%c0%ae/deno.json",
  "/page/app.ts%00.html",
  "//etc/passwd",
  "/./page/../deno.json",
  "/page/....//deno.json",
  "/api/events/..%2f..%2fdeno.json",
  "file:///etc/passwd",
  "http://localhost/page/../deno.json",
];

Deno.test("no path leads to a file that is not the page's", async () => {
  await using server = await startServer();
  for (const path of PATHS) {
    const answer = await answerTo(server.port, get(path));
    assertMatch(answer, /^HTTP\/1\.1 (400|404|405|421) /, `${path}: ${answer.slice(0, 200)}`);
    assert(!/root:|"imports"/.test(answer), path);
  }
});

/** Requests whose length or form is in doubt: who reads them otherwise could be made to see a second request. */
const REQUESTS: Record<string, string> = {
  "two lengths": post("Content-Length: 13\r\nContent-Length: 40\r\n", '{"query":"?"}'),
  "a length and chunks": post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", 'd\r\n{"query":"?"}\r\n0\r\n\r\n'),
  "a length that is negative": post("Content-Length: -1\r\n", '{"query":"?"}'),
  "a length that is none": post("Content-Length: ten\r\n", '{"query":"?"}'),
  "a chunk of no size": post("Transfer-Encoding: chunked\r\n", "zz\r\n{}\r\n0\r\n\r\n"),
  "a header with a blank in its name": get("/healthz", "X More: 1\r\n"),
  "a header over two lines": get("/healthz", "X-More: 1\r\n 2\r\n"),
  "a NUL in a header": get("/healthz", "X-More: a\0b\r\n"),
  "no method": "/healthz HTTP/1.1\r\n\r\n",
  "another protocol": "\x16\x03\x01\x00\x10TLS, says the client\r\n\r\n",
};

Deno.test("a request in a doubtful form takes no event in, and is followed by no other", async () => {
  await using server = await startServer();
  for (const [what, request] of Object.entries(REQUESTS)) {
    const answer = await answerTo(server.port, request);
    assertEquals((answer.match(/^HTTP\/1\.1 /gm) ?? []).length <= 1, true, `${what}: ${answer}`);
    if (what !== "a length and chunks") {
      assert(!/^HTTP\/1\.1 20[12]/.test(answer), `${what}: ${answer.slice(0, 200)}`);
    }
  }
  const health = await fetch(`${http(server)}/healthz`);
  await health.body?.cancel();
  assertEquals([health.status, server.lines.filter((line) => line.startsWith("❓")).length <= 1], [200, true]);
});

Deno.test("texts of a client stand in no header of the answer: a line break in an id or a wait begins no new one", async () => {
  await using server = await startServer();
  const id = encodeURIComponent("a\r\nX-Injected: 1\r\n\r\n<script>");
  for (const path of [`/api/events/${id}`, `/api/events?state=${id}`, `/api/query?wait=${id}`, `/${id}`]) {
    const response = await fetch(`${http(server)}${path}`);
    const text = await response.text();
    assertEquals(response.headers.get("x-injected"), null, path);
    assertMatch(response.headers.get("content-type") ?? "", /^application\/json|^text\/plain/, `${path}: ${text}`);
  }
});

Deno.test("hundreds of requests that never end keep nobody else waiting", async () => {
  await using server = await startServer();
  using stack = new DisposableStack();
  for (let count = 0; count < 300; count++) {
    const connection = stack.use(await Deno.connect({ hostname: "127.0.0.1", port: server.port }));
    const begun = count % 2 ? `POST /api/query HTTP/1.1\r\n${HOST}Content-Length: 900\r\n\r\n{` : "GET /heal";
    await connection.write(new TextEncoder().encode(begun));
  }
  const response = await fetch(`${http(server)}/api/query`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"query":"?"}',
  });
  assertEquals([response.status, (await response.json()).success], [200, true]);
});

/** Types of bodies that a browser sends to other sites without asking first, and some that only look like JSON's. */
const TYPES = [
  undefined,
  "",
  "text/plain",
  "text/plain; application/json",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=application/json",
  "application/jsonp",
  "image/png",
];

Deno.test("a body that is not sent as JSON takes no event in, and a preflight gives no other site leave to send one", async () => {
  await using server = await startServer();
  for (const type of TYPES) {
    const response = await fetch(`${http(server)}/api/query`, {
      method: "POST",
      // Bytes, since a text would get a type.
      body: new TextEncoder().encode('{"query":"?"}'),
      ...type !== undefined && { headers: { "content-type": type } },
    });
    await response.body?.cancel();
    assertEquals(response.status, 415, `${type}`);
  }
  for (const origin of ["https://evil.example", "null"]) {
    const response = await fetch(`${http(server)}/api/query`, {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "content-type" },
    });
    await response.body?.cancel();
    assertEquals(response.status, 403);
    assertEquals([...response.headers.keys()].filter((name) => name.startsWith("access-control")), []);
  }
  assertEquals(server.lines.filter((line) => line.startsWith("❓")), []);
});
