/** Rows of another time in a sealed state: put back, deleted or hidden, in any table. @module */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import fc from "fast-check";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { FatalError } from "../../src/errors.ts";
import { JOURNAL_UNSUMMED } from "../../src/journal/journal_schema.ts";
import { openMemory } from "../../src/memory/memory.ts";
import { openKnowledgeStore } from "../../src/mind/knowledge/store.ts";
import { checkState, openState } from "../../src/program/state.ts";
import { copyFiles, makeFastFolder } from "../support/fast_folder.ts";
import { makeFolder } from "../support/folder.ts";
import { AGENT, clock, fill, KEY, ROOMS, SIGNER, USERS, uuid } from "./sealed_state.ts";

const open = (directory: string, options: { takeOver?: boolean } = {}) =>
  openState(directory, { key: KEY, now: clock.now, signer: SIGNER, ...options });

/** The file without any of SQLite's own defences, as somebody else writes it. */
function change<Result>(directory: string, use: (database: DatabaseSync) => Result): Result {
  // deno-lint-ignore no-explicit-any -- the option is Node's, and Deno's types lack it
  const options = { defensive: false, enableForeignKeyConstraints: false } as any;
  using database = new DatabaseSync(`${directory}/agent.db`, options);
  return use(database);
}

function tablesOf(database: DatabaseSync): string[] {
  const unsummed: readonly string[] = ["seal", ...JOURNAL_UNSUMMED];
  return database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").all()
    .map(({ name }) => String(name)).filter((name) => !unsummed.includes(name));
}

type Row = Record<string, SQLInputValue>;

const rowsOf = (database: DatabaseSync, table: string) => database.prepare(`SELECT * FROM ${table}`).all() as Row[];

/** All that goes on in a state after {@linkcode fill}: each kind of row changes, comes or goes. */
async function goOn(directory: string): Promise<void> {
  using state = open(directory);
  const { database, journal, seal } = state;
  journal.record({ queryId: "q1", response: "to q1", timestamp: 2, agentId: AGENT });
  const asked = { id: "q5", query: "query of q5", timestamp: 1, metadata: { userId: "alice", conversationId: "c" } };
  journal.accept(asked);
  journal.record({ queryId: "q5", response: "to q5", timestamp: 2, agentId: AGENT }, asked);
  database.commit();
  journal.forget({ user: "user:nobody" }, { ids: ["q3"], upTo: 99 });
  const memory = openMemory(database.sqlite, { agentId: AGENT, seal, clock });
  const { alice, mallory } = USERS, roomId = ROOMS.alice, entityId = alice;
  const [world, room] = [await memory.getWorld(uuid(20)), (await memory.getRoomsByIds([roomId]) ?? [])[0]];
  await memory.updateAgent(AGENT, { name: "Other" });
  await memory.updateWorld({ ...world!, name: "other" });
  await memory.updateRoom({ ...room!, name: "other" });
  await memory.updateEntity({ id: alice, agentId: AGENT, names: ["other"], metadata: {} });
  await memory.setParticipantUserState(roomId, entityId, "MUTED");
  await memory.setCache("alice", "other");
  const [component] = await memory.getComponents(alice), [task] = await memory.getTasksByName("alice");
  await memory.updateComponent({ ...component!, data: { of: "other" } });
  await memory.updateMemory({ id: uuid(10), content: { text: "other" }, embedding: [3, 4] });
  const [relationship] = await memory.getRelationships({ entityId: alice });
  await memory.updateRelationship({ ...relationship!, tags: ["other"] });
  const [log] = await memory.getLogs({ entityId: alice });
  await memory.deleteLog(log!.id!);
  await memory.updateTask(task!.id!, { tags: ["other"] });
  memory.exchanges.add({
    ...{ roomId, entityId: mallory, conversationId: uuid(50), event: "q9", createdAt: clock.now() },
    question: "a further one",
    answer: { text: "a further answer" },
  });
  const store = openKnowledgeStore(database.sqlite, { seal, committed: () => database.committed() });
  const index = store.keepIndex("other");
  index.add("other index");
  index.end();
  store.forgetVector(1);
}

/** Never written a second time. */
const UNCHANGING = ["cache_secret", "identity"];

Deno.test("in a sealed state a row of an earlier time that is put back is refused, in every table", async () => {
  await using folder = makeFolder();
  const [before, after, mixed] = ["before", "after", "mixed"].map((name) => `${folder.path}/${name}`);
  await fill(before!);
  await Deno.mkdir(after!, { mode: 0o700 });
  await Deno.mkdir(mixed!, { mode: 0o700 });
  await Deno.copyFile(`${before}/agent.db`, `${after}/agent.db`);
  await goOn(after!);
  const tables = change(after!, tablesOf), unchanged: string[] = [];
  for (const table of tables) {
    const isOf = (rows: Row[], row: Row) => rows.some((other) => JSON.stringify(other) === JSON.stringify(row));
    const [old, now] = [change(before!, (old) => rowsOf(old, table)), change(after!, (now) => rowsOf(now, table))];
    // The rows of an earlier time, and for a table that has only new ones, the time before them.
    const gone = old.filter((row) => !isOf(now, row)), added = now.filter((row) => !isOf(old, row));
    if (gone.length + added.length === 0) unchanged.push(table);
    const put = (row: Row) => (database: DatabaseSync) =>
      void database.prepare(`INSERT OR REPLACE INTO ${table} VALUES (${Object.keys(row).map(() => "?")})`)
        .run(...Object.values(row));
    const remove = (row: Row) => (database: DatabaseSync) =>
      void database.prepare(
        `DELETE FROM ${table} WHERE ${Object.keys(row).map((column) => `${column} IS ?`).join(" AND ")}`,
      )
        .run(...Object.values(row));
    for (const mix of [...gone.map(put), ...now.map(remove)]) {
      await Deno.copyFile(`${after}/agent.db`, `${mixed}/agent.db`);
      change(mixed!, mix);
      const error = assertThrows(() => open(mixed!), FatalError);
      assertEquals(error.exitCode, 74);
      assertMatch(error.message, RegExp(`the rows of its table "${table}" are not those that it was left with`));
    }
  }
  assertEquals(unchanged.toSorted(), UNCHANGING);
});

Deno.test("in a sealed state older sums, or none, do not make older rows acceptable", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/agent.db`;
  await fill(folder.path);
  const old = change(folder.path, (database) => rowsOf(database, "seal")[0]!["sums"]!);
  await goOn(folder.path);
  const file = Deno.readFileSync(path);
  for (const sums of [old, null, "in the clear", 7, new Uint8Array(60)]) {
    Deno.writeFileSync(path, file);
    change(folder.path, (database) => database.prepare("UPDATE seal SET sums = ?").run(sums));
    assertThrows(() => checkState(folder.path, { key: KEY }), FatalError);
    const error = assertThrows(() => open(folder.path), FatalError);
    assert([74, 78].includes(error.exitCode), error.message);
  }
});

Deno.test("in a sealed state an index that lacks a row, or leads to another one, is refused", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/agent.db`;
  await fill(folder.path);
  const file = Deno.readFileSync(path);
  const indexes = change(
    folder.path,
    (database) =>
      database.prepare("SELECT name, tbl_name FROM sqlite_schema WHERE type = 'index' AND tbl_name <> 'answered'")
        .all(),
  );
  assert(indexes.length > 30, `${indexes.length} indexes`);
  let tried = 0;
  for (const { name, tbl_name: table } of indexes) {
    for (const isLacking of [true, false]) {
      Deno.writeFileSync(path, file);
      const isChanged = change(folder.path, (database) => {
        const columns = database.prepare(`SELECT name FROM pragma_index_info('${name}')`).all().map(({ name }) => name);
        const first = database.prepare(`SELECT * FROM ${table} LIMIT 1`).get() as Row | undefined;
        if (!first || first["seq"] === undefined) return false;
        const keys = columns.map((column) => `iif(seq = ${first["seq"]}, 'another', ${column})`);
        database.exec(`
          CREATE INDEX planted ON ${table} (${keys}) ${isLacking ? `WHERE seq <> ${first["seq"]}` : ""};
          PRAGMA writable_schema = ON;
          UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'planted')
          WHERE name = '${name}';
          DELETE FROM sqlite_schema WHERE name = 'planted';`);
        return true;
      });
      if (!isChanged) continue;
      tried++;
      const error = assertThrows(() => open(folder.path), FatalError);
      assertEquals(error.exitCode, 74, `${name}: ${error.message}`);
    }
  }
  assert(tried > 40, `${tried} tried`);
});

Deno.test("AGENT_STATE_TAKE_OVER takes rows as they are, once; the next start holds them against their sums again", async () => {
  await using folder = makeFolder();
  await fill(folder.path);
  const remove = (id: string) =>
    change(folder.path, (database) => database.exec(`DELETE FROM outcome WHERE id = '${id}'`));
  remove("q3");
  assertThrows(() => open(folder.path), FatalError, 'its table "outcome"');
  open(folder.path, { takeOver: true })[Symbol.dispose]();
  open(folder.path)[Symbol.dispose]();
  change(folder.path, (database) => database.exec("UPDATE exchange SET seq = seq + 10"));
  assertThrows(() => open(folder.path), FatalError, 'its table "exchange"');
});

/** What a program does with its state, in any order; each works on whatever is there. */
const anAct = fc.oneof(
  fc.record({ act: fc.constant("accept" as const), id: fc.nat(9) }),
  fc.record({ act: fc.constant("answer" as const) }),
  fc.record({ act: fc.constant("deliver" as const) }),
  fc.record({ act: fc.constant("remember" as const), room: fc.constantFrom(...Object.values(ROOMS)) }),
  fc.record({ act: fc.constantFrom("prune", "forget", "unfold", "commit", "scrub", "fail", "reopen") }),
);

Deno.test("a sealed state opens again whatever its agent did, also one that was cut off at any moment", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anAct, { minLength: 1, maxLength: 25 }), async (acts) => {
      await using folder = makeFastFolder();
      const directory = `${folder.path}/state`, copy = `${folder.path}/copy`;
      let state = open(directory);
      try {
        let memory = openMemory(state.database.sqlite, { agentId: AGENT, seal: state.seal, clock });
        await memory.createAgent({ id: AGENT, name: "Agent", bio: "an agent" });
        for (const { act, ...given } of acts) {
          const { database, journal } = state, all = { seq: 0, limit: 9 };
          const [pending] = journal.pending(all);
          if (act === "accept" && "id" in given) {
            journal.accept({ id: `q${given.id}`, query: "a query", timestamp: 1, metadata: { userId: "alice" } });
          }
          if (act === "answer" && pending) {
            const outcome = { queryId: pending.event.id, response: "an answer", timestamp: 1, agentId: AGENT };
            journal.record(outcome, pending.event);
          }
          if (act === "deliver") journal.outcomes(all).forEach(({ seq }) => journal.settled(seq));
          if (act === "remember" && "room" in given) {
            const said = { roomId: given.room, entityId: USERS.alice, createdAt: 1, conversationId: uuid(60) };
            memory.exchanges.add({ ...said, question: "a question", answer: { text: "an answer" } });
          }
          if (act === "prune") {
            journal.setCheckpoint({ path: "responses.json", seq: journal.lastOutcome(), bytes: 1 });
            journal.prune({ madeBefore: Infinity, seenBefore: 0, limit: 2 });
          }
          if (act === "forget") journal.forget({ user: "user:alice" }, { ids: [], upTo: 99 });
          if (act === "unfold") memory.exchanges.unfold();
          if (act === "commit") database.commit();
          if (act === "scrub") database.scrub({ mostBytes: Infinity });
          if (act === "fail") {
            database.sqlite.exec("SAVEPOINT s; DELETE FROM exchange; DELETE FROM agent; ROLLBACK TO s; RELEASE s");
          }
          if (act === "reopen") {
            state[Symbol.dispose]();
            state = open(directory);
            memory = openMemory(state.database.sqlite, { agentId: AGENT, seal: state.seal, clock });
          }
          // The files as they are would be found by the next start after a SIGKILL.
          copyFiles(directory, copy);
          // Without the signer, which goes on with the chain of whatever state was opened last.
          openState(copy, { key: KEY, now: clock.now })[Symbol.dispose]();
        }
      } finally {
        state[Symbol.dispose]();
      }
      open(directory)[Symbol.dispose]();
    }),
    { numRuns: 40 },
  );
});
