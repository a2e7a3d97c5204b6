/** From outside: the test server as a process, real agents, and clients of the kind that people have. @module */

import { assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { type AgentUnderTest, startAgent } from "../support/agent.ts";
import { type Client, connect } from "../support/client.ts";
import { AUTHORITY, LOCALHOST_CERTIFICATE } from "../support/localhost_certificate.ts";
import { type ServerProcess, startServerProcess } from "../support/server_process.ts";
import { makeFolder } from "../support/folder.ts";

interface Reply {
  readonly type: string;
  readonly queryId?: string;
  readonly eventId?: string;
  readonly status?: string;
  readonly response?: string;
  readonly message?: string;
}

Deno.test("an event sent by websocat is answered by an agent: its response comes back, then its ack", async () => {
  await using server = await start();
  await using _agent = await startAgent({ env: { USE_WEBSOCKET: "true", WEBSOCKET_URL: server.url } });
  await using client = await connect(server.url);
  client.send('{"id":"test-001","query":"What is iExec?","timestamp":1700000000000}');
  const [response, ack] = await client.received(2) as Reply[];
  assertEquals([response?.type, response?.queryId], ["response", "test-001"]);
  assertStringIncludes(response?.response ?? "", "iExec");
  assertEquals([ack?.type, ack?.eventId, ack?.status], ["ack", "test-001", "processed"]);
  client.send(
    '{"id":"test-002","timestamp":1700000000000}',
    '{"id":"test-001","query":"What is iExec?","timestamp":1}',
  );
  const [error, again] = (await client.received(4)).slice(2) as Reply[];
  assertEquals([error?.type, error?.eventId], ["error", "test-002"]);
  assertStringIncludes(error?.message ?? "", "query: missing");
  assertEquals(again, response); // the same id is the same event
  await client.received(5); // its ack
  client.send({ type: "query", query: "What is iExec?" });
  const [typed] = (await client.received(6)).slice(5) as Reply[];
  assertEquals(typed?.message, "type: expected auth, or none in an event");
});

Deno.test("a POST is accepted at once, before there is an agent; with ?wait the response comes, and GET tells it again", async () => {
  await using server = await start();
  const early = await server.post("/api/query", { query: "What is iExec?", userId: "user-123" });
  assertEquals([early.status, Object.keys(early.body), early.body.success], [200, ["success", "eventId"], true]);
  assertEquals((await server.get(`/api/events/${early.body.eventId}`)).body.state, "waiting");

  await using _agent = await startAgent({ env: { USE_WEBSOCKET: "true", WEBSOCKET_URL: server.url } });
  const { status, body } = await server.post("/api/query?wait=30", { query: "What is a workerpool?" });
  assertEquals([status, body.success, body.state], [200, true, "answered"]);
  assertStringIncludes(String(body.response), "workerpool");
  assertEquals((await server.get(`/api/events/${body.eventId}`)).body, body);
  await server.printed(`✅ Event ${early.body.eventId} processed`);
  assertEquals((await server.get(`/api/events/${early.body.eventId}`)).body.state, "answered");
});

Deno.test("two agents share the events; one is killed, and its events are answered by the other", async () => {
  await using server = await start();
  await using stopped = await startAgent({ env: { USE_WEBSOCKET: "true", WEBSOCKET_URL: server.url } });
  await using other = await startAgent({ env: { USE_WEBSOCKET: "true", WEBSOCKET_URL: server.url } });
  await Promise.all([stopped, other].map(authenticated));
  await server.printed("✅ Event ws-event-003 processed");
  stopped.kill("SIGSTOP");
  const asked = [];
  for (let n = 0; n < 8; n++) asked.push(await server.post("/api/query", { query: "What is iExec?", userId: `u${n}` }));
  const ids = asked.map(({ body }) => String(body.eventId));
  const had = (await Promise.all(ids.map((id) => server.get(`/api/events/${id}`))))
    .filter(({ body }) => body.state === "answering");
  assertNotEquals(had.length, 0);
  stopped.kill("SIGKILL");
  for (const id of ids) await server.printed(`✅ Event ${id} processed`);
  const answered = new Set((await other.responses(ids.length)).map(({ queryId }) => queryId));
  assertEquals(ids.filter((id) => !answered.has(id)), []);
});

Deno.test("--broadcast: each agent answers each event, and whoever asked gets one response", async () => {
  await using server = await start({ args: ["--broadcast"] });
  await using one = await startAgent({ env: { USE_WEBSOCKET: "true", WEBSOCKET_URL: server.url } });
  await using other = await startAgent({ env: { USE_WEBSOCKET: "true", WEBSOCKET_URL: server.url } });
  await Promise.all([one, other].map(authenticated));
  await using client = await connect(server.url);
  client.send({ id: "for-all", query: "What is iExec?", timestamp: 1 });
  await client.received(2);
  for (const agent of [one, other]) {
    await agent.logged(({ message, event }) => /✅/.test(message) && event === "for-all");
  }
  client.send({ id: "after", query: "What is iExec?", timestamp: 1 });
  const frames = await client.received(4) as Reply[];
  assertEquals(frames.filter(({ queryId }) => queryId === "for-all").length, 1);
});

Deno.test("with a token and a certificate: wss and https for those who have both, nothing for the others", async () => {
  // The agent's own folder: an executable may not look for its authority elsewhere.
  await using home = makeFolder();
  const folder = home.path;
  for (const [name, pem] of Object.entries({ ...LOCALHOST_CERTIFICATE, authority: AUTHORITY })) {
    await Deno.writeTextFile(`${folder}/${name}.pem`, pem);
  }
  const env = { WEBSOCKET_AUTH_TOKEN: "s3cret", TLS_CERT: `${folder}/cert.pem`, TLS_KEY: `${folder}/key.pem` };
  await using server = await start({ env });
  assertMatch(server.url, /^wss:/);
  await using _agent = await startAgent({
    folder,
    env: {
      USE_WEBSOCKET: "true",
      WEBSOCKET_URL: server.url,
      WEBSOCKET_AUTH_TOKEN: "s3cret",
      WEBSOCKET_CA_FILE: `${folder}/authority.pem`,
    },
  });
  const question = { query: "What is iExec?" };
  const bearer = { authorization: "Bearer s3cret" };
  assertEquals((await server.post("/api/query?wait=30", question, bearer)).status, 200);
  for (const headers of [{}, { authorization: "Bearer s3cre" }, { authorization: "Basic s3cret" }]) {
    const { status, body } = await server.post("/api/query", question, headers);
    assertEquals([status, body.error], [401, "Send the token: Authorization: Bearer …"]);
  }
  const ask = async (client: Client) => {
    client.send({ id: crypto.randomUUID(), query: "What is iExec?", timestamp: 1 });
    return (await client.received(1) as Reply[])[0]?.type;
  };
  await using withHeader = await connect(server.url, { authority: AUTHORITY, headers: bearer });
  assertEquals(await ask(withHeader), "response");
  await using withFrame = await connect(server.url, { authority: AUTHORITY });
  withFrame.send({ type: "auth", token: "s3cret" });
  await withFrame.received(1);
  withFrame.send({ id: "framed", query: "What is iExec?", timestamp: 1 });
  assertEquals((await withFrame.received(2) as Reply[])[1]?.queryId, "framed");
  await using without = await connect(server.url, { authority: AUTHORITY });
  assertEquals(await ask(without), "error");
  await using wrong = await connect(server.url, { authority: AUTHORITY });
  wrong.send({ type: "auth", token: "guess" });
  const { code, reason } = await wrong.closed();
  assertEquals([code, reason], [1008, "wrong token"]);
});

Deno.test("--events sends so many to a real agent, tells throughput and latency, and ends with 0", async () => {
  await using server = await start({ args: ["--events", "50", "--rate", "1000"] });
  await using agent = await startAgent({ env: { USE_WEBSOCKET: "true", WEBSOCKET_URL: server.url } });
  assertEquals(await server.ended, { code: 0, errors: "" });
  assertEquals((await agent.responses(50)).length, 50);
  const [sending, answered, throughput, latency, ...more] = server.lines.slice(
    server.lines.findIndex((line) => line.startsWith("📤")),
  );
  assertEquals([sending, answered], ["📤 Sending 50 events at 1000 a second...", "📊 Answered 50 of 50 events"]);
  assertMatch(throughput ?? "", /^ {3}throughput: [\d,]+ a second, in \d+\.\d\d s$/);
  assertMatch(latency ?? "", /^ {3}latency: p50 [\d.]+ ms, p90 [\d.]+ ms, p99 [\d.]+ ms, max [\d.]+ ms$/);
  assertEquals(more.filter((line) => !line.startsWith("👋")), []);
});

Deno.test("--events ended before all is answered tells how far it came, and ends with 1", async () => {
  await using server = await start({ args: ["--events", "3"] });
  await using agent = await connect(server.url);
  agent.authenticate({ agentId: "550e8400-e29b-41d4-a716-446655440000" });
  const [, first, second] = await agent.received(4) as { id: string }[];
  agent.send(
    {
      type: "response",
      queryId: first?.id,
      response: "!",
      timestamp: 1,
      agentId: "550e8400-e29b-41d4-a716-446655440000",
    },
    { type: "ack", eventId: second?.id, status: "error", error: "down", timestamp: 1 },
    { type: "auth", agentId: "550e8400-e29b-41d4-a716-446655440000", timestamp: 1 },
  );
  await agent.received(5); // the auth is confirmed: what came before it has been heard
  server.kill("SIGINT");
  assertEquals(await server.ended, { code: 1, errors: "" });
  assertEquals(
    server.lines.find((line) => line.startsWith("📊")),
    "📊 Answered 1 of 3 events, 1 failed, 1 not answered yet (0 of them not sent)",
  );
});

Deno.test("the end of an agent during a load is printed, and its events go to the next one", async () => {
  const agentId = "550e8400-e29b-41d4-a716-446655440000";
  await using server = await start({ args: ["--events", "2"] });
  {
    await using agent = await connect(server.url);
    agent.authenticate({ agentId });
    await agent.received(3);
  }
  await server.printed("👋 An agent has gone and none is left: the load waits for one");
  await using agent = await connect(server.url);
  agent.authenticate({ agentId });
  await server.printed("🔐 One more agent takes part: 1 in all");
  for (const { id } of (await agent.received(3)).slice(1) as { id: string }[]) {
    agent.send(
      { type: "response", queryId: id, response: "!", timestamp: 1, agentId },
      { type: "ack", eventId: id, status: "processed", timestamp: 1 },
    );
  }
  assertEquals(await server.ended, { code: 0, errors: "" });
  assertEquals(server.lines.find((line) => line.startsWith("📊")), "📊 Answered 2 of 2 events");
  assertEquals(server.lines.filter((line) => line.startsWith("👋")).length, 1);
});

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A test server on a port of its own, and its REST interface. */
async function start(options: { args?: readonly string[]; env?: Record<string, string> } = {}): Promise<
  & ServerProcess
  & {
    /** For WEBSOCKET_URL. */
    readonly url: string;
    get(path: string): Promise<Answer>;
    post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  }
> {
  const { args = [], ...rest } = options;
  const server = startServerProcess({ args: ["--port", "0", ...args], ...rest });
  const url = (await server.printed("🌐 WebSocket Server listening on ")).replace(/^.* /, "");
  const client = Deno.createHttpClient({ caCerts: [AUTHORITY] });
  const call = async (path: string, init: RequestInit): Promise<Answer> => {
    const response = await fetch(url.replace("ws", "http") + path, { ...init, client });
    return { status: response.status, body: await response.json() };
  };
  return {
    ...server,
    url,
    get: (path) => call(path, {}),
    post: (path, body, headers = {}) =>
      call(path, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(body),
      }),
    async [Symbol.asyncDispose]() {
      client.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function authenticated(agent: AgentUnderTest): Promise<void> {
  await agent.logged("🔐 Authenticated with agentId {agent}");
}
