/** The database: one process, one schema, and what `committed()` promises. @module */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { type Database, databaseError } from "../../src/store/database.ts";
import { FatalError } from "../../src/errors.ts";
import { openJournal, type RecordedOutcome } from "../../src/journal/journal.ts";
import { JOURNAL_SCHEMA } from "../../src/journal/journal_schema.ts";
import { noSeal } from "../../src/store/seal.ts";
import { testOnSmallDisk } from "../support/small_disk.ts";
import { makeFolder } from "../support/folder.ts";
import { openStateDatabase } from "../../src/program/state.ts";

const INSERT = "INSERT INTO event (id, body, accepted_at) VALUES (?, ?, 0)";

function insert({ sqlite }: Database, id: string, body = ""): void {
  sqlite.prepare(INSERT).run(id, body);
}

function ids({ sqlite }: Database): unknown[] {
  return sqlite.prepare("SELECT id FROM event ORDER BY seq").all().map(({ id }) => id);
}

/** Opens the database of a directory that stays closed, and tells what is in it. */
function idsIn(directory: string): unknown[] {
  using database = openStateDatabase(directory);
  return ids(database);
}

/** A program in a process of its own, with `database` opened in `directory`. */
function otherProcess(directory: string, body: string): Deno.ChildProcess {
  const source = new URL("../../src/program/state.ts", import.meta.url).href;
  const program = `
    import { openStateDatabase } from ${JSON.stringify(source)};
    try {
      const database = openStateDatabase(${JSON.stringify(directory)});
      ${body}
    } catch (error) {
      console.log(error.name, error.exitCode, error.message);
    }`;
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const args = ["eval", "--quiet", `--config=${config}`, program];
  return new Deno.Command(Deno.execPath(), { args, stdout: "piped" }).spawn();
}

async function refusalElsewhere(directory: string): Promise<string> {
  const { stdout } = await otherProcess(directory, `console.log("opened");`).output();
  return new TextDecoder().decode(stdout);
}

/** How many commits the write-ahead log holds. @see https://sqlite.org/fileformat2.html#walformat */
function commitsIn(directory: string): number {
  const log = Deno.readFileSync(`${directory}/agent.db-wal`);
  if (log.length === 0) return 0;
  const view = new DataView(log.buffer);
  const frameBytes = 24 + view.getUint32(8);
  let commits = 0;
  for (let at = 32; at + frameBytes <= log.length; at += frameBytes) {
    // Frames of a log that was begun anew are followed by those of the old one, which bear another salt.
    const isCurrent = view.getBigUint64(at + 8) === view.getBigUint64(16);
    if (isCurrent && view.getUint32(at + 4) !== 0) commits++;
  }
  return commits;
}

Deno.test("the state directory and its files are for their owner alone", async () => {
  await using folder = makeFolder();
  const directory = `${folder.path}/deep/state`;
  using database = openStateDatabase(directory);
  database.commit();
  const modes = [directory, ...[...Deno.readDirSync(directory)].map(({ name }) => `${directory}/${name}`).sort()]
    .map((path) => [path.slice(folder.path.length), (Deno.statSync(path).mode! & 0o777).toString(8)]);
  assertEquals(modes, [["/deep/state", "700"], ["/deep/state/agent.db", "600"], ["/deep/state/agent.db-wal", "600"]]);
});

Deno.test("what is written before a commit has its number, and what is written after it the next", async () => {
  await using folder = makeFolder();
  using database = openStateDatabase(folder.path);
  const first = database.nextCommit();
  const committed = database.committed();
  assertEquals(database.nextCommit(), first);
  await committed;
  assertEquals(database.nextCommit(), first + 1);
});

Deno.test("before a commit work is started, then all write, and then what the work has made is collected", async () => {
  await using folder = makeFolder();
  using database = openStateDatabase(folder.path);
  const called: string[] = [];
  const step = (name: string) => () => void called.push(name);
  database.beforeCommit(step("end"), "end");
  database.beforeCommit(step("collect"), "collect");
  database.beforeCommit(step("write"));
  database.beforeCommit(step("start"), "start");
  database.beforeCommit(step("write too"), "write");
  await database.committed();
  assertEquals(called, ["start", "write", "write too", "collect", "end"]);
});

Deno.test("what was written is there after closing, whether or not somebody waited for it", async () => {
  await using folder = makeFolder();
  {
    using database = openStateDatabase(folder.path);
    insert(database, "q1");
    await database.committed();
    insert(database, "q2");
  }
  assertEquals(idsIn(folder.path), ["q1", "q2"]);
});

Deno.test("what nobody waits for is committed soon all the same, once", async () => {
  await using folder = makeFolder();
  using database = openStateDatabase(folder.path);
  const kept = Promise.withResolvers<void>();
  database.beforeCommit(kept.resolve, "end");
  const before = database.nextCommit();
  database.keep();
  database.keep();
  await kept.promise;
  await database.committed();
  assertEquals(database.nextCommit(), before + 2);
});

Deno.test("closing resolves what waits for the disk", async () => {
  await using folder = makeFolder();
  let committed: Promise<void>;
  {
    using database = openStateDatabase(folder.path);
    committed = database.committed();
  }
  await committed;
});

Deno.test("all who wait at the same time share one commit", async () => {
  await using folder = makeFolder();
  using database = openStateDatabase(folder.path);
  const before = commitsIn(folder.path);
  const waits = Array.from({ length: 100 }, (_, index) => {
    insert(database, `q${index}`);
    return database.committed();
  });
  await Promise.all(waits);
  assertEquals(commitsIn(folder.path) - before, 1);
  insert(database, "later");
  await database.committed();
  assertEquals(commitsIn(folder.path) - before, 2);
});

Deno.test("a commit that fails rejects all who waited for it", async () => {
  await using folder = makeFolder();
  using database = openStateDatabase(folder.path);
  database.sqlite.exec("PRAGMA defer_foreign_keys = ON");
  database.sqlite.exec("INSERT INTO embedding (memory_seq, dimension, vector) VALUES (1, 1, '')");
  const waits = [database.committed(), database.committed()];
  const results = await Promise.allSettled(waits);
  assertEquals(results.map(({ status }) => status), ["rejected", "rejected"]);
});

Deno.test("what was committed survives a kill -9, all of it and nothing else", async () => {
  await using folder = makeFolder();
  await using child = otherProcess(
    folder.path,
    `const insert = database.sqlite.prepare(${JSON.stringify(INSERT)});
    const waits = [];
    for (let index = 0; index < 200; index++) {
      insert.run("q" + index, "");
      waits.push(database.committed());
    }
    await Promise.all(waits);
    insert.run("never committed", "");
    console.log("committed");
    setInterval(() => {}, 1000);`,
  );
  const output = child.stdout.getReader();
  assertEquals(new TextDecoder().decode((await output.read()).value), "committed\n");
  await output.cancel();
  child.kill("SIGKILL");
  await child.status;
  assertEquals(idsIn(folder.path), Array.from({ length: 200 }, (_, index) => `q${index}`));
});

Deno.test("a second opener is told that another agent is there, in this process and in others", async () => {
  await using folder = makeFolder();
  using database = openStateDatabase(folder.path);
  const error = assertThrows(() => openStateDatabase(folder.path), FatalError, "another agent has it open");
  assertEquals(error.exitCode, 74);
  assertStringIncludes(error.message, "AGENT_STATE_DIR");
  // After the refusal, which must not have cost the first one its lock.
  assertEquals(await refusalElsewhere(folder.path), `FatalError 74 ${error.message}\n`);
  insert(database, "q1");
  await database.committed();
});

Deno.test("once the first has closed, the next may open", async () => {
  await using folder = makeFolder();
  openStateDatabase(folder.path)[Symbol.dispose]();
  assertEquals(await refusalElsewhere(folder.path), "opened\n");
});

Deno.test("a database of an earlier schema is brought to the current one and keeps its rows", async () => {
  await using folder = makeFolder();
  const old = new DatabaseSync(`${folder.path}/agent.db`);
  old.exec("PRAGMA journal_mode = WAL");
  old.exec(`
    ${JOURNAL_SCHEMA};
    PRAGMA user_version = 1;
    INSERT INTO event VALUES (7, 'q1', '{}', 0);
    INSERT INTO outcome VALUES (1, 'q2', '{"queryId":"q2","response":"a"}', 1, 0), (2, 'q3', '{"queryId":"q3","error":"e"}', 0, 0);
  `);
  old.close();
  using database = openStateDatabase(folder.path);
  assertEquals(ids(database), ["q1"]);
  const journal = openJournal(database, { seal: noSeal, now: () => 0 });
  const idsOf = (outcomes: readonly RecordedOutcome[]) => outcomes.map(({ outcome }) => outcome.queryId);
  assertEquals(idsOf(journal.outcomes({ seq: 0, limit: 9 })), ["q2", "q3"]);
  assertEquals(idsOf(journal.unsettled({ seq: 0, upTo: 9, limit: 9 })), ["q3"]);
  assertEquals(database.sqlite.prepare("SELECT count(*) AS count FROM memory").get()?.count, 0);
});

Deno.test("opening a database that is up to date writes nothing", async () => {
  await using folder = makeFolder();
  openStateDatabase(folder.path)[Symbol.dispose]();
  const before = Deno.readFileSync(`${folder.path}/agent.db`);
  openStateDatabase(folder.path)[Symbol.dispose]();
  assertEquals(Deno.readFileSync(`${folder.path}/agent.db`), before);
});

Deno.test("a database of a newer program is refused and stays as it is", async () => {
  await using folder = makeFolder();
  {
    using database = openStateDatabase(folder.path);
    database.sqlite.exec("PRAGMA user_version = 99");
  }
  const before = Deno.readFileSync(`${folder.path}/agent.db`);
  const error = assertThrows(() => openStateDatabase(folder.path), FatalError, "its schema is version 99");
  assertEquals(error.exitCode, 74);
  assertEquals(Deno.readFileSync(`${folder.path}/agent.db`), before);
});

const DAMAGES: Record<string, (file: Uint8Array) => Uint8Array> = {
  "that is something else": () => new TextEncoder().encode("dear diary ".repeat(1000)),
  "with a damaged header": (file) => file.fill(0xff, 0, 16),
  "with a damaged schema": (file) => file.fill(0xff, 100, 4096),
  "that was cut short": (file) => file.subarray(0, 5000),
};

for (const [what, damage] of Object.entries(DAMAGES)) {
  Deno.test(`a database ${what} is refused and stays as it is`, async () => {
    await using folder = makeFolder();
    openStateDatabase(folder.path)[Symbol.dispose]();
    const path = `${folder.path}/agent.db`;
    const damaged = damage(Deno.readFileSync(path)).slice();
    Deno.writeFileSync(path, damaged);
    const error = assertThrows(() => openStateDatabase(folder.path), FatalError, "it is damaged");
    assertEquals(error.exitCode, 74);
    assertStringIncludes(error.message, "Nothing was deleted: restore it from a copy, or move it away");
    assertEquals(Deno.readFileSync(path), damaged);
    assertEquals([...Deno.readDirSync(folder.path)].map(({ name }) => name), ["agent.db"]);
  });
}

Deno.test("a state directory that can't be made is said to be so", async () => {
  await using folder = makeFolder();
  Deno.writeTextFileSync(`${folder.path}/file`, "");
  for (const directory of [`${folder.path}/file`, `${folder.path}/file/state`]) {
    const error = assertThrows(() => openStateDatabase(directory), FatalError, `Cannot make ${directory}/agent.db`);
    assertEquals(error.exitCode, 74);
    assertStringIncludes(
      error.message,
      "a file stands where a directory is needed. Set AGENT_STATE_DIR to a directory that can be written to.",
    );
  }
});

Deno.test("a failure of SQLite is told to the operator however it comes; other errors are left alone", async () => {
  await using folder = makeFolder();
  using database = openStateDatabase(folder.path);
  database.sqlite.exec("PRAGMA max_page_count = 1");
  const big = "x".repeat(1024 * 1024);
  const thrown = [
    assertThrows(() => insert(database, "q1", big)),
    assertThrows(() => database.sqlite.exec(`CREATE TABLE big AS SELECT hex(zeroblob(1048576)) AS x`)),
  ];
  for (const cause of thrown) {
    const error = databaseError(cause, "the journal");
    assertInstanceOf(error, FatalError);
    assertEquals([error.exitCode, error.cause], [74, cause]);
    assertStringIncludes(error.message, "Cannot write the journal: no space left");
  }
  const syntax = assertThrows(() => database.sqlite.exec("SELEC"));
  const others = [syntax, new TypeError("database is locked"), new Deno.errors.NotFound("no such file"), undefined];
  for (const other of others) assertStrictEquals(databaseError(other, "the journal"), other);
});

testOnSmallDisk(
  "a full disk rejects with 74; later all is there whose commit resolved",
  { kibibytes: 2048 },
  async (disk) => {
    const directory = `${disk.path}/state`;
    const committed: string[] = [];
    {
      using database = openStateDatabase(directory);
      disk.fill();
      const error = await assertRejects(async () => {
        for (let index = 0; index < 2048; index++) {
          insert(database, `q${index}`, "x".repeat(1024));
          await database.committed();
          committed.push(`q${index}`);
        }
      }, FatalError);
      assertEquals(error.exitCode, 74);
      assertStringIncludes(error.message, "no space left. Free some and start again; nothing is lost.");
      // Closing does not throw: that would hide the error above.
    }
    disk.free();
    assertEquals(idsIn(directory), committed);
  },
);

testOnSmallDisk("a read-only state directory is refused with 74", { kibibytes: 2048 }, (disk) => {
  openStateDatabase(`${disk.path}/state`)[Symbol.dispose]();
  disk.makeReadOnly();
  for (const directory of [`${disk.path}/state`, `${disk.path}/other`]) {
    const error = assertThrows(() => openStateDatabase(directory), FatalError);
    assertEquals(error.exitCode, 74);
    assert(/^Cannot (make|write) .*agent\.db: .*\. Make it writable, or set AGENT_STATE_DIR/.test(error.message));
  }
});

testOnSmallDisk("on a full disk no state can be begun: the space is what is short, not the permission", {
  kibibytes: 1024,
}, (disk) => {
  disk.fill();
  const error = assertThrows(() => openStateDatabase(`${disk.path}/state`), FatalError);
  assertEquals(error.exitCode, 74);
  assertStringIncludes(error.message, "no space left. Free some and start again");
});
