/** Publishers that are not the plain one: sealed, rotated, and without a file. @module */

import { assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { generateKeyPairSync } from "node:crypto";
import { openJournal } from "../../src/journal/journal.ts";
import { openNoPublisher, openPublisher, openSealedPublisher } from "../../src/journal/publisher.ts";
import { isDue, moveAside } from "../../src/journal/responses_rotation.ts";
import { createOpener, createOutputSeal } from "../../src/journal/sealed_entries.ts";
import { type Log, silentLog } from "../../src/log.ts";
import { openStateDatabase } from "../../src/program/state.ts";
import { noSeal } from "../../src/store/seal.ts";
import { entryOf } from "../../src/wire.ts";
import { answer } from "../support/events.ts";
import { makeFolder } from "../support/folder.ts";
import { entriesOf, namesIn } from "./responses_fixture.ts";

/** A state, a journal in it, and a log whose warnings are kept. */
function openParts(folder: string) {
  using stack = new DisposableStack();
  const database = stack.use(openStateDatabase(`${folder}/state`));
  const journal = openJournal(database, { seal: noSeal, now: () => 0 });
  const warnings: string[] = [];
  const log: Log = { ...silentLog, warn: (message) => warnings.push(message) };
  const record = (...ids: string[]) => {
    const recorded = ids.map((id) => journal.record(answer(id)));
    database.commit();
    return recorded;
  };
  const held = stack.move();
  const path = `${folder}/out/responses.json`;
  return { journal, log, path, record, warnings, [Symbol.dispose]: () => held.dispose() };
}

const PAIR = generateKeyPairSync("x25519");
const SEAL = await createOutputSeal(PAIR.publicKey.export({ format: "jwk" }).x!);
const OPENER = await createOpener(PAIR.privateKey.export({ type: "pkcs8", format: "pem" }).toString());

async function opened(path: string): Promise<unknown[]> {
  return await Promise.all(entriesOf(path).map(async (entry) => JSON.parse((await OPENER.open(entry))!)));
}

Deno.test("sealed, the file holds no answer, and the private key opens all of them after restarts", async () => {
  await using folder = makeFolder();
  for (const ids of [["a", "b"], ["c"]]) {
    using parts = openParts(folder.path);
    using publisher = await openSealedPublisher({ ...parts, seal: SEAL });
    await publisher.publish(parts.record(...ids));
    assertEquals(publisher.published, parts.journal.lastOutcome());
    assertFalse(Deno.readTextFileSync(parts.path).includes("answer"));
    assertEquals(parts.warnings, []);
  }
  const path = `${folder.path}/out/responses.json`;
  assertEquals(await opened(path), ["a", "b", "c"].map((id) => answer(id)));
});

Deno.test("sealed, a crash at any byte costs no entry and doubles none, and is taken for nobody's edit", async () => {
  const runs = fc.asyncProperty(fc.nat({ max: 4 }), fc.nat({ max: 4 }), fc.nat(), async (before, after, at) => {
    await using folder = makeFolder();
    const ids = (from: number, count: number) => Array.from({ length: count }, (_, index) => `q${from + index}`);
    let checkpoint = 1, whole: Uint8Array;
    {
      using parts = openParts(folder.path);
      {
        using publisher = await openSealedPublisher({ ...parts, seal: SEAL });
        await publisher.publish(parts.record(...ids(0, before)));
      }
      const publisher = await openSealedPublisher({ ...parts, seal: SEAL });
      checkpoint = parts.journal.checkpoint()?.bytes ?? 1;
      await publisher.publish(parts.record(...ids(before, after)));
      whole = Deno.readFileSync(parts.path);
      const mark = parts.journal.checkpoint();
      publisher[Symbol.dispose]();
      // As a process that was killed leaves it.
      if (mark) parts.journal.setCheckpoint(mark);
      else parts.journal.setCheckpoint({ path: parts.path, seq: 0, bytes: 1 });
    }
    const path = `${folder.path}/out/responses.json`;
    Deno.writeFileSync(path, whole.subarray(0, checkpoint + at % (whole.length - checkpoint + 1)));
    using parts = openParts(folder.path);
    using _ = await openSealedPublisher({ ...parts, seal: SEAL });
    assertEquals(await opened(path), ids(0, before + after).map((id) => answer(id)));
    const torn = "responses file had a torn end: mended it from the journal";
    assertEquals(parts.warnings.filter((warning) => warning !== torn), []);
  });
  await fc.assert(runs, { numRuns: 30 });
});

Deno.test("without a file, outcomes count as published at once, and no later start writes them into one", async () => {
  await using folder = makeFolder();
  {
    using parts = openParts(folder.path);
    using publisher = openNoPublisher(parts);
    assertEquals(publisher.published, 0);
    publisher.publish(parts.record("a", "b"));
    assertEquals(publisher.published, parts.journal.lastOutcome());
    assertEquals(namesIn(folder.path), ["state"]);
  }
  {
    using parts = openParts(folder.path);
    using publisher = openNoPublisher(parts);
    assertEquals(publisher.published, parts.journal.lastOutcome());
  }
  using parts = openParts(folder.path);
  using publisher = openPublisher(parts);
  publisher.publish(parts.record("c"));
  assertEquals([entriesOf(parts.path), parts.warnings], [[answer("c")], []]);
});

Deno.test("a full file is kept under a name with the time in it, and each outcome stands in one of the files", async () => {
  await using folder = makeFolder();
  const nowMs = Date.parse("2026-11-25T19:26:01.500Z");
  const rotation = { bytes: 4096, now: () => nowMs };
  const ids = Array.from({ length: 200 }, (_, index) => `q${index}`);
  for (const half of [ids.slice(0, 100), ids.slice(100)]) {
    using parts = openParts(folder.path);
    using publisher = openPublisher({ ...parts, rotation });
    for (const id of half) publisher.publish(parts.record(id));
    assertEquals(parts.warnings, []);
  }
  const out = `${folder.path}/out`, names = namesIn(out);
  assertStringIncludes(names.join(), "responses.2026-11-25T19-26-01Z.json");
  for (const name of names) assertMatch(name, /^responses(\.2026-11-25T19-26-01Z(-\d+)?)?\.json$/);
  const order = (name: string) => name === "responses.json" ? Infinity : Number(/-(\d+)\.json$/.exec(name)?.[1] ?? 1);
  names.sort((a, b) => order(a) - order(b));
  assertEquals(names.flatMap((name) => entriesOf(`${out}/${name}`)), ids.map((id) => answer(id)));
  assertEquals(names.length > 3, true);
});

Deno.test("a crash right behind a rotation writes nothing of the old file into the new one", async () => {
  await using folder = makeFolder();
  const rotation = { bytes: 4096, now: () => 0 };
  const ids = Array.from({ length: 60 }, (_, index) => `q${index}`);
  {
    using parts = openParts(folder.path);
    using publisher = openPublisher(parts);
    publisher.publish(parts.record(...ids));
  }
  // Moved, and killed before the new file was made.
  moveAside(`${folder.path}/out/responses.json`, 0);
  using parts = openParts(folder.path);
  parts.record("next");
  using _ = openPublisher({ ...parts, rotation });
  assertEquals(entriesOf(parts.path), [answer("next")]);
});

Deno.test("an empty file at the last checkpoint is as it was left at the next start", async () => {
  await using folder = makeFolder();
  const start = (...ids: string[]) => {
    using parts = openParts(folder.path);
    using publisher = openPublisher(parts);
    publisher.publish(parts.record(...ids));
    return parts.warnings;
  };
  start("a");
  Deno.removeSync(`${folder.path}/out/responses.json`);
  assertEquals(start(), ["responses file is gone: going on with a new one"]);
  assertEquals(start(), []);
  assertEquals(start("b"), []);
  assertEquals(entriesOf(`${folder.path}/out/responses.json`), [answer("b")]);
});

Deno.test("a file that somebody changed is told of once, also where nothing is appended to it", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/out/responses.json`;
  const start = (...ids: string[]) => {
    using parts = openParts(folder.path);
    using publisher = openPublisher(parts);
    publisher.publish(parts.record(...ids));
    return parts.warnings;
  };
  Deno.mkdirSync(`${folder.path}/out`);
  Deno.writeTextFileSync(path, '[{"queryId":"theirs"}]');
  const foreign = "responses file holds entries that this state does not know: keeping them, and appending its own";
  assertEquals([start(), start(), start("a"), start()], [[foreign], [], [], []]);
  const changed = ["responses file was changed by somebody else, or is newer than the state: appending to it as it is"];
  for (const theirs of ['[{"queryId":"a"},\n7]\n', "[\n]\n\n", '[ "a"\r\n]', "\ufeff[{}, [1]]"]) {
    Deno.writeTextFileSync(path, theirs);
    assertEquals([start(), start(), start()], [changed, [], []]);
    Deno.writeTextFileSync(path, theirs.replace("]", ", 1]").replace("[\n,", "["));
    assertEquals([start(), start()], [changed, []], "another change is told again");
    assertEquals([start("a" + theirs), start()], [[], []]);
    assertEquals((entriesOf(path).at(-1) as { queryId?: unknown }).queryId, "a" + theirs);
  }
  Deno.writeTextFileSync(path, '["abcdefg"]');
  assertEquals(start(), changed);
  Deno.writeTextFileSync(path, '["abc",[[1]]]');
  assertEquals(start(), changed, "what has the length of the file before is not cut off");
  assertEquals(entriesOf(path), ["abc", [[1]]]);
});

Deno.test("a file that was moved with its state is as it was left", async () => {
  await using folder = makeFolder();
  const start = (name: string, ...ids: string[]) => {
    using parts = openParts(`${folder.path}/${name}`);
    using publisher = openPublisher(parts);
    publisher.publish(parts.record(...ids));
    return parts.warnings;
  };
  Deno.mkdirSync(`${folder.path}/old`);
  start("old", "a", "b");
  Deno.renameSync(`${folder.path}/old`, `${folder.path}/new`);
  assertEquals(start("new", "c"), []);
  assertEquals(entriesOf(`${folder.path}/new/out/responses.json`), ["a", "b", "c"].map((id) => answer(id)));
  Deno.renameSync(`${folder.path}/new`, `${folder.path}/old`);
  Deno.writeTextFileSync(`${folder.path}/old/out/responses.json`, "[1]");
  assertEquals(start("old"), [
    "responses file holds entries that this state does not know: keeping them, and appending its own",
  ]);
});

Deno.test("an age counts from the first entry, also after a restart", async () => {
  await using folder = makeFolder();
  const { timestamp } = answer("a");
  let nowMs = timestamp + 999;
  const rotation = { ageMs: 1000, now: () => nowMs };
  const start = (id: string) => {
    using parts = openParts(folder.path);
    using publisher = openPublisher({ ...parts, rotation });
    publisher.publish(parts.record(id));
  };
  start("a");
  start("b");
  assertEquals(namesIn(`${folder.path}/out`), ["responses.json"]);
  nowMs++;
  start("c");
  assertEquals(namesIn(`${folder.path}/out`).length, 2);
  assertEquals(entriesOf(`${folder.path}/out/responses.json`), [entryOf(answer("c")).outcome]);
  assertEquals(isDue({ bytes: 1, firstMs: undefined }, rotation), false);
  const firstMs = nowMs + 1000;
  assertEquals([firstMs - 1, firstMs].map((firstMs) => isDue({ bytes: 1, firstMs }, rotation)), [false, true]);
});
