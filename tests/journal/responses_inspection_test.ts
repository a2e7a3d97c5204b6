/** What is made of a `responses.json` that a crash or somebody else left: nothing lost, ours or theirs. @module */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { entryOf, type Outcome } from "../../src/wire.ts";
import { answer, answers } from "../support/events.ts";
import { makeFolder } from "../support/folder.ts";
import { anOutcome, entriesOf, namesIn, open, openFile, someOutcomes } from "./responses_fixture.ts";

const CLOSING = "\n]\n";
const encoder = new TextEncoder();

/** What a crash may leave behind the last checkpoint, from a byte on. */
const CRASHES: Record<string, (file: Uint8Array, at: number) => Uint8Array> = {
  "cut it off": (file, at) => file.slice(0, at),
  "left zeros": (file, at) => file.fill(0, at),
  "left the blanks that were there before": (file, at) => file.fill(0x20, at),
  "lost one block": (file, at) => file.fill(0, at, at + 4096),
  "left the closing that was there before": (file, at) => {
    file.set(encoder.encode(CLOSING).subarray(0, file.length - at), at);
    return file;
  },
};

for (const [what, crash] of Object.entries(CRASHES)) {
  Deno.test(`a crash that ${what} after any byte costs no entry and doubles none`, async () => {
    await using folder = makeFolder();
    const path = `${folder.path}/responses.json`;
    const aCase = fc.record({
      outcomes: someOutcomes,
      checkpoint: fc.nat(),
      written: fc.nat(),
      batch: fc.integer({ min: 1, max: 4 }),
      at: fc.nat(),
    });
    fc.assert(
      fc.property(aCase, ({ outcomes, checkpoint, written, batch, at }) => {
        const mark = checkpoint % (outcomes.length + 1), last = outcomes[mark - 1];
        const reached = mark + written % (outcomes.length - mark + 1);
        Deno.writeTextFileSync(path, "[]\n");
        const { file } = openFile(path, { since: [] });
        file.append(outcomes.slice(0, mark).map(entryOf));
        const { bytes } = file;
        for (let next = mark; next < reached; next += batch) {
          file.append(outcomes.slice(next, Math.min(next + batch, reached)).map(entryOf));
        }
        const whole = Deno.readFileSync(path); // with the reserve, which a crash leaves
        file[Symbol.dispose]();
        const from = bytes + at % (whole.length - bytes + 1);
        Deno.writeFileSync(path, crash(whole.slice(), from));

        const found = open(path, {
          since: outcomes.slice(mark).map(entryOf),
          ...(last && { checkpoint: { bytes, lastText: entryOf(last).text } }),
        });
        assertEquals(entriesOf(path), outcomes);
        if (from === whole.length) assertEquals(found, "as left");
        assertEquals(namesIn(folder.path), ["responses.json"]);
      }),
      { numRuns: 300 },
    );
  });
}

Deno.test("what was left as it was is told from what was torn, and from what somebody changed", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/responses.json`;
  const { file } = openFile(path, { since: [] });
  file.append([answer("q0")].map(entryOf));
  const checkpoint = { bytes: file.bytes, lastText: entryOf(answer("q0")).text };
  file.append([entryOf(answer("q1"))]);
  const left = Deno.readTextFileSync(path);
  file[Symbol.dispose]();
  const foundWith = (text: string, since: Outcome[]) => {
    Deno.writeTextFileSync(path, text);
    return open(path, { checkpoint, since: since.map(entryOf) });
  };
  assertEquals(foundWith(left, [answer("q1")]), "as left");
  // Killed between the commit and the append: the journal has more than the file.
  assertEquals(foundWith(left, [answer("q1"), answer("q2")]), "as left");
  assertEquals(foundWith(left.slice(0, checkpoint.bytes), [answer("q1")]), "torn");
  assertEquals(foundWith(left.slice(0, checkpoint.bytes + 10), [answer("q1")]), "torn");
  assertEquals(foundWith("[]", [answer("q1")]), "changed");
  assertEquals(foundWith(left.replace("answer q1", "my answer"), [answer("q1")]), "changed");
  assertEquals(foundWith(left.replace('"answer q1', "answer q1"), [answer("q1")]), "unreadable");
});

/** What people do to a file, and whether it is an array afterwards. */
const EDITS: Record<string, fc.Arbitrary<{ text: string; isArray: boolean }>> = {
  "emptied it": fc.constantFrom("[]", "[]\n", "[ ]", " \n[\n\n\n]", "[        ]\n\n\n").map((text) => ({
    text,
    isArray: true,
  })),
  "wrote entries of their own": fc.record({
    entries: fc.array(fc.oneof(fc.jsonValue(), anOutcome)),
    indent: fc.nat({ max: 8 }),
    before: fc.constantFrom("", "\n", "  ", "\ufeff"),
    after: fc.constantFrom("", "\n", " \r\n ", "\t".repeat(500)),
  }).map(({ entries, indent, before, after }) => ({
    text: before + JSON.stringify(entries, null, indent) + after,
    isArray: true,
  })),
  "wrote something else": fc.oneof(fc.string(), fc.json().filter((text) => !text.startsWith("[")))
    // Nothing but brackets and blanks may as well be ours, torn.
    .filter((text) => !isArray(text) && !/^[[\]\s]*$/.test(text))
    .map((text) => ({ text, isArray: false })),
};

function isArray(text: string): boolean {
  try {
    return Array.isArray(JSON.parse(text));
  } catch {
    return false;
  }
}

for (const [edit, arbitrary] of Object.entries(EDITS)) {
  Deno.test(`where somebody ${edit}, none of it is lost and what is missing follows`, async () => {
    await using folder = makeFolder();
    const path = `${folder.path}/responses.json`;
    fc.assert(fc.property(arbitrary, someOutcomes, fc.nat(), ({ text, isArray }, outcomes, checkpoint) => {
      const mark = checkpoint % (outcomes.length + 1), last = outcomes[mark - 1], since = outcomes.slice(mark);
      Deno.writeTextFileSync(path, text);
      // The length of a file that is no more.
      const bytes = 1 +
        encoder.encode(outcomes.slice(0, mark).map((each) => `\n${entryOf(each).text}`).join(",")).length;
      const { file, found, movedTo } = openFile(path, {
        since: since.map(entryOf),
        ...(last && { checkpoint: { bytes, lastText: entryOf(last).text } }),
      });
      file[Symbol.dispose]();
      const theirs: unknown[] = isArray ? JSON.parse(text.replace("\ufeff", "")) : [];
      const theirIds = theirs.map((entry) => (entry as { queryId?: unknown } | null)?.queryId);
      assertEquals(entriesOf(path), [...theirs, ...since.filter(({ queryId }) => !theirIds.includes(queryId))]);
      assertEquals(found.state === "unreadable", !isArray);
      if (found.state === "unreadable") {
        assertEquals(Deno.readTextFileSync(movedTo!), text);
        Deno.removeSync(movedTo!);
      }
      assertEquals(namesIn(folder.path), ["responses.json"]);
    }));
  });
}

Deno.test("an entry that somebody added by hand with a slip of the pen is moved away, not overwritten", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/responses.json`;
  open(path, { since: answers(2).map(entryOf) });
  const edited = Deno.readTextFileSync(path).replace("\n]\n", `,\n{"queryId": "mine",}\n]\n`);
  Deno.writeTextFileSync(path, edited);
  const bytes = edited.indexOf(`,\n{"queryId": "mine"`);
  const { file, found, movedTo } = openFile(path, {
    checkpoint: { bytes, lastText: entryOf(answer("q1")).text },
    since: [answer("q2")].map(entryOf),
  });
  file[Symbol.dispose]();
  assert(found.state === "unreadable");
  assertEquals(Deno.readTextFileSync(movedTo!), edited);
  assertEquals(entriesOf(path), [answer("q2")]);
});

Deno.test("a second file that is no array does not take the place of the first one that was moved away", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/responses.json`;
  for (const text of ["one", "two"]) {
    Deno.writeTextFileSync(path, text);
    assertEquals(open(path, { since: [] }), "unreadable");
  }
  const moved = namesIn(folder.path).filter((name) => name !== "responses.json");
  assertEquals(moved.map((name) => Deno.readTextFileSync(`${folder.path}/${name}`)), ["one", "two"]);
});

Deno.test("a file of no bytes, of blanks or of zeros counts as none, and stays the same file", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/responses.json`;
  for (const text of ["", " \n", "\0".repeat(4096)]) {
    Deno.writeTextFileSync(path, text);
    const { ino } = Deno.statSync(path);
    assertEquals(open(path, { since: [] }), "missing");
    assertEquals([entriesOf(path), Deno.statSync(path).ino], [[], ino]);
    Deno.writeTextFileSync(path, text);
    assertEquals(open(path, { since: answers(2).map(entryOf) }), "missing");
    assertEquals(entriesOf(path), answers(2));
  }
});
