/** Room in the write-ahead log: commits fill it, and what they wrote is there after a crash. @module */

import { assertEquals, assertGreater } from "@std/assert";
import { openStateDatabase } from "../../src/program/state.ts";
import { makeLogRoomSoon } from "../../src/store/log_room.ts";
import { makeFolder } from "../support/folder.ts";

const PAGE_BYTES = 4096, ROOM_BYTES = 1_000 * PAGE_BYTES;

/** A database, and what it takes to give its log room and to look at it. */
function openIn(directory: string) {
  const database = openStateDatabase(directory), log = `${directory}/agent.db-wal`;
  const insert = database.sqlite.prepare("INSERT INTO event (id, body, accepted_at) VALUES (?, ?, 0)");
  let count = 0;
  return {
    log,
    length: () => Deno.statSync(log).size,
    /** Returns the id of what it committed. */
    commit(body = "") {
      const id = `q${++count}`;
      insert.run(id, body);
      database.commit();
      return id;
    },
    /** Resolves once the log is longer than it was. */
    async makeRoom() {
      using watcher = Deno.watchFs(log);
      using _room = makeLogRoomSoon(database.path, { afterMs: 0 });
      for await (const _ of watcher) if (Deno.statSync(log).size > ROOM_BYTES) return;
    },
    [Symbol.dispose]: () => database[Symbol.dispose](),
  };
}

/** What a copy of the files has, as a crash would leave them. */
function idsAfterCrash(directory: string): unknown[] {
  const copy = Deno.makeTempDirSync();
  try {
    for (const name of ["agent.db", "agent.db-wal"]) Deno.copyFileSync(`${directory}/${name}`, `${copy}/${name}`);
    using database = openStateDatabase(copy);
    return database.sqlite.prepare("SELECT id FROM event ORDER BY seq").all().map(({ id }) => id);
  } finally {
    Deno.removeSync(copy, { recursive: true });
  }
}

Deno.test("commits fill the room in the log, and a crash loses none of them, before or after", async () => {
  await using folder = makeFolder();
  using database = openIn(folder.path);
  const ids = [database.commit()];
  await database.makeRoom();
  assertEquals(idsAfterCrash(folder.path), ids);
  const length = database.length();
  for (let n = 0; n < 50; n++) {
    ids.push(database.commit("x".repeat(n * 100)));
    if (n % 10 === 0) assertEquals(idsAfterCrash(folder.path), ids);
  }
  assertEquals(database.length(), length, "no commit made it longer");
});

Deno.test("a log that has begun anew behind its room is read to its own end after a crash", async () => {
  await using folder = makeFolder();
  using database = openIn(folder.path);
  await database.makeRoom();
  const ids: string[] = [];
  let written = 0;
  // Each commit takes 64 pages and more: the log begins anew several times.
  for (let n = 0; n < 200; n++) {
    ids.push(database.commit("x".repeat(64 * PAGE_BYTES)));
    if (n % 20 === 0) assertEquals(idsAfterCrash(folder.path), ids);
    written += 64 * PAGE_BYTES;
  }
  assertGreater(written, 2 * database.length());
});

Deno.test("room is made once, no longer than a log comes to, and goes with the log when the database is closed", async () => {
  await using folder = makeFolder();
  const database = openIn(folder.path);
  await database.makeRoom();
  const length = database.length();
  assertEquals(length > ROOM_BYTES && length < 1.2 * ROOM_BYTES, true, String(length));
  using _again = makeLogRoomSoon(`${folder.path}/agent.db`, { afterMs: 0 });
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(database.length(), length);
  database[Symbol.dispose]();
  assertEquals([...Deno.readDirSync(folder.path)].map(({ name }) => name).filter((name) => name.endsWith("-wal")), []);
});
