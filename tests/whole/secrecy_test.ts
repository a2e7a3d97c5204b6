/** What is said in confidence stands in no log line, at any level, on any path. @module */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { startAgent } from "../support/agent.ts";
import { startServer } from "../support/server.ts";
import { makeFolder } from "../support/folder.ts";

/** A query that the knowledge answers, in a spelling that stands nowhere else. */
const QUERY = "wHaT iS tHe cAnArY oF tHe mInE cAlLeD?";
const ANSWER = "canary-in-answer-77ab", TOKEN = "canary-in-token-c2e9";

/** The lines that tell a secret. */
function telling(lines: readonly string[], secrets = [QUERY, ANSWER, TOKEN]): string[] {
  return lines.filter((line) => secrets.some((secret) => line.includes(secret)));
}

/** A folder with a character whose only knowledge is the canary. */
function makeCharacter() {
  const folder = makeFolder();
  const character = {
    name: "Keeper",
    bio: "Keeps canaries.",
    knowledge: [`The canary of the mine is called ${ANSWER}.`],
  };
  Deno.writeTextFileSync(`${folder.path}/character.json`, JSON.stringify(character));
  return folder;
}

function event(id: string, more: Record<string, unknown> = {}) {
  return { id, query: QUERY, timestamp: 1, ...more };
}

for (const format of ["text", "json"]) {
  Deno.test(`over WebSocket no query, answer or token is in a ${format} log line, even at the noisiest level`, async () => {
    await using folder = makeCharacter();
    await using server = await startServer({ token: TOKEN, events: [] });
    const env = {
      USE_WEBSOCKET: "true",
      WEBSOCKET_URL: server.url,
      WEBSOCKET_AUTH_TOKEN: TOKEN,
      WEBSOCKET_RECONNECT_INTERVAL: "10",
      AGENT_CHARACTER: "character.json",
      LOG_LEVEL: "debug",
      LOG_FORMAT: format,
      // What the core would read, and print prompts at.
      LOG_JSON_FORMAT: "true",
      DEFAULT_LOG_LEVEL: "trace",
    };
    await using agent = await startAgent({ folder: folder.path, env });
    await server.authenticated(1);
    server.send(
      event("q1", { metadata: { userId: "u1" } }),
      event("q2", { metadata: { userId: "u1" } }),
      event("q1"),
      `{"id":"broken","query":"${QUERY}`,
      { id: "wrong", query: [QUERY], timestamp: QUERY },
      { type: `unknown`, query: QUERY },
      QUERY,
    );
    const responses = await server.responses(2);
    for (const { response } of responses) assertStringIncludes(response, ANSWER);
    server.drop();
    await server.authenticated(2);
    server.send(event("q1"), event("q3"));
    // Acks that were held back when the line was cut are gone: only the last one is sure to come.
    await server.received((message) => message.type === "ack" && message.eventId === "q3");
    assertEquals((await agent.stop()).code, 0);
    assert(agent.lines.length > 20, "the log is not empty");
    assertEquals(telling(agent.lines), []);
  });
}

Deno.test("from a file no query or answer is in a log line, however broken the file", async () => {
  await using folder = makeCharacter();
  const path = `${folder.path}/iexec_in/events.json`;
  Deno.mkdirSync(`${folder.path}/iexec_in`);
  Deno.writeTextFileSync(path, `[{"id":"q0","query":"${QUERY}",]`);
  await using agent = await startAgent({
    folder: folder.path,
    env: { AGENT_CHARACTER: "character.json", LOG_LEVEL: "debug", EVENT_POLL_INTERVAL: "20" },
  });
  await agent.logged("events file can't be read: what it held before stands, and it is read again when it changes");
  Deno.writeTextFileSync(path, JSON.stringify([event("q1"), { id: "q2", query: { text: QUERY } }, QUERY]));
  // The refused event leaves an entry, too.
  const entries = await agent.responses(2);
  assertStringIncludes(entries.find(({ queryId }) => queryId === "q1")!.response!, ANSWER);
  assertEquals(telling(entries.map(({ error }) => error ?? "")), []);
  await agent.stop();
  assertEquals(telling(agent.lines), []);
});

Deno.test("LOG_CONTENT=true prints queries and answers, and still no token", async () => {
  await using folder = makeCharacter();
  await using server = await startServer({ token: TOKEN, events: [event("q1")] });
  const env = {
    USE_WEBSOCKET: "true",
    WEBSOCKET_URL: server.url,
    WEBSOCKET_AUTH_TOKEN: TOKEN,
    AGENT_CHARACTER: "character.json",
    LOG_CONTENT: "true",
  };
  await using agent = await startAgent({ folder: folder.path, env });
  await server.acks(1);
  await agent.stop();
  const printed = agent.lines.join("\n");
  assertStringIncludes(printed, QUERY);
  assertStringIncludes(printed, ANSWER);
  assertEquals(telling(agent.lines, [TOKEN]), []);
});
