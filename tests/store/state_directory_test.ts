/** The state directory as a host may leave it: what SQLite must not meet is refused by name, and nothing is deleted. @module */

import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { FatalError } from "../../src/errors.ts";
import { openStateDatabase } from "../../src/program/state.ts";
import { makeFolder } from "../support/folder.ts";
import { keptLog } from "../support/kept_log.ts";
import { run } from "../support/mount.ts";

const NAMES = ["agent.db", "agent.db-wal", "agent.db-shm", "agent.db-journal"];

/** A state with a few pages, closed. */
function makeState(directory: string): void {
  openStateDatabase(directory)[Symbol.dispose]();
}

function refusal(directory: string): string {
  const error = assertThrows(() => openStateDatabase(directory), FatalError);
  assertEquals(error.exitCode, 74);
  return error.message;
}

/** What can stand in a file's place without being one. */
const OTHERS: Record<string, (path: string) => void> = {
  "a link": (path) => {
    Deno.writeTextFileSync(`${path}.elsewhere`, "PRECIOUS");
    Deno.symlinkSync(`${path}.elsewhere`, path);
  },
  "a link to nothing": (path) => Deno.symlinkSync(`${path}.nowhere`, path),
  "a FIFO": (path) => run("mkfifo", path),
  "a directory": (path) => Deno.mkdirSync(path),
  "a second name of a file": (path) => {
    Deno.writeTextFileSync(`${path}.elsewhere`, "PRECIOUS");
    Deno.linkSync(`${path}.elsewhere`, path);
  },
};

for (const name of NAMES) {
  for (const [what, make] of Object.entries(OTHERS)) {
    Deno.test(`${what} in the place of ${name} is refused by name, and nothing else changes`, async () => {
      await using folder = makeFolder();
      if (name !== "agent.db") makeState(folder.path);
      make(`${folder.path}/${name}`);
      const before = [...Deno.readDirSync(folder.path)].map((entry) => entry.name).sort();
      assertStringIncludes(refusal(folder.path), `${folder.path}/${name}`);
      assertEquals([...Deno.readDirSync(folder.path)].map((entry) => entry.name).sort(), before);
      const elsewhere = `${folder.path}/${name}.elsewhere`;
      if (before.includes(`${name}.elsewhere`)) assertEquals(Deno.readTextFileSync(elsewhere), "PRECIOUS");
    });
  }
}

Deno.test("a rollback journal is refused, so that no file it names is deleted", async () => {
  await using folder = makeFolder();
  makeState(folder.path);
  const named = `${folder.path}/named.pem`;
  Deno.writeTextFileSync(named, "an authority");
  Deno.writeFileSync(`${folder.path}/agent.db-journal`, hotJournal(named));
  assertStringIncludes(refusal(folder.path), "SQLite would delete whatever file it names");
  assertEquals(Deno.readTextFileSync(named), "an authority");
});

Deno.test("a first start that was cut off is made again: its journal and its empty file hold nothing", async () => {
  for (const length of [0, 4096]) {
    await using folder = makeFolder();
    const named = `${folder.path}/named.pem`;
    Deno.writeTextFileSync(named, "an authority");
    Deno.writeFileSync(`${folder.path}/agent.db`, new Uint8Array(length));
    Deno.writeFileSync(`${folder.path}/agent.db-journal`, hotJournal(named));
    makeState(folder.path);
    assertEquals([...Deno.readDirSync(folder.path)].map((entry) => entry.name).sort(), ["agent.db", "named.pem"]);
  }
});

/** A rollback journal whose "super-journal" is a file of somebody's choice. @see https://sqlite.org/fileformat2.html#the_rollback_journal */
function hotJournal(named: string): Uint8Array {
  const magic = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
  const name = new TextEncoder().encode(named);
  const journal = new Uint8Array(512 + 4 + name.length + 8 + 8), view = new DataView(journal.buffer);
  journal.set(magic);
  [0, 0, 1, 512, 4096].forEach((value, index) => view.setUint32(8 + 4 * index, value));
  view.setUint32(512, 0x40000000 / 4096 + 1);
  journal.set(name, 516);
  view.setUint32(516 + name.length, name.length);
  view.setUint32(520 + name.length, name.reduce((sum, byte) => sum + byte, 0));
  journal.set(magic, 524 + name.length);
  return journal;
}

Deno.test("a directory and files that are open to others are closed to them, and that is told", async () => {
  await using folder = makeFolder();
  const directory = `${folder.path}/state`;
  makeState(directory);
  Deno.chmodSync(directory, 0o777);
  Deno.chmodSync(`${directory}/agent.db`, 0o666);
  const { lines, log } = keptLog({ format: "json", now: () => 0 });
  openStateDatabase(directory, { log })[Symbol.dispose]();
  const told = lines.map((line) => JSON.parse(line)).map(({ level, path, was, is }) => [level, path, was, is]);
  assertEquals(told, [["warn", directory, "777", "700"], ["warn", `${directory}/agent.db`, "666", "600"]]);
  const modeOf = (path: string) => Deno.statSync(path).mode! & 0o777;
  assertEquals([modeOf(directory), modeOf(`${directory}/agent.db`)], [0o700, 0o600]);
});

Deno.test({
  name: "another user's directory or file is refused; root's directory is a volume, and fine unless all may change it",
  ignore: Deno.uid() !== 0,
  async fn() {
    await using folder = makeFolder();
    const directory = `${folder.path}/state`;
    makeState(directory);
    Deno.chownSync(directory, 12345, null);
    assertStringIncludes(refusal(directory), `Cannot use ${directory}: it belongs to user 12345, and this is user 0.`);
    Deno.chownSync(directory, 0, null);
    Deno.chownSync(`${directory}/agent.db`, 12345, null);
    assertStringIncludes(refusal(directory), `${directory}/agent.db: it belongs to user 12345`);
  },
});

Deno.test("the directory may be reached through a link: it is the real one that is used", async () => {
  await using folder = makeFolder();
  Deno.mkdirSync(`${folder.path}/real`);
  Deno.symlinkSync(`${folder.path}/real`, `${folder.path}/link`);
  using database = openStateDatabase(`${folder.path}/link`);
  assertEquals(database.path, `${folder.path}/real/agent.db`);
  assertStringIncludes(refusal(`${folder.path}/real`), "another agent has it open");
});

/** Changes to the header that SQLite itself would take, and go on with files or settings that are not this agent's. */
const HEADERS: Record<string, (file: Uint8Array) => void> = {
  "in rollback mode": (file) => file.set([1, 1], 18),
  "with another version": (file) => file.set([2, 3], 18),
  "with pages of another size": (file) => file.set([0x02, 0x00], 16),
  "with reserved bytes": (file) => file.set([12], 20),
  "with texts in UTF-16": (file) => file.set([0, 0, 0, 2], 56),
};

for (const [what, change] of Object.entries(HEADERS)) {
  Deno.test(`a database ${what} is refused before SQLite opens it`, async () => {
    await using folder = makeFolder();
    makeState(folder.path);
    const path = `${folder.path}/agent.db`, file = Deno.readFileSync(path);
    change(file);
    Deno.writeFileSync(path, file);
    assertStringIncludes(refusal(folder.path), "it is damaged");
    assertEquals(Deno.readFileSync(path), file);
    assert(![...Deno.readDirSync(folder.path)].some(({ name }) => name !== "agent.db"));
  });
}
