/** A sealed state that was changed in any way without its key: refused with a plain error, or nothing of the change is read. @module */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import fc from "fast-check";
import { DatabaseSync } from "node:sqlite";
import { FatalError } from "../../src/errors.ts";
import { openState, SCHEMA, SEALED_COLUMNS } from "../../src/program/state.ts";
import { databaseError } from "../../src/store/database.ts";
import { makeFolder } from "../support/folder.ts";
import { AGENT, clock, fill, fitSums, KEY, readAll, ROOMS, USERS } from "./sealed_state.ts";

/** A way to change the file: with SQLite, its defences off, or byte by byte. */
type Change = { readonly sql: string } | { readonly bytes: (file: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer> };

const TABLES = [
  ...new Set([
    ...SEALED_COLUMNS.map(({ table }) => table),
    "seal",
    "undelivered",
    "answered",
    "responses_file",
    "origin",
    "conversation_room",
  ]),
];

/** Tables that hold no text and nothing that reaches an answer. */
const NOT_CHANGED = ["outage", "remains"];

Deno.test("every table of the state is among those that are changed, with a row for each of two users where it has such", async () => {
  const made = SCHEMA.migrations.join("\n").matchAll(/CREATE TABLE (\w+)/g);
  const tables = Array.from(made, ([, name]) => name!).filter((name) => !NOT_CHANGED.includes(name));
  assertEquals(new Set(TABLES), new Set(tables));
  await using folder = makeFolder();
  await fill(folder.path);
  using database = new DatabaseSync(`${folder.path}/agent.db`);
  const count = (table: string) => Number(database.prepare(`SELECT count(*) AS count FROM "${table}"`).get()!.count);
  const single = [
    "agent",
    "identity",
    "seal",
    "chain",
    "knowledge_index",
    "knowledge_piece",
    "knowledge_vector",
    "cache_secret",
  ];
  for (const { table } of SEALED_COLUMNS) {
    assert(count(table) >= (single.includes(table) ? 1 : 2), `${table} has ${count(table)} rows`);
  }
});

/** SQL values of every kind, and of every size that the program's own have. */
const aValue = fc.oneof(
  fc.constantFrom("NULL", "0", "1", "-1", "2.5", "''", "'q1'", "'messages'", "4611686018427387904", "randomblob(60)"),
  fc.constantFrom(...Object.values(ROOMS), ...Object.values(USERS), AGENT).map((id) => `'${id}'`),
  fc.constantFrom(...SEALED_COLUMNS).chain(({ table, column }) =>
    fc.nat(3).map((row) => `(SELECT ${column} FROM ${table} LIMIT 1 OFFSET ${row})`)
  ),
);

/** A column of a table of the state, by number; SQLite says how many there are. */
const aCell = fc.record({ table: fc.constantFrom(...TABLES), column: fc.nat(11), row: fc.nat(3) });

const aChange = fc.oneof(
  { weight: 6, arbitrary: fc.record({ cell: aCell, value: aValue }).map(({ cell, value }) => ({ cell, value })) },
  {
    weight: 2,
    arbitrary: fc.record({ at: fc.nat(), bit: fc.nat(7), count: fc.integer({ min: 1, max: 4 }) }).map(
      ({ at, bit, count }): Change => ({
        bytes(file) {
          for (let index = 0; index < count; index++) file[(at + 8191 * index) % file.length]! ^= 1 << bit;
          return file;
        },
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.record({ one: fc.nat(), other: fc.nat() }).map(({ one, other }): Change => ({
      bytes(file) {
        const pages = Math.max(1, Math.floor(file.length / 4096)), [a, b] = [one % pages * 4096, other % pages * 4096];
        // A file that another change has cut short has fewer whole pages, or none.
        if (file.length < 4096) return file;
        const kept = file.slice(a, a + 4096);
        file.copyWithin(a, b, b + 4096);
        file.set(kept, b);
        return file;
      },
    })),
  },
  { weight: 1, arbitrary: fc.nat().map((at): Change => ({ bytes: (file) => file.slice(0, at % file.length) })) },
  {
    weight: 2,
    arbitrary: fc.record({ table: fc.constantFrom(...TABLES), row: fc.nat(3) }).map(({ table, row }): Change => ({
      sql: `DELETE FROM ${table} WHERE rowid = (SELECT rowid FROM ${table} LIMIT 1 OFFSET ${row})`,
    })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...TABLES).chain((table) =>
      fc.constantFrom(
        `CREATE TRIGGER t AFTER INSERT ON ${table} BEGIN DELETE FROM event; END`,
        `CREATE VIEW v AS SELECT * FROM ${table}`,
        `DROP TABLE ${table}`,
        `ALTER TABLE ${table} ADD COLUMN planted ANY`,
        `UPDATE sqlite_schema SET rootpage = (SELECT max(rootpage) FROM sqlite_schema) WHERE name = '${table}'`,
        `UPDATE sqlite_schema SET sql = replace(sql, 'STRICT', '') WHERE name = '${table}'`,
        `PRAGMA user_version = ${table.length - 6}`,
      )
    ).map((sql): Change => ({ sql })),
  },
);

function apply(
  path: string,
  change: Change | { cell: { table: string; column: number; row: number }; value: string },
): void {
  if ("bytes" in change) return Deno.writeFileSync(path, change.bytes(Deno.readFileSync(path)));
  // deno-lint-ignore no-explicit-any -- the option is Node's, and Deno's types lack it
  using database = new DatabaseSync(path, { defensive: false, enableForeignKeyConstraints: false } as any);
  try {
    database.exec("PRAGMA writable_schema = ON; PRAGMA ignore_check_constraints = ON");
    if ("sql" in change) return database.exec(change.sql);
    const { cell: { table, column, row }, value } = change;
    const columns = database.prepare(`SELECT name FROM pragma_table_info('${table}')`).all();
    const name = columns[column % columns.length]?.name;
    database.exec(
      `UPDATE OR REPLACE ${table} SET "${name}" = ${
        value.replace("COLUMN", String(name))
      } WHERE rowid = (SELECT rowid FROM ${table} LIMIT 1 OFFSET ${row})`,
    );
  } catch {
    // What SQLite itself refuses to write is no change: the state is read as it is.
  }
}

/** The lies that are read in a copy of a state after `changes`; undefined if it is refused with a plain error. */
async function liesAfter(
  changes: readonly Parameters<typeof apply>[1][],
  { state, truths, doSumsFit = false }: { state: Uint8Array; truths: ReadonlySet<string>; doSumsFit?: boolean },
): Promise<string[] | undefined> {
  await using folder = makeFolder();
  const path = `${folder.path}/agent.db`;
  Deno.writeFileSync(path, state, { mode: 0o600 });
  for (const change of changes) apply(path, change);
  if (doSumsFit) fitSums(path);
  try {
    return (await readAll(folder.path)).filter((line) => !truths.has(line));
  } catch (error) {
    const plain = databaseError(firstOf(error), path);
    if (!(plain instanceof FatalError)) throw error;
    assert([74, 78].includes(plain.exitCode), plain.message);
    return undefined;
  }
}

/** A sealed state, and all that is read in it. */
async function sealedState() {
  await using folder = makeFolder();
  await fill(folder.path);
  const state = Deno.readFileSync(`${folder.path}/agent.db`);
  const truths = new Set(await readAll(folder.path));
  assert(truths.size > 20, `${truths.size} truths`);
  return { state, truths };
}

Deno.test("nothing of a sealed state that was changed in any way reaches an answer or a prompt", async () => {
  const sealed = await sealedState();
  let count = 0, refused = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(aChange, { minLength: 1, maxLength: 3 }), fc.boolean(), async (changes, doSumsFit) => {
      const lies = await liesAfter(changes, { ...sealed, doSumsFit });
      assertEquals(lies ?? [], []);
      count++;
      if (!lies) refused++;
    }),
    { numRuns: 300 },
  );
  assert(refused > 0 && refused < count, `${refused} of ${count} were refused`);
});

Deno.test("a row that gets one value of another row, whichever it is, is not read as that other one's", async () => {
  const sealed = await sealedState();
  for (const table of new Set(SEALED_COLUMNS.map(({ table }) => table))) {
    for (let column = 0; column < 12; column++) {
      for (const [from, to] of [[0, 1], [1, 0]] as const) {
        const value = `(SELECT "COLUMN" FROM ${table} LIMIT 1 OFFSET ${from})`;
        const lies = await liesAfter([{ cell: { table, column, row: to }, value }], { ...sealed, doSumsFit: true });
        assertEquals(lies ?? [], [], `${table}, column ${column}, ${from} to ${to}`);
      }
    }
  }
});

Deno.test("an event that was answered and is put back beside its answer is refused, sealed or not", async () => {
  for (const key of [KEY, undefined]) {
    await using folder = makeFolder();
    const open = () => openState(folder.path, { key, now: clock.now });
    const change = <T>(use: (database: DatabaseSync) => T): T => {
      using database = new DatabaseSync(`${folder.path}/agent.db`);
      return use(database);
    };
    {
      using state = open();
      state.journal.accept({ id: "q1", query: "a query", timestamp: 1 });
      state.database.commit();
    }
    const { seq = 0, body = "" } = change((database) => database.prepare("SELECT seq, body FROM event").get()) ?? {};
    {
      using state = open();
      state.journal.record({ queryId: "q1", response: "an answer", timestamp: 1, agentId: AGENT });
      state.database.commit();
      assertEquals(state.journal.pendingCount(), 0);
    }
    change((database) =>
      database.prepare("INSERT INTO event (seq, id, body, accepted_at) VALUES (?, 'q1', ?, ?)").run(
        seq,
        body,
        clock.now(),
      )
    );
    if (key) assertMatch(assertThrows(open, FatalError).message, /the rows of its table "event" are not those/);
    if (key) fitSums(`${folder.path}/agent.db`);
    const error = assertThrows(open, FatalError);
    assertEquals(error.exitCode, 74);
    assertMatch(error.message, /event "q1" waits for an answer that it has/);
  }
});

Deno.test("numbers that answers can't have, or can't be counted on from, are refused, sealed or not", async () => {
  for (const key of [KEY, undefined]) {
    for (const number of ["'x'", "2.5", "1e300", "9007199254740990", "9223372036854775807"]) {
      await using folder = makeFolder();
      const open = () => openState(folder.path, { key, now: clock.now });
      {
        using state = open();
        state.journal.record({ queryId: "q1", response: "an answer", timestamp: 1, agentId: AGENT });
      }
      {
        using database = new DatabaseSync(`${folder.path}/agent.db`);
        database.exec(`UPDATE sqlite_sequence SET seq = ${number} WHERE name = 'outcome'`);
      }
      const error = assertThrows(open, FatalError, undefined, number);
      assertEquals(error.exitCode, 74, number);
      assertMatch(error.message, /agent\.db: its answers are not numbered as this agent numbers them/, number);
    }
  }
});

/** What went wrong first, where giving back what was held went wrong too: `main.ts` tells that. */
function firstOf(thrown: unknown): unknown {
  return thrown instanceof SuppressedError ? firstOf(thrown.suppressed) : thrown;
}
