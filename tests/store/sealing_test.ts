/** The state directory under a key: unreadable without it, and nothing lost on the way there. @module */

import { ChannelType, type UUID } from "@elizaos/core";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import { createCipheriv, hash, randomBytes } from "node:crypto";
import { systemClock } from "../../src/clock.ts";
import type { Database } from "../../src/store/database.ts";
import { FatalError } from "../../src/errors.ts";
import { openJournal } from "../../src/journal/journal.ts";
import { openMemory } from "../../src/memory/memory.ts";
import { noSeal, type Seal, uuidFrom } from "../../src/store/seal.ts";
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

for (const env of [{}, { AGENT_STATE_TAKE_OVER: "false" }]) {
  Deno.test(`a key for a state that is not sealed is refused with 78, and nothing is changed ${JSON.stringify(env)}`, async () => {
    await using folder = makeFolder();
    makeInput(folder.path, "q1");
    {
      await using agent = await startAgent({ folder: folder.path });
      await agent.responses(1);
      await agent.stop();
      assert(isInFiles(`${folder.path}/.agent`, CANARY), "readable without a key");
    }
    const before = Deno.readFileSync(`${folder.path}/.agent/agent.db`);
    await using agent = await startAgent({ folder: folder.path, env: { AGENT_STATE_KEY: KEY, ...env } });
    assertEquals((await agent.ended).code, 78);
    assertStringIncludes(agent.lines.at(-1)!, "it is not sealed, so anybody may have written it");
    assertEquals(Deno.readFileSync(`${folder.path}/.agent/agent.db`), before);
  });
}

Deno.test("a state that is taken over is sealed, once, and nothing is lost", async () => {
  await using folder = makeFolder();
  makeInput(folder.path, "q1");
  {
    await using agent = await startAgent({ folder: folder.path });
    await agent.responses(1);
    await agent.stop();
  }
  makeInput(folder.path, "q1", "q2");
  for (const AGENT_STATE_TAKE_OVER of ["true", "false"]) {
    await using agent = await startAgent({ folder: folder.path, env: { AGENT_STATE_KEY: KEY, AGENT_STATE_TAKE_OVER } });
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
  assertEquals([...listed, "seal.proof", "seal.salt", "seal.sums"].toSorted(), sealableColumns(database));
});

/** A state with two accepted events and two outcomes, under `seal`. */
function fill(database: Database, seal: Seal) {
  const journal = openJournal(database, { seal, now: () => 1 });
  for (const id of ["q1", "q2", "q3", "q4"]) journal.accept({ id, query: `query of ${id}`, timestamp: 1 });
  for (const queryId of ["q3", "q4"]) {
    journal.record({ queryId, response: `to ${queryId}`, timestamp: 1, agentId: "a" });
  }
  database.commit();
  return journal;
}

const CHANGES: Record<string, string> = {
  "copied to another row": "UPDATE event SET body = (SELECT body FROM event WHERE id = 'q1') WHERE id = 'q2'",
  "copied to another table": "UPDATE event SET body = (SELECT body FROM outcome WHERE id = 'q3') WHERE id = 'q2'",
  "given another id": "UPDATE event SET id = 'q9' WHERE id = 'q2'",
  "put to another place in the order": "UPDATE event SET seq = 99 WHERE id = 'q2'",
  "given another time": "UPDATE event SET accepted_at = 2 WHERE id = 'q2'",
  "put in the clear": `UPDATE event SET body = '{"id":"q2","query":"FORGED","timestamp":1}' WHERE id = 'q2'`,
  "put as a number": "UPDATE event SET body = 7 WHERE id = 'q2'",
};

for (const [what, sql] of Object.entries(CHANGES)) {
  Deno.test(`a sealed text that was ${what} is refused with 74`, async () => {
    await using folder = makeFolder();
    using database = openStateDatabase(`${folder.path}/.agent`);
    const journal = fill(database, openStateSeal(database, Uint8Array.fromHex(KEY)));
    database.sqlite.exec(sql);
    const error = assertThrows(() => journal.pending({ seq: 0, limit: 9 }), FatalError, "Cannot read event.body of");
    assertEquals(error.exitCode, 74);
  });
}

Deno.test("an outcome that was copied to another event's row, or given another time, is refused", async () => {
  const changes = [
    "UPDATE outcome SET body = (SELECT body FROM outcome WHERE id = 'q4') WHERE id = 'q3'",
    "UPDATE outcome SET made_at = 99 WHERE id = 'q3'",
    "UPDATE outcome SET id = 'q9' WHERE id = 'q3'",
  ];
  for (const sql of changes) {
    await using folder = makeFolder();
    using database = openStateDatabase(`${folder.path}/.agent`);
    const journal = fill(database, openStateSeal(database, Uint8Array.fromHex(KEY)));
    database.sqlite.exec(sql);
    assertThrows(() => journal.outcomes({ seq: 0, limit: 9 }), FatalError, "Cannot read outcome.body of");
  }
});

const SEALS: Record<string, readonly [sql: string, told: string]> = {
  "is gone": ["DELETE FROM seal", "the proof of their key is gone"],
  "lost its salt": ["UPDATE seal SET salt = NULL", "AGENT_STATE_KEY is not the key"],
  "has another salt": ["UPDATE seal SET salt = randomblob(32)", "AGENT_STATE_KEY is not the key"],
  "has a salt that is a text": ["UPDATE seal SET salt = 'x'", "AGENT_STATE_KEY is not the key"],
  "has another proof": ["UPDATE seal SET proof = randomblob(34)", "AGENT_STATE_KEY is not the key"],
  "has a proof in the clear": ["UPDATE seal SET proof = 'opened'", "AGENT_STATE_KEY is not the key"],
};

for (const [what, [sql, told]] of Object.entries(SEALS)) {
  Deno.test(`a state whose seal ${what} is refused with 78 and not sealed anew, whatever the settings`, async () => {
    await using folder = makeFolder();
    const directory = `${folder.path}/.agent`, key = Uint8Array.fromHex(KEY);
    {
      using database = openStateDatabase(directory);
      fill(database, openStateSeal(database, key));
      database.sqlite.exec(sql);
    }
    const before = Deno.readFileSync(`${directory}/agent.db`);
    for (const takeOver of [false, true]) {
      using database = openStateDatabase(directory);
      const error = assertThrows(() => openStateSeal(database, key, { takeOver }), FatalError, told);
      assertEquals(error.exitCode, 78);
    }
    assertEquals(Deno.readFileSync(`${directory}/agent.db`), before);
  });
}

Deno.test("an empty state is sealed with the first key that it is given; nothing needs to be taken over", async () => {
  await using folder = makeFolder();
  const directory = `${folder.path}/.agent`;
  openStateDatabase(directory)[Symbol.dispose]();
  using database = openStateDatabase(directory);
  fill(database, openStateSeal(database, Uint8Array.fromHex(KEY)));
  assertThrows(() => openStateSeal(database), FatalError, "Set AGENT_STATE_KEY to its key");
});

Deno.test("a state under the first seal is refused, and taken over if asked for: but not if a text does not open", async () => {
  const key = Uint8Array.fromHex(KEY);
  for (const isMoved of [false, true]) {
    await using folder = makeFolder();
    using database = openStateDatabase(`${folder.path}/.agent`);
    fill(database, noSeal);
    sealAsAtFirst(database, key);
    if (isMoved) {
      database.sqlite.exec("UPDATE event SET body = (SELECT body FROM event WHERE id = 'q1') WHERE id = 'q2'");
    }
    assertThrows(() => openStateSeal(database, key), FatalError, "it was sealed by an earlier version");
    assertThrows(() => openStateSeal(database, new Uint8Array(32)), FatalError, "is not the key");
    if (isMoved) {
      const told = 'event.body of "q2" does not open with AGENT_STATE_KEY';
      assertThrows(() => openStateSeal(database, key, { takeOver: true }), FatalError, told);
      assertEquals(
        typeof database.sqlite.prepare("SELECT salt FROM seal").get()?.salt,
        "object",
        "still the first seal",
      );
      continue;
    }
    const seal = openStateSeal(database, key, { takeOver: true });
    const journal = openJournal(database, { seal, now: () => 1 });
    const [q1, q2] = journal.pending({ seq: 0, limit: 9 });
    assertEquals([q1?.event.query, q2?.event.query], ["query of q1", "query of q2"]);
    assertEquals(journal.outcomes({ seq: 0, limit: 9 }).map(({ outcome }) => outcome.queryId), ["q3", "q4"]);
  }
});

/** Seal the journal as the first version did: each text bound to its table, column and id alone. */
function sealAsAtFirst({ sqlite, commit }: Database, key: Uint8Array): void {
  const seal = (text: string, place: string) => {
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(place));
    const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), body]);
  };
  for (const table of ["event", "outcome"]) {
    const write = sqlite.prepare(`UPDATE ${table} SET body = :body WHERE id = :id`);
    for (const { id, body } of sqlite.prepare(`SELECT id, body FROM ${table}`).all()) {
      write.run({ id: id!, body: seal(String(body), `${table}.body/${id}`) });
    }
  }
  sqlite.prepare("INSERT INTO seal (one, proof) VALUES (1, :proof)").run({ proof: seal("opened", "seal.proof/1") });
  commit();
}

Deno.test("ids of users, rooms and messages are hidden when a state is taken over, and everything is found under them", async () => {
  await using folder = makeFolder();
  using database = openStateDatabase(`${folder.path}/.agent`);
  const names = ["room", "entity", "question", "answer"].map((name) => uuidFrom(hash("sha256", name, "hex")) as UUID);
  const [roomId, entityId, question, answer] = names as [UUID, UUID, UUID, UUID];
  const agentId = "00000000-0000-4000-8000-000000000001" as UUID, clock = systemClock;
  const before = openMemory(database.sqlite, { agentId, seal: noSeal, clock });
  await before.createAgent({ id: agentId, name: "A", bio: "b" });
  await before.createRooms([{
    id: roomId,
    agentId,
    worldId: agentId,
    name: "r",
    source: "event",
    type: ChannelType.DM,
  }]);
  await before.createEntities([{ id: entityId, agentId, names: ["user"], metadata: {} }]);
  await before.addParticipantsRoom([entityId], roomId);
  const embedding = [1, 0, 0];
  await before.createMemory(
    { id: question, entityId, roomId, content: { text: "asked" }, embedding },
    "messages",
    true,
  );
  await before.createMemory(
    { id: answer, entityId: agentId, roomId, content: { text: "said", inReplyTo: question } },
    "messages",
    true,
  );
  const seal = openStateSeal(database, Uint8Array.fromHex(KEY), { takeOver: true });
  const tables = ["room", "entity", "participant", "memory"].flatMap((table) =>
    database.sqlite.prepare(`SELECT * FROM ${table}`).all()
  );
  for (const name of names) assert(!JSON.stringify(tables).includes(name));
  const after = openMemory(database.sqlite, { agentId, seal, clock });
  const [newest, oldest] = await after.getMemories({ tableName: "messages", roomId: seal.hide(roomId) });
  assertEquals([newest?.content.text, oldest?.content.text], ["said", "asked"]);
  assertEquals([newest?.content.inReplyTo, oldest?.id], [seal.hide(question), seal.hide(question)]);
  assertEquals(oldest?.embedding, embedding);
  assertEquals(await after.isRoomParticipant(seal.hide(roomId), seal.hide(entityId)), true);
});
