/** Requests that no honest client makes, byte by byte: each is refused, and the server goes on for everybody else. @module */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { systemClock } from "../../src/clock.ts";
import { startTestServer } from "../../src/test_server/server.ts";
import { connect } from "../support/client.ts";
import { startServer } from "../support/server.ts";
import { http, startWithAgent } from "./agent_server.ts";
import { openFeed } from "./feed_client.ts";

const AGENT = "550e8400-e29b-41d4-a716-446655440000";

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

/** A server of its own, where what it prints or observes is the test's to say. */
const LISTENING = { hostname: "127.0.0.1", port: 0, events: [], clock: systemClock };

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

/** Objects in one another, by keys that are numbers: JSON.stringify overflows the stack with those (ran it). */
const DEEP = `${'{"0":'.repeat(10_000)}1${"}".repeat(10_000)}`;
const TOO_DEEP = "nested more than 64 levels deep";

Deno.test("a frame that is nested too deep is refused, before and after an auth, and the server goes on", async () => {
  const auth = `{"type":"auth","agentId":"${AGENT}","timestamp":1`;
  const before = [
    `${auth},"attestation":{"format":${DEEP}}}`,
    `${auth},"attestation":{"format":"none","claims":${DEEP}}}`,
    `{"type":"auth","more":${DEEP}}`,
    `{"id":"deep","query":"?","timestamp":1,"metadata":${DEEP}}`,
  ];
  const after = [
    `{"type":"attestation","format":${DEEP}}`,
    `{"type":"response","queryId":"e","response":"!","timestamp":1,"agentId":"${AGENT}","metadata":{"more":${DEEP}}}`,
    `{"type":"ack","eventId":"e","status":"processed","timestamp":1,"more":${DEEP}}`,
  ];
  await using stage = await startWithAgent(AGENT);
  const { server, agent } = stage;
  await using client = await connect(server.url);
  client.send(...before, { id: "e", query: "?", timestamp: 1 });
  const refusals = await client.received(before.length) as { type: string; message: string }[];
  assertEquals(refusals.map(({ type, message }) => [type, message]), before.map(() => ["error", TOO_DEEP]));
  await agent.received(2);
  agent.send(...after, { type: "response", queryId: "e", response: "!", timestamp: 1, agentId: AGENT });
  const told = await agent.received(2 + after.length) as { message: string }[];
  assertEquals(told.slice(2).map(({ message }) => message), after.map(() => TOO_DEEP));
  await server.responses(1);
  assertEquals(server.lines.filter((line) => line.includes(TOO_DEEP)).length, before.length + after.length);
});

Deno.test("a body or a page's command that is nested too deep is refused, under the command's number", async () => {
  await using server = await startServer();
  const bodies = [["query", `{"query":"?","metadata":${DEEP}}`], ["query", `{"query":"?","more":${DEEP}}`], [
    "forget",
    `{"userId":"u","more":${DEEP}}`,
  ]] as const;
  for (const [path, body] of bodies) {
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${http(server)}/api/${path}`, { method: "POST", headers, body });
    assertEquals([response.status, (await response.json()).error], [400, TOO_DEEP]);
  }
  await using page = await openFeed(server);
  const reply = await page.command({ type: "ask", request: 7, query: "?", metadata: levels(100) });
  assertEquals(reply, { type: "refused", request: 7, reason: TOO_DEEP });
});

function levels(count: number): Record<string, unknown> {
  return count === 0 ? {} : { 0: levels(count - 1) };
}

Deno.test("the format of evidence is shown where it is a text, and left out where it is anything else", async () => {
  await using server = await startServer({ events: [] });
  await using page = await openFeed(server);
  for (const [index, format] of [{ 0: "x" }, ["none"], 7, "none"].entries()) {
    await using agent = await connect(server.url);
    agent.send({ type: "auth", agentId: AGENT, timestamp: 1, attestation: { format } });
    await page.next(
      "stray_frame",
      ({ frame: { connection, text } }) =>
        connection === index && text.endsWith(`"attestation":${format === "none" ? '{"format":"none"}' : "{}"}}`),
    );
  }
});

Deno.test("an error in the server while it deals with a frame ends that connection alone, and is told in the log", async () => {
  const lines: string[] = [];
  await using server = await startTestServer({
    ...LISTENING,
    print: (line) => void lines.push(line),
    observe(activity) {
      if (activity.connection === 1 && activity.kind === "received") throw new RangeError("stack\nexceeded");
    },
  });
  await using first = await connect(server.url);
  await using second = await connect(server.url);
  for (const agent of [first, second]) agent.authenticate({ agentId: AGENT });
  assertEquals((await second.closed()).code, 1011);
  assertEquals(lines.filter((line) => line.startsWith("❌")), [
    "❌ A client is disconnected, the server failed to deal with it: stack\\nexceeded",
  ]);
  await first.received(1);
  first.authenticate({ agentId: AGENT });
  assertEquals((await first.received(2) as { type: string }[])[1]?.type, "auth_success");
});

Deno.test("an error in the server after it has checked evidence ends that connection alone", async () => {
  const lines: string[] = [];
  await using server = await startTestServer({
    ...LISTENING,
    print(line) {
      lines.push(line);
      if (line.includes("Evidence refused")) throw new Error("no room on the terminal");
    },
  });
  await using agent = await connect(server.url);
  agent.send({ type: "auth", agentId: AGENT, timestamp: 1, attestation: "none" });
  assertEquals((await agent.closed()).code, 1011);
  assert(lines.some((line) => line.includes("no room on the terminal")));
});
