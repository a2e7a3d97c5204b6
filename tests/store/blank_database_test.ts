/** The database that a first start copies: just what the migrations make, whole or not there. @module */

import { assert, assertEquals } from "@std/assert";
import kept from "../../src/program/blank_state.json" with { type: "json" };
import { openStateDatabase, SCHEMA } from "../../src/program/state.ts";
import { packZeros, placeDatabase, unpackZeros } from "../../src/store/blank_database.ts";
import { type Database, openDatabase } from "../../src/store/database.ts";
import { schemaDigest } from "../../src/store/schema.ts";
import { makeBlankState } from "../../src/program/blank_state.ts";
import { makeFolder } from "../support/folder.ts";

/** All that a database says of itself, with the number of rows of each table. */
function contentOf({ sqlite }: Database): unknown {
  const pragmas = [
    "user_version",
    "page_size",
    "page_count",
    "auto_vacuum",
    "journal_mode",
    "encoding",
    "integrity_check",
  ];
  const objects = sqlite.prepare("SELECT * FROM sqlite_schema").all();
  const rows = objects.filter(({ type }) => type === "table")
    .map(({ name }) => sqlite.prepare(`SELECT '${name}' AS name, count(*) AS count FROM "${name}"`).get());
  return { pragmas: pragmas.map((name) => sqlite.prepare(`PRAGMA ${name}`).get()), objects, rows };
}

Deno.test("the sources have the state of a first start: run deno task docs where this fails", () => {
  assertEquals(kept, makeBlankState());
  assertEquals(kept.digest, schemaDigest(SCHEMA.migrations));
});

Deno.test("a first start finds the tables that the migrations make, without a row, and nothing else in its directory", async () => {
  await using copied = makeFolder();
  await using made = makeFolder();
  using one = openStateDatabase(copied.path);
  using other = openDatabase(made.path, { schema: { migrations: SCHEMA.migrations } });
  const content = contentOf(one);
  assertEquals(content, contentOf(other));
  const { rows } = content as { rows: { name: string; count: number }[] };
  assertEquals(rows.filter(({ name, count }) => count > 0 && name !== "sqlite_sequence"), []);
  assertEquals(Array.from(Deno.readDirSync(copied.path), ({ name }) => name).sort(), ["agent.db", "agent.db-wal"]);
  assertEquals(Deno.statSync(`${copied.path}/agent.db`).mode! & 0o777, 0o600);
});

Deno.test("a file that another schema's digest is on is not taken", async () => {
  await using folder = makeFolder();
  using database = openDatabase(folder.path, {
    schema: { migrations: ["CREATE TABLE own (a)"], digest: schemaDigest(["CREATE TABLE own (a)"]), blank: kept },
  });
  assertEquals(database.sqlite.prepare("SELECT name FROM sqlite_schema").all().map(({ name }) => name), ["own"]);
});

Deno.test("what stands in the place already stays, and nothing is left beside it", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/agent.db`;
  Deno.writeTextFileSync(path, "of another agent, which starts at this moment");
  placeDatabase(path, kept.packed);
  assertEquals(Deno.readTextFileSync(path), "of another agent, which starts at this moment");
  assertEquals(Array.from(Deno.readDirSync(folder.path), ({ name }) => name), ["agent.db"]);
});

Deno.test("a start that was killed while the file came to its place is made again, and nothing is left of it", async () => {
  const remains = (folder: string) => `${folder}/agent.db.${crypto.randomUUID()}.new`;
  for (const hasPlace of [false, true]) {
    await using folder = makeFolder();
    const fresh = remains(folder.path);
    Deno.writeFileSync(fresh, unpackZeros(kept.packed), { mode: 0o600 });
    // The kill came before its other name was gone, and SQLite's file has to have one.
    if (hasPlace) Deno.linkSync(fresh, `${folder.path}/agent.db`);
    Deno.writeTextFileSync(`${folder.path}/agent.db.mine.new`, "somebody's own");
    {
      using database = openStateDatabase(folder.path);
      database.commit();
    }
    const names = Array.from(Deno.readDirSync(folder.path), ({ name }) => name).toSorted();
    assertEquals(names.filter((name) => name !== "agent.db-wal"), ["agent.db", "agent.db.mine.new"]);
    assertEquals(Deno.statSync(`${folder.path}/agent.db`).nlink, 1);
  }
});

Deno.test("a state that was there is opened as it is, an empty file too", async () => {
  await using folder = makeFolder();
  Deno.writeFileSync(`${folder.path}/agent.db`, new Uint8Array());
  const { ino } = Deno.statSync(`${folder.path}/agent.db`);
  for (const round of [1, 2]) {
    using database = openStateDatabase(folder.path);
    database.sqlite.exec(`INSERT INTO answered (id, seen_at) VALUES ('round ${round}', 1)`);
    database.commit();
    assertEquals(database.sqlite.prepare("SELECT count(*) AS count FROM answered").get()?.count, round);
  }
  assertEquals(Deno.statSync(`${folder.path}/agent.db`).ino, ino);
});

Deno.test("bytes that are packed are the same unpacked, wherever their zeros are", () => {
  const texts = [
    "",
    "\0",
    "a",
    "a".repeat(300),
    "\0".repeat(300),
    "a\0\0\0b",
    `\0${"\0".repeat(20)}a`,
    `a${"\0".repeat(8)}`,
  ];
  for (const text of [...texts, texts.join(""), texts.toReversed().join("\0")]) {
    const bytes = new TextEncoder().encode(text);
    assertEquals([...unpackZeros(packZeros(bytes))], [...bytes]);
  }
  assert(packZeros(new Uint8Array(1_000_000)).length < 20);
});
