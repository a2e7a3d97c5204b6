/** An agent that makes the index of large knowledge: what goes on meanwhile, and what waits for it. @module */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { type AgentUnderTest, startAgent } from "../support/agent.ts";
import { corpus, NEEDLE } from "../support/corpus.ts";
import { makeFolder } from "../support/folder.ts";
import { healthAt, scrapedUntil, SHOWN, statusOf } from "../support/status.ts";

const BEGUN = ({ message }: { message: string }) => message.startsWith("indexing the knowledge");
const DONE = "knowledge indexed";
const INDEXED = 'agent_condition{condition="knowledge_indexed"}';

/** A folder with ten megabytes to know, and a question about them. */
function makeLibrary() {
  return makeFolder({
    "c.json": { name: "Librarian", bio: "Has read it all.", knowledge: [{ path: "text.md" }] },
    "text.md": corpus(10_000_000),
    "iexec_in/events.json": [{ id: "q1", query: NEEDLE.question, timestamp: 1 }],
  });
}

function start(folder: string, env: Record<string, string> = {}): Promise<AgentUnderTest> {
  return startAgent({ folder, env: { AGENT_CHARACTER: "c.json", ...env } });
}

Deno.test("while large knowledge is indexed events are taken and refused, and a question is answered after it", async () => {
  await using library = makeLibrary();
  await using agent = await start(library.path);
  await agent.logged(BEGUN);
  await Deno.writeTextFile(
    `${library.path}/iexec_in/events.json`,
    JSON.stringify([{ id: "q1", query: NEEDLE.question, timestamp: 1 }, { id: "q2", query: 7, timestamp: 1 }]),
  );
  const [refused] = await agent.responses(1);
  assertEquals(refused!.queryId, "q2");
  assert(!agent.log.some(({ message }) => message === DONE), "the refusal waited for the index");
  const answered = (await agent.responses(2)).find(({ queryId }) => queryId === "q1");
  assertMatch(answered!.response!, NEEDLE.answer);
});

Deno.test("/readyz names the knowledge while its first index is made, and /healthz says that the agent lives", async () => {
  await using library = makeLibrary();
  await using agent = await start(library.path, SHOWN);
  const url = await statusOf(agent);
  await agent.logged(BEGUN);
  const [ready, alive] = [await healthAt(`${url}/readyz`), await healthAt(`${url}/healthz`)];
  assert(!agent.log.some(({ message }) => message === DONE), "it was indexed before anybody asked");
  assertEquals([ready.status, ready.body.conditions.knowledge_indexed], [503, false]);
  assertEquals(alive.status, 200);
  await agent.logged(DONE);
  const indexed = await scrapedUntil(url, (found) => found.get(INDEXED) === 1);
  assertEquals(indexed.get(INDEXED), 1);
  assertEquals((await healthAt(`${url}/readyz`)).status, 200);
});

Deno.test("a stop does not wait for the index, and the question is answered by the next start", async () => {
  await using library = makeLibrary();
  {
    await using agent = await start(library.path);
    await agent.logged(BEGUN);
    assertEquals((await agent.stop()).code, 0);
    assert(!agent.log.some(({ message }) => message === DONE), "it was indexed to the end");
  }
  await using agent = await start(library.path);
  const [answered] = await agent.responses(1);
  assertEquals(answered!.queryId, "q1");
  assertMatch(answered!.response!, NEEDLE.answer);
});
