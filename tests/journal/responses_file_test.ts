/** `responses.json`: valid at every moment, whole after crashes, and never at the cost of what others put there. @module */

import {
  assert,
  assertEquals,
  assertGreater,
  assertLessOrEqual,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { FatalError } from "../../src/errors.ts";
import type { ResponsesFile } from "../../src/journal/responses_held.ts";
import { entryOf } from "../../src/wire.ts";
import { answer, answers } from "../support/events.ts";
import { makeMountPoint, mount, run } from "../support/mount.ts";
import { testOnSmallDisk } from "../support/small_disk.ts";
import { makeFolder } from "../support/folder.ts";
import { entriesOf, namesIn, open, openFile, someOutcomes } from "./responses_fixture.ts";

/** Calls `observe` with the bytes written, before and after everything that changes a file, until it is disposed of. */
function observeWrites(observe: (bytes: number) => void): Disposable {
  const { writeSync, truncateSync } = Deno.FsFile.prototype;
  const { renameSync } = Deno;
  Deno.FsFile.prototype.writeSync = function (bytes) {
    observe(0);
    const written = writeSync.call(this, bytes);
    observe(written);
    return written;
  };
  Deno.FsFile.prototype.truncateSync = function (length) {
    observe(0);
    truncateSync.call(this, length);
    observe(0);
  };
  Deno.renameSync = (from, to) => {
    renameSync(from, to);
    observe(0);
  };
  return {
    [Symbol.dispose]() {
      Object.assign(Deno.FsFile.prototype, { writeSync, truncateSync });
      Object.assign(Deno, { renameSync });
    },
  };
}

Deno.test("a new file is an empty array, its folder is made, and both are for their owner alone", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/out/responses.json`;
  assertEquals(open(path, { since: [] }), "missing");
  assertEquals(Deno.readTextFileSync(path), "[]\n");
  assertEquals([`${folder.path}/out`, path].map((path) => Deno.statSync(path).mode! & 0o777), [0o700, 0o600]);
  assertEquals(namesIn(`${folder.path}/out`), ["responses.json"]);
});

Deno.test("a new file is a whole array from the moment it is there", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/responses.json`, seen: string[] = [];
  {
    using _observing = observeWrites(() => {
      try {
        seen.push(Deno.readTextFileSync(path));
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    });
    open(path, { since: [] });
  }
  assertEquals(seen.filter((text) => !Array.isArray(JSON.parse(text || "null"))), []);
});

Deno.test("entries stand in order, one a line, and after closing nothing else does", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/responses.json`;
  {
    using file = openFile(path, { since: [] }).file;
    file.append([answer("a")].map(entryOf));
    file.append([answer("b"), answer("c")].map(entryOf));
    file.append([]);
  }
  const lines = ["a", "b", "c"].map((id) => entryOf(answer(id)).text);
  assertEquals(Deno.readTextFileSync(path), `[\n${lines.join(",\n")}\n]\n`);
});

Deno.test("whatever is appended, and however it is opened again, the file holds just that", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/responses.json`;
  fc.assert(fc.property(fc.array(someOutcomes, { maxLength: 4 }), (batches) => {
    Deno.writeTextFileSync(path, "[]");
    for (const batch of batches) {
      using file = openFile(path, { since: [] }).file;
      for (const outcome of batch) file.append([outcome].map(entryOf));
      file.append(batch.map(entryOf));
    }
    assertEquals(entriesOf(path), batches.flatMap((batch) => [...batch, ...batch]));
  }));
});

Deno.test("between any two writes the file is a JSON array that only grows", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/responses.json`;
  let looks = 0, seen = 0;
  const look = () => {
    looks++;
    const { length } = entriesOf(path);
    assert(length >= seen, `${length} entries after ${seen}`);
    seen = length;
  };
  const { file } = openFile(path, { since: [] });
  {
    using _ = observeWrites(look);
    for (let index = 0; index < 200; index++) file.append([answer(`q${index}`, "x".repeat(index * 10))].map(entryOf));
    file.append(answers(1000).map(entryOf));
    file[Symbol.dispose]();
    open(path, { since: ["a", "b", "c"].map((id) => entryOf(answer(id))) });
  }
  assertEquals(seen, 1203);
  assertGreater(looks, 400);
});

Deno.test("an entry costs its own bytes, plus now and then a reserve that grows with the file up to a limit", async () => {
  await using folder = makeFolder();
  using file = openFile(`${folder.path}/responses.json`, { since: [] }).file;
  const costs: number[] = [];
  let bytes = 0;
  {
    using _ = observeWrites((written) => bytes += written);
    for (let index = 0; index < 5000; index++) {
      bytes = 0;
      file.append([answer(`q${10_000 + index}`)].map(entryOf));
      costs.push(bytes);
    }
  }
  const own = entryOf(answer("q10000")).text.length + ",\n".length;
  // The first one has no comma before it; what begins in the next page leaves a gap.
  const plain = costs.filter((cost) => cost === own), gaps = costs.filter((cost) => cost > own && cost < 2 * own);
  const copies = costs.filter((cost) => cost >= 2 * own);
  assertLessOrEqual(gaps.length, 5000 * own / 4096 + 1);
  // Each time the file has grown by an eighth, it is copied.
  assertLessOrEqual(copies.reduce((sum, cost) => sum + cost, 0), 5000 * own * 10);
  assertLessOrEqual(copies.length, 40);
  assertEquals(plain.length + gaps.length + copies.length, 5000);
});

Deno.test("at rest there is no padding, whatever came before, nor behind a lone entry", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/responses.json`;
  using file = openFile(path).file;
  const entries = answers(4000).map(entryOf);
  /** The text with the gaps at the ends of lines left out: they keep an entry within a page. */
  const text = () => Deno.readTextFileSync(path).replaceAll(/ +\n/g, "\n").replaceAll(/ +,\n/g, ",\n");
  const whole = (count: number) => `[\n${entries.slice(0, count).map(({ text }) => text).join(",\n")}\n]\n`;
  file.append(entries.slice(0, 1));
  assertEquals(text(), whole(1));
  for (const entry of entries.slice(1, 100)) file.append([entry]);
  assertStringIncludes(text(), "\r".repeat(100));
  file.rest();
  assertEquals(text(), whole(100));
  let next = 100;
  for (; next < 140; next++) {
    file.append([entries[next]!]);
    // A lone entry leaves no padding, not even for a moment.
    assertEquals(text(), whole(next + 1));
    file.rest();
  }
  file.append(entries.slice(next));
  file.rest();
  assertEquals(text(), whole(4000));
});

Deno.test("an entry of up to half a page stands in one page, so that a reader sees it whole or not at all", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/responses.json`;
  using file = openFile(path, { since: [] }).file;
  const outcomes = Array.from({ length: 300 }, (_, index) => answer(`q${index}`, "x".repeat(index * 6)));
  for (const outcome of outcomes) file.append([outcome].map(entryOf));
  const text = Deno.readTextFileSync(path);
  for (const outcome of outcomes) {
    const at = text.indexOf(entryOf(outcome).text);
    assertEquals(Math.floor((at - 2) / 4096), Math.floor((at + entryOf(outcome).text.length - 1) / 4096));
  }
});

Deno.test("whatever pages a reader has from before a write, and whatever from after it, they are an array", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/responses.json`;
  using file = openFile(path, { since: answers(1).map(entryOf) }).file;
  let before = Deno.readFileSync(path), inode = Deno.statSync(path).ino;
  fc.assert(
    fc.property(
      fc.array(fc.nat({ max: 1500 }), { minLength: 1, maxLength: 5 }),
      fc.infiniteStream(fc.boolean()),
      (lengths, isNew) => {
        file.append(lengths.map((length) => entryOf(answer("q", "x".repeat(length)))));
        const after = Deno.readFileSync(path), { ino } = Deno.statSync(path);
        // Else a copy took its place, and a reader has the one or the other.
        if (ino === inode) {
          // Many a reader asks for the length first, and reads no more than that.
          assertEquals(after.length, before.length);
          const mixed = before.slice();
          for (let at = 0; at < mixed.length; at += 4096) {
            if (isNew.next().value) mixed.set(after.subarray(at, at + 4096), at);
          }
          JSON.parse(new TextDecoder().decode(mixed));
        }
        if (isNew.next().value) file.rest();
        before = Deno.readFileSync(path);
        inode = Deno.statSync(path).ino;
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("a file that was moved, deleted or written to while it was open is no longer in place", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/responses.json`;
  const whileOpen = (change: (file: ResponsesFile) => void) => {
    Deno.writeTextFileSync(path, "[]\n");
    using file = openFile(path, { since: answers(2).map(entryOf) }).file;
    change(file);
    return file.isInPlace();
  };
  assertEquals(whileOpen((file) => file.append([entryOf(answer("a"))])), true);
  assertEquals(whileOpen(() => Deno.removeSync(path)), false);
  assertEquals(whileOpen(() => Deno.renameSync(path, `${folder.path}/kept.json`)), false);
  assertEquals(entriesOf(`${folder.path}/kept.json`), answers(2));
  // Their text stays as it is when the file is closed, although it is longer than what we wrote.
  const theirs = JSON.stringify([{ mine: "x".repeat(100_000) }]);
  assertEquals(whileOpen(() => Deno.writeTextFileSync(path, theirs)), false);
  assertEquals(Deno.readTextFileSync(path), theirs);
});

Deno.test("a path that is a folder is refused with 74 and says what to do", async () => {
  await using folder = makeFolder();
  const error = assertThrows(() => open(folder.path, { since: [] }), FatalError, `Cannot open ${folder.path}: `);
  assertEquals(error.exitCode, 74);
  assertStringIncludes(
    error.message,
    "Set EVENT_OUTPUT_PATH to a file in a directory that can be written to; nothing is lost.",
  );
});

Deno.test("a reader in a tight loop sees the array grow, and whole at the end", async (t) => {
  await using folder = makeFolder();
  const path = `${folder.path}/responses.json`;
  using file = openFile(path, { since: [] }).file;
  const script = `
    const buffer = new Uint8Array(4 * 1024 * 1024), decoder = new TextDecoder();
    let reads = 0, torn = 0, most = 0;
    function look() {
      const file = Deno.openSync(${JSON.stringify(path)});
      const text = decoder.decode(buffer.subarray(0, file.readSync(buffer) ?? 0));
      file.close();
      reads++;
      try {
        most = Math.max(most, JSON.parse(text).length);
      } catch {
        torn++;
      }
      self.postMessage({ reads, torn, most });
    }
    const turn = new MessageChannel();
    turn.port1.onmessage = () => { look(); turn.port2.postMessage(0); };
    turn.port2.postMessage(0);`;
  const worker = new Worker(URL.createObjectURL(new Blob([script], { type: "text/javascript" })), { type: "module" });
  using _ = { [Symbol.dispose]: () => worker.terminate() };
  type Count = { reads: number; torn: number; most: number };
  const next = () =>
    new Promise<Count>((resolve) => {
      worker.onmessage = ({ data }) => resolve(data);
    });
  const outcomes = answers(2000);
  let count = await next();
  for (const outcome of outcomes) {
    file.append([outcome].map(entryOf));
    // Lets the reader be where it will.
    count = await next();
  }
  while (count.most < outcomes.length) count = await next();
  assertEquals(entriesOf(path), outcomes);
  // No file system promises whole reads beside writes, so this is a figure and no bound.
  await t.step(`${count.torn} of ${count.reads} reads were torn`, () => {});
});

testOnSmallDisk("a full disk is said to be so with 74, and the file holds what was appended before", {
  kibibytes: 256,
}, (disk) => {
  const path = `${disk.path}/responses.json`;
  const outcomes = answers(3000);
  let appended = 0;
  {
    using file = openFile(path, { since: [] }).file;
    file.append([entryOf(outcomes[appended++]!)]);
    disk.fill();
    const error = assertThrows(() => {
      for (; appended < outcomes.length; appended++) file.append([entryOf(outcomes[appended]!)]);
    }, FatalError);
    assertEquals(error.exitCode, 74);
    assertEquals(error.message, `Cannot append to ${path}: no space left. Free some and start again; nothing is lost.`);
    // All of the last block was used, and nothing beyond it.
    assertGreater(appended, 20);
    assertEquals(entriesOf(path), outcomes.slice(0, appended));
  }
  assertEquals(entriesOf(path), outcomes.slice(0, appended));
  disk.free();
  open(path, { since: outcomes.slice(0, appended + 100).map(entryOf) });
  assertEquals(entriesOf(path), outcomes.slice(0, appended + 100));
});

testOnSmallDisk("a disk that is full from the start is said to be so with 74, and nothing half-written is left", {
  kibibytes: 128,
}, (disk) => {
  disk.fill();
  const path = `${disk.path}/responses.json`;
  const error = assertThrows(
    () => open(path, { since: answers(1).map(entryOf) }),
    FatalError,
    `Cannot open ${path}: no space left.`,
  );
  assertEquals(error.exitCode, 74);
  assertEquals(namesIn(disk.path), ["filler"]);
  disk.free();
  assertEquals(open(path, { since: answers(1).map(entryOf) }), "missing");
});

testOnSmallDisk(
  "a read-only disk is said to be so with 74, whether the file is there or not",
  { kibibytes: 128 },
  (disk) => {
    const path = `${disk.path}/responses.json`, other = `${disk.path}/other.json`;
    open(path, { since: answers(1).map(entryOf) });
    const before = Deno.readTextFileSync(path);
    disk.makeReadOnly();
    for (const refused of [path, other]) {
      const error = assertThrows(
        () => open(refused, { since: answers(2).map(entryOf) }),
        FatalError,
        `Cannot open ${refused}: `,
      );
      assertEquals(error.exitCode, 74);
      assertStringIncludes(
        error.message,
        "Make it writable, or set EVENT_OUTPUT_PATH to a path that is; nothing is lost.",
      );
    }
    assertEquals(Deno.readTextFileSync(path), before);
    assertEquals(namesIn(disk.path), ["responses.json"]);
  },
);

testOnSmallDisk(
  "a disk that refuses beside what is appended refuses once more when the file comes to rest",
  { kibibytes: 16_384 },
  async (backing) => {
    using stack = new DisposableStack();
    const path = makeMountPoint(stack), image = `${backing.path}/image`;
    Deno.createSync(image).close();
    Deno.truncateSync(image, 64 * 1024 * 1024);
    run("mkfs.ext4", "-q", "-O", "^has_journal", image);
    mount(stack, path, ["-o", "loop", image]);
    using file = openFile(`${path}/responses.json`).file;
    // Too large to be copied, which would bring all of it to the disk.
    file.append([entryOf(answer("a", "x".repeat(5 * 1024 * 1024)))]);
    // The kernel takes the writes, and finds out later that there is no room for them.
    backing.fill();
    await assertRejects(() => file.sync(), FatalError, "Cannot append to");
    backing.free();
    assertThrows(() => file.rest(), FatalError, "Cannot append to");
  },
);
