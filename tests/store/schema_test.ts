/** The schema of a database that somebody else wrote: nothing in it runs, and what differs is told by name. @module */

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { FatalError } from "../../src/errors.ts";
import { openStateDatabase, SCHEMA } from "../../src/program/state.ts";
import { schemaDigest } from "../../src/store/schema.ts";
import { makeFolder } from "../support/folder.ts";

/** A state that was changed by `sql`, with SQLite's defences off. */
function changedState(directory: string, sql: string): void {
  openStateDatabase(directory)[Symbol.dispose]();
  // deno-lint-ignore no-explicit-any -- the option is Node's, and Deno's types lack it
  using database = new DatabaseSync(`${directory}/agent.db`, { defensive: false } as any);
  database.exec("PRAGMA writable_schema = ON");
  database.exec(sql);
}

function refusal(directory: string): string {
  const before = Deno.readFileSync(`${directory}/agent.db`);
  const error = assertThrows(() => openStateDatabase(directory), FatalError);
  assertEquals(error.exitCode, 74);
  assertEquals(Deno.readFileSync(`${directory}/agent.db`), before);
  return error.message;
}

const FOREIGN: Record<string, readonly [sql: string, told: string]> = {
  "a trigger": [
    "CREATE TRIGGER t AFTER INSERT ON outcome BEGIN DELETE FROM event; END",
    'it has trigger "t", which is not this agent\'s',
  ],
  "a trigger with a name of ours": [
    "DROP TRIGGER log_goes_with_room; CREATE TRIGGER log_goes_with_room AFTER DELETE ON room BEGIN DELETE FROM memory; END",
    'it has trigger "log_goes_with_room"',
  ],
  "a table": ["CREATE TABLE planted (x)", 'it has table "planted"'],
  "a view": ["CREATE VIEW planted AS SELECT * FROM event", 'it has view "planted"'],
  "a virtual table": ["CREATE VIRTUAL TABLE planted USING fts5(x)", 'it has table "planted'],
  "an index on an expression": ["CREATE INDEX planted ON event (abs(seq))", 'it has index "planted"'],
  "a name with control characters": ['CREATE TABLE "a\u001b[31m" (x)', 'it has table "a\\u001b[31m"'],
  "a table that is missing": ["DROP TABLE seal", 'its table "seal" is missing'],
  "an index that is missing": ["DROP INDEX outcome_made", 'its index "outcome_made" is missing'],
  "another version": ["PRAGMA user_version = 0", "which is not this agent's"],
  "a negative version": ["PRAGMA user_version = -1", "which is not this agent's"],
  "statistics": ["ANALYZE", 'it has table "sqlite_stat1"'],
  "two tables in one place": [
    "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'outcome') WHERE name = 'event'",
    "two of its tables lie in one place",
  ],
  "a column more": ["ALTER TABLE event ADD COLUMN x ANY", 'it has table "event"'],
};

for (const [what, [sql, told]] of Object.entries(FOREIGN)) {
  Deno.test(`a schema with ${what} is refused and stays as it is`, async () => {
    await using folder = makeFolder();
    changedState(folder.path, sql);
    assertStringIncludes(refusal(folder.path), told);
  });
}

Deno.test("the digest that spares a start the comparison is that of the migrations", () => {
  assertEquals(SCHEMA.digest, schemaDigest(SCHEMA.migrations));
});

Deno.test("every earlier version of the schema is known, and brought to the newest", async () => {
  for (let version = 0; version <= SCHEMA.migrations.length; version++) {
    await using folder = makeFolder();
    {
      using database = new DatabaseSync(`${folder.path}/agent.db`);
      database.exec("PRAGMA journal_mode = WAL");
      for (const migration of SCHEMA.migrations.slice(0, version)) database.exec(migration);
      database.exec(`PRAGMA user_version = ${version}`);
    }
    using database = openStateDatabase(folder.path);
    assertEquals(database.sqlite.prepare("PRAGMA user_version").get()?.user_version, SCHEMA.migrations.length);
  }
});

Deno.test("a schema that SQLite trusts with nothing: no function with side effects, and cells are checked", async () => {
  await using folder = makeFolder();
  using database = openStateDatabase(folder.path);
  const pragma = (name: string) => Object.values(database.sqlite.prepare(`PRAGMA ${name}`).get() ?? {})[0];
  assertEquals([pragma("trusted_schema"), pragma("cell_size_check")], [0, 1]);
  const error = assertThrows(() =>
    database.sqlite.exec(`PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = '' WHERE name = 'event'`)
  );
  assertStringIncludes((error as Error).message, "may not be modified");
});
