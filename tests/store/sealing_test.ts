/** The state directory under a key: unreadable without it, and nothing lost on the way there. @module */

import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import type { Database } from "../../src/store/database.ts";
import { FatalError } from "../../src/errors.ts";
import { openJournal } from "../../src/journal/journal.ts";
import { isInFiles, startAgent } from "../support/agent.ts";
import { makeFolder } from "../support/folder.ts";
import { openStateDatabase, openStateSeal, SEALED_COLUMNS } from "../../src/program/state.ts";

const KEY = "00112233445566778899aabbccddeeff".repeat(2);
const CANARY = "cAnArY";

function makeInput(path: string, ...ids: string[]) {
  Deno.mkdirSync(`${path}/iexec_in`, { recursive: true });
  const events = ids.map((id) => ({
    id,
    query: `What is iExec, ${CANARY}?`,
    timestamp: 1,
    metadata: { userId: `${CANARY}-user` },
  }));
  Deno.writeTextFileSync(`${path}/iexec_in/events.json`, JSON.stringify(events));
}

Deno.test("with a key no text of an event, an answer or a memory is in any file of the state directory", async () => {
  await using folder = makeFolder();
  makeInput(folder.path, "q1", "q2");
  for (const signal of ["SIGKILL", "SIGTERM"] as const) {
    await using agent = await startAgent({ folder: folder.path, env: { AGENT_STATE_KEY: KEY } });
    const entries = await agent.responses(2);
    agent.kill(signal);
    await agent.ended;
    assert(!isInFiles(`${folder.path}/.agent`, CANARY), "the query");
    assert(!isInFiles(`${folder.path}/.agent`, entries[0]!.response!.slice(0, 40)), "the answer");
    assert(isInFiles(`${folder.path}/.agent`, "q1"), "the check finds what is there");
  }
});

Deno.test("a key given later seals what is there, once, and nothing is lost", async () => {
  await using folder = makeFolder();
  makeInput(folder.path, "q1");
  {
    await using agent = await startAgent({ folder: folder.path });
    await agent.responses(1);
    await agent.stop();
    assert(isInFiles(`${folder.path}/.agent`, CANARY), "readable without a key");
  }
  makeInput(folder.path, "q1", "q2");
  for (let start = 0; start < 2; start++) {
    await using agent = await startAgent({ folder: folder.path, env: { AGENT_STATE_KEY: KEY } });
    const entries = await agent.responses(2);
    assertEquals(entries.map(({ queryId }) => queryId), ["q1", "q2"]);
    await agent.stop();
    assert(!isInFiles(`${folder.path}/.agent`, CANARY));
  }
});

for (const [what, key] of [["a wrong key", "ff".repeat(32)], ["no key", ""]] as const) {
  Deno.test(`${what} ends the program with 78, and the right one still opens everything`, async () => {
    await using folder = makeFolder();
    makeInput(folder.path, "q1");
    {
      await using agent = await startAgent({ folder: folder.path, env: { AGENT_STATE_KEY: KEY } });
      await agent.responses(1);
      await agent.stop();
    }
    const before = Deno.readFileSync(`${folder.path}/.agent/agent.db`);
    {
      await using agent = await startAgent({ folder: folder.path, env: { AGENT_STATE_KEY: key } });
      assertEquals((await agent.ended).code, 78);
      assertStringIncludes(agent.lines.at(-1)!, "AGENT_STATE_KEY");
    }
    assertEquals(Deno.readFileSync(`${folder.path}/.agent/agent.db`), before);
    await using agent = await startAgent({ folder: folder.path, env: { AGENT_STATE_KEY: KEY } });
    await agent.logged("🚀 Agent started");
  });
}

/** The columns of the schema that may hold a sealed text. */
function sealableColumns({ sqlite }: Database): string[] {
  return sqlite.prepare(
    `SELECT m.name || '.' || c.name AS name FROM sqlite_schema m, pragma_table_info(m.name) c
     WHERE m.type = 'table' AND c.type = 'ANY' ORDER BY 1`,
  ).all().map(({ name }) => String(name));
}

Deno.test("sealing what is there leaves no column out", async () => {
  await using folder = makeFolder();
  using database = openStateDatabase(`${folder.path}/.agent`);
  openStateSeal(database, Uint8Array.fromHex(KEY));
  const listed = SEALED_COLUMNS.map(({ table, column }) => `${table}.${column}`);
  assertEquals([...listed, "seal.proof"].toSorted(), sealableColumns(database));
});

Deno.test("a sealed row opens nowhere but at its place", async () => {
  await using folder = makeFolder();
  using database = openStateDatabase(`${folder.path}/.agent`);
  const journal = openJournal(database, { seal: openStateSeal(database, Uint8Array.fromHex(KEY)), now: Date.now });
  for (const id of ["q1", "q2"]) journal.accept({ id, query: `query of ${id}`, timestamp: 1 });
  database.commit();
  database.sqlite.exec("UPDATE event SET body = (SELECT body FROM event WHERE id = 'q1') WHERE id = 'q2'");
  assertThrows(() => journal.pending({ seq: 0, limit: 2 }), Error, "event.body/q2");
});

Deno.test("a wrong key is told from a damaged proof by nobody: both are refused, and name the setting", async () => {
  await using folder = makeFolder();
  using database = openStateDatabase(`${folder.path}/.agent`);
  openStateSeal(database, Uint8Array.fromHex(KEY));
  const error = assertThrows(() => openStateSeal(database, new Uint8Array(32)), FatalError);
  assertStringIncludes(error.message, "AGENT_STATE_KEY is not the key");
});
