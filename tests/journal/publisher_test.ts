/** The publisher: each outcome of the journal in `responses.json` once, whatever happens to process, disk or file. @module */

import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { Database } from "../../src/store/database.ts";
import { FatalError } from "../../src/errors.ts";
import { type Journal, openJournal, type RecordedOutcome } from "../../src/journal/journal.ts";
import { openPublisher, type Publisher } from "../../src/journal/publisher.ts";
import type { Rotation } from "../../src/journal/responses_rotation.ts";
import { type Log, silentLog } from "../../src/log.ts";
import { noSeal } from "../../src/store/seal.ts";
import { answer } from "../support/events.ts";
import { testOnSmallDisk } from "../support/small_disk.ts";
import { makeFolder } from "../support/folder.ts";
import { openStateDatabase } from "../../src/program/state.ts";

const GONE = "responses file is gone: going on with a new one";
const CHANGED = "responses file was changed by somebody else: appending to it as it is";
/** The same at a start, which can't tell that from a state that is put back. */
const CHANGED_OR_NEWER =
  "responses file was changed by somebody else, or is newer than the state: appending to it as it is";
const TORN = "responses file had a torn end: mended it from the journal";
const FOREIGN = "responses file holds entries that this state does not know: keeping them, and appending its own";
const MOVED = "responses file is no JSON array: moved it away and going on with a new one";

function entriesOf(path: string): unknown[] {
  const value = JSON.parse(Deno.readTextFileSync(path));
  assert(Array.isArray(value), "not an array");
  return value;
}

/** The parts of one process, until it is closed or crashes. */
interface Process extends Disposable {
  readonly database: Database;
  readonly journal: Journal;
  readonly publisher: Publisher;
  /** Give events their outcomes, on disk but not published. */
  record(...ids: string[]): RecordedOutcome[];
  /** The same, and publish them. */
  answer(...ids: string[]): void;
  /** Killed here and now: the disk keeps what it holds. */
  crash(): void;
}

/** A state directory, a responses file, and a place for what is logged about them. */
function makeHome(root: string) {
  const state = `${root}/state`;
  const warnings: string[] = [];
  const log: Log = { ...silentLog, warn: (message) => warnings.push(message) };
  const home = { path: `${root}/responses.json`, warnings, entries: () => entriesOf(home.path), start };

  function start(path = home.path, rotation?: Rotation): Process {
    const database = openStateDatabase(state);
    using stack = new DisposableStack();
    stack.use(database);
    const journal = openJournal(database, { seal: noSeal, now: () => 0 });
    const publisher = stack.use(openPublisher({ path, journal, log, rotation }));
    const parts = stack.move();
    const record = (...ids: string[]) => {
      const recorded = ids.map((id) => journal.record(answer(id)));
      database.commit();
      return recorded;
    };
    return {
      database,
      journal,
      publisher,
      record,
      answer: (...ids) => publisher.publish(record(...ids)),
      crash() {
        const files = [`${state}/agent.db`, `${state}/agent.db-wal`, path]
          .map((path) => ({ path, bytes: Deno.readFileSync(path) }));
        parts.dispose();
        for (const { path, bytes } of files) Deno.writeFileSync(path, bytes);
      },
      [Symbol.dispose]: () => parts.dispose(),
    };
  }
  return home;
}

Deno.test("answers are in the file once they are published, and stay there over a restart", async () => {
  await using folder = makeFolder();
  const home = makeHome(folder.path);
  {
    using process = home.start();
    assertEquals(home.entries(), []);
    process.answer("a", "b");
    assertEquals(home.entries(), ["a", "b"].map((id) => answer(id)));
    assertEquals(process.publisher.published, process.journal.lastOutcome());
  }
  using process = home.start();
  process.answer("c");
  assertEquals(home.entries(), ["a", "b", "c"].map((id) => answer(id)));
  assertEquals(home.warnings, []);
});

Deno.test("what a crash kept from being published is appended at the next start, without a word", async () => {
  await using folder = makeFolder();
  const home = makeHome(folder.path);
  const process = home.start();
  process.answer("a");
  process.record("b", "c");
  process.crash();
  using restarted = home.start();
  assertEquals(home.entries(), ["a", "b", "c"].map((id) => answer(id)));
  assertEquals(restarted.publisher.published, restarted.journal.lastOutcome());
  assertEquals(home.warnings, []);
});

Deno.test("an end that a crash tore is mended, also before the first checkpoint, and said to be so", async () => {
  await using folder = makeFolder();
  const home = makeHome(folder.path);
  for (const ids of [["a", "b"], ["c", "d"]]) {
    const process = home.start();
    process.answer(ids[0]!);
    process.answer(ids[1]!);
    process.crash();
    const torn = Deno.readTextFileSync(home.path).trimEnd().slice(0, -20);
    Deno.writeTextFileSync(home.path, torn);
  }
  home.start()[Symbol.dispose]();
  assertEquals(home.entries(), ["a", "b", "c", "d"].map((id) => answer(id)));
  assertEquals(home.warnings, [TORN, TORN]);
});

type Step = { readonly do: "answer" | "record"; readonly count: number } | { readonly do: "restart" | "crash" } | {
  readonly do: "tear";
  readonly at: number;
};

const aStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom("answer", "record"), count: fc.integer({ min: 0, max: 3 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("restart", "crash") }) },
  fc.record({ do: fc.constant("tear"), at: fc.nat() }),
);

Deno.test("whatever restarts, crashes and torn ends come between, each outcome stands in the file once, in order", async () => {
  await fc.assert(fc.asyncProperty(fc.array(aStep, { maxLength: 20 }), async (steps) => {
    await using folder = makeFolder();
    const home = makeHome(folder.path);
    let process = home.start();
    const recorded: string[] = [];
    let unpublished: RecordedOutcome[] = [];
    for (const step of steps) {
      if (step.do === "answer" || step.do === "record") {
        const ids = Array.from({ length: step.count }, (_, index) => `q${recorded.length + index}`);
        recorded.push(...ids);
        unpublished.push(...process.record(...ids));
        if (step.do === "record") continue;
        process.publisher.publish(unpublished);
      } else if (step.do === "restart") {
        process[Symbol.dispose]();
        process = home.start();
      } else {
        const checkpoint = process.journal.checkpoint()?.bytes ?? 1;
        process.crash();
        if (step.do === "tear") {
          const whole = Deno.readFileSync(home.path);
          Deno.writeFileSync(home.path, whole.subarray(0, checkpoint + step.at % (whole.length - checkpoint + 1)));
        }
        process = home.start();
      }
      unpublished = [];
      assertEquals(home.entries(), recorded.map((id) => answer(id)));
      assertEquals(process.publisher.published, process.journal.lastOutcome());
    }
    process[Symbol.dispose]();
    assertEquals(home.warnings.filter((warning) => warning !== TORN), []);
  }));
});

Deno.test("after a pause it is noted how far the file got", async () => {
  await using folder = makeFolder();
  const home = makeHome(folder.path);
  using process = home.start();
  process.answer("a");
  assertEquals(process.journal.checkpoint(), undefined);
  const noted = Promise.withResolvers<void>();
  using _ = observeSync(noted.resolve);
  await noted.promise;
  const { path, seq, bytes } = process.journal.checkpoint()!;
  assertEquals([path, seq], [home.path, process.journal.lastOutcome()]);
  assertEquals(Deno.readTextFileSync(home.path).slice(0, bytes), `[\n${JSON.stringify(answer("a"))}`);
});

const FIVE_THOUSAND = Array.from({ length: 5_000 }, (_, index) => `q${index}`);

Deno.test("after five thousand entries without a pause it is noted how far the file got, and no answer waits for that", async () => {
  await using folder = makeFolder();
  const home = makeHome(folder.path);
  using process = home.start();
  using disk = holdSync();
  process.answer(...FIVE_THOUSAND.slice(0, 4_999));
  assertEquals(disk.asked(), 0);
  process.answer("last of these");
  const reached = process.journal.lastOutcome();
  assertEquals(disk.asked(), 1);
  process.answer("another");
  assertEquals(process.journal.checkpoint(), undefined);
  await disk.ends();
  const { seq, bytes } = process.journal.checkpoint()!;
  assertEquals(seq, reached);
  const upTo = Deno.readTextFileSync(home.path).slice(0, bytes);
  assert(upTo.endsWith(JSON.stringify(answer("last of these"))));
  assertEquals(home.entries().length, 5_001);
});

Deno.test("a checkpoint that waits for the disk does not take the place of a later one", async () => {
  await using folder = makeFolder();
  const home = makeHome(folder.path);
  using process = home.start();
  using disk = holdSync();
  process.answer(...FIVE_THOUSAND);
  process.answer("another");
  process.publisher.note();
  const later = process.journal.checkpoint();
  assertEquals(later?.seq, process.journal.lastOutcome());
  await disk.ends();
  assertEquals(process.journal.checkpoint(), later);
});

Deno.test("a disk that refuses while more is appended is told of, and ends what comes next", async () => {
  await using folder = makeFolder();
  const home = makeHome(folder.path);
  const process = home.start();
  using disk = holdSync();
  process.answer(...FIVE_THOUSAND);
  await disk.ends(new Deno.errors.Interrupted("a broken disk"));
  assertEquals(home.warnings, ["responses file could not be brought to the disk"]);
  assertEquals(process.journal.checkpoint(), undefined);
  assertThrows(() => process.answer("next"), FatalError, `Cannot append to ${home.path}`);
  process[Symbol.dispose]();
});

Deno.test("what was answered before a pause does not come back after a crash, once somebody took the file away", async () => {
  await using folder = makeFolder();
  const home = makeHome(folder.path);
  const process = home.start();
  process.answer("a", "b");
  const kept = Promise.withResolvers<void>();
  process.database.beforeCommit(() => process.journal.checkpoint() && queueMicrotask(kept.resolve), "end");
  await kept.promise;
  process.crash();
  Deno.removeSync(home.path);
  using restarted = home.start();
  restarted.answer("c");
  assertEquals(home.entries(), [answer("c")]);
  assertEquals(home.warnings, [GONE]);
});

Deno.test("a crash between a rotation and the next commit writes nothing of the old file into the new one", async () => {
  await using folder = makeFolder();
  const home = makeHome(folder.path), rotation = { bytes: 400, now: () => 0 };
  const ids = Array.from({ length: 10 }, (_, index) => `q${index}`);
  const process = home.start(home.path, rotation);
  process.answer(...ids);
  process.answer("next");
  assertEquals(home.entries(), [answer("next")]);
  process.crash();
  using _ = home.start(home.path, rotation);
  assertEquals(home.entries(), [answer("next")]);
  assertEquals(home.warnings, []);
});

/** Calls `synced` after each fsync of a file. */
function observeSync(synced: () => void): Disposable {
  const { syncDataSync } = Deno.FsFile.prototype;
  Deno.FsFile.prototype.syncDataSync = function () {
    syncDataSync.call(this);
    // The checkpoint is set in the same turn.
    queueMicrotask(synced);
  };
  return { [Symbol.dispose]: () => Object.assign(Deno.FsFile.prototype, { syncDataSync }) };
}

/** Has each fsync of a file that others work beside wait. `ends`: resolves when who waited for them has gone on. */
function holdSync() {
  const { syncData } = Deno.FsFile.prototype;
  const gate = Promise.withResolvers<void>(), held: Promise<void>[] = [];
  Deno.FsFile.prototype.syncData = function () {
    const all = Promise.all([syncData.call(this), gate.promise]).then(() => {});
    held.push(all);
    return all;
  };
  return {
    asked: () => held.length,
    async ends(error?: Error) {
      if (error) gate.reject(error);
      else gate.resolve();
      await Promise.allSettled(held);
      await new Promise((resolve) => setTimeout(resolve));
    },
    [Symbol.dispose]: () => Object.assign(Deno.FsFile.prototype, { syncData }),
  };
}

const theirs = [{ mine: "an entry of somebody else" }];

/** What is done to the file while the agent holds it, what it says, and what the file holds after the next answer. */
const WHILE_RUNNING: readonly {
  name: string;
  change: (path: string) => void;
  says: string;
  holds: readonly unknown[];
}[] = [
  { name: "deleted", change: (path) => Deno.removeSync(path), says: GONE, holds: [] },
  { name: "moved", change: (path) => Deno.renameSync(path, `${path}.kept`), says: GONE, holds: [] },
  { name: "emptied", change: (path) => Deno.writeTextFileSync(path, "[]"), says: CHANGED, holds: [] },
  { name: "truncated", change: (path) => Deno.truncateSync(path, 0), says: GONE, holds: [] },
  {
    name: "edited",
    change: (path) => Deno.writeTextFileSync(path, JSON.stringify(theirs, null, 4)),
    says: CHANGED,
    holds: theirs,
  },
  {
    name: "replaced by an array",
    change(path) {
      Deno.writeTextFileSync(`${path}.new`, JSON.stringify(theirs));
      Deno.renameSync(`${path}.new`, path);
    },
    says: CHANGED,
    holds: theirs,
  },
  { name: "overwritten with a note", change: (path) => Deno.writeTextFileSync(path, "a note"), says: MOVED, holds: [] },
];

for (const { name, change, says, holds } of WHILE_RUNNING) {
  Deno.test(`a file that is ${name} while the agent runs is said to be so, and the answers go on in a valid one`, async () => {
    await using folder = makeFolder();
    const home = makeHome(folder.path);
    {
      using process = home.start();
      process.answer("a", "b");
      change(home.path);
      process.answer("c");
      assertEquals(home.entries(), [...holds, answer("c")]);
      process.answer("d");
    }
    assertEquals(home.warnings, [says]);
    home.start()[Symbol.dispose]();
    assertEquals(home.entries(), [...holds, answer("c"), answer("d")]);
    assertEquals(home.warnings, [says]);
  });

  Deno.test(`a file that was ${name} is not filled with old answers when the agent is killed after the next one`, async () => {
    await using folder = makeFolder();
    const home = makeHome(folder.path);
    const process = home.start();
    process.answer("a", "b");
    change(home.path);
    process.answer("c");
    process.crash();
    home.start()[Symbol.dispose]();
    assertEquals(home.entries(), [...holds, answer("c")]);
  });

  Deno.test(`a file that is ${name} while the agent is down is said to be so, and is not filled with old answers`, async () => {
    await using folder = makeFolder();
    const home = makeHome(folder.path);
    const process = home.start();
    process.answer("a", "b");
    process[Symbol.dispose]();
    change(home.path);
    using restarted = home.start();
    assertEquals(home.entries(), holds);
    restarted.answer("c");
    assertEquals(home.entries(), [...holds, answer("c")]);
    assertEquals(home.warnings, [says === CHANGED ? CHANGED_OR_NEWER : says]);
  });
}

Deno.test("at another path a new file begins with what comes next, and the old one stays", async () => {
  await using folder = makeFolder();
  const home = makeHome(folder.path);
  const other = `${folder.path}/elsewhere/other.json`;
  const process = home.start();
  process.answer("a");
  process[Symbol.dispose]();
  for (const id of ["b", "c"]) {
    using moved = home.start(other);
    moved.answer(id);
  }
  assertEquals(home.entries(), [answer("a")]);
  assertEquals(entriesOf(other), ["b", "c"].map((id) => answer(id)));
  assertEquals(home.warnings, []);
});

Deno.test("an array that is there at the first start is kept, what is no array is moved away, and both are told", async () => {
  await using folder = makeFolder();
  const kept = makeHome(folder.path), moved = makeHome(`${folder.path}/other`);
  Deno.writeTextFileSync(kept.path, JSON.stringify(theirs));
  kept.start()[Symbol.dispose]();
  assertEquals([kept.entries(), kept.warnings], [theirs, [FOREIGN]]);
  Deno.mkdirSync(`${folder.path}/other`);
  Deno.writeTextFileSync(moved.path, "a note");
  moved.start()[Symbol.dispose]();
  assertEquals([moved.entries(), moved.warnings], [[], [MOVED]]);
});

Deno.test("after a failure nothing is published until a new start, which then finds all that is missing", async () => {
  await using folder = makeFolder();
  const home = makeHome(folder.path);
  {
    using process = home.start();
    process.answer("a");
    Deno.renameSync(home.path, `${home.path}.kept`);
    Deno.mkdirSync(home.path);
    const error = assertThrows(() => process.answer("b"), FatalError, `Cannot open ${home.path}`);
    assertEquals(error.exitCode, 74);
    Deno.removeSync(home.path);
    Deno.renameSync(`${home.path}.kept`, home.path);
    // It would work now, but leave a gap that no start would ever find.
    assertThrows(() => process.answer("c"), FatalError, error.message);
    assertEquals(home.entries(), [answer("a")]);
  }
  home.start()[Symbol.dispose]();
  assertEquals(home.entries(), ["a", "b", "c"].map((id) => answer(id)));
});

testOnSmallDisk(
  "a full disk ends in 74 and a valid file; once there is space, a restart goes on",
  { kibibytes: 4096 },
  (disk) => {
    const home = makeHome(disk.path);
    const ids = Array.from({ length: 2000 }, (_, index) => `q${index}`);
    let published = 0;
    {
      using process = home.start();
      const recorded = process.record(...ids);
      process.publisher.publish(recorded.slice(0, 1));
      disk.fill();
      const error = assertThrows(() => {
        for (published = 1; published < ids.length; published++) {
          process.publisher.publish(recorded.slice(published, published + 1));
        }
      }, FatalError);
      assertEquals(error.exitCode, 74);
      assertStringIncludes(error.message, "no space left. Free some and start again; nothing is lost.");
      assertEquals(home.entries(), ids.slice(0, published).map((id) => answer(id)));
    }
    disk.free();
    home.start()[Symbol.dispose]();
    assertEquals(home.entries(), ids.map((id) => answer(id)));
  },
);
