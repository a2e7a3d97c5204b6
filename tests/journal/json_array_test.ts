/** Reading a JSON array in pieces: what `JSON.parse` says of it, whatever its size and wherever it is cut. @module */

import { assertEquals, assertLess, assertThrows } from "@std/assert";
import fc from "fast-check";
import { firstEntry, NotAnArrayError, readArray } from "../../src/journal/json_array.ts";
import { makeFolder } from "../support/folder.ts";

/** The entries, and where the array ends; undefined where it is none. */
function read(path: string, pieceBytes: number) {
  using file = Deno.openSync(path);
  const array = readArray(file, { pieceBytes });
  const entries: unknown[] = [];
  try {
    for (let next = array.next();; next = array.next()) {
      if (next.done) return { entries, ...next.value };
      entries.push(next.value);
    }
  } catch (error) {
    if (error instanceof NotAnArrayError) return undefined;
    throw error;
  }
}

function parse(text: string): unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const aLayout = fc.record({
  entries: fc.array(fc.jsonValue()),
  indent: fc.nat({ max: 3 }),
  before: fc.constantFrom("", "\n", " \t", "\r\n"),
  after: fc.constantFrom("", "\n", "  \r\n"),
});

Deno.test("any array in any layout gives its entries and its end, in pieces of any size", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/array.json`;
  fc.assert(fc.property(aLayout, fc.integer({ min: 1, max: 40 }), ({ entries, indent, before, after }, pieceBytes) => {
    const text = before + JSON.stringify(entries, null, indent) + after, bytes = new TextEncoder().encode(text);
    Deno.writeFileSync(path, bytes);
    const bracketAt = bytes.lastIndexOf("]".charCodeAt(0));
    const end = new TextDecoder().decode(bytes.subarray(0, bracketAt)).trimEnd();
    assertEquals(read(path, pieceBytes), {
      entries: JSON.parse(text),
      bracketAt,
      end: new TextEncoder().encode(end).length,
    });
  }));
});

Deno.test("a text is an array if JSON.parse says so, whatever was done to it", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/array.json`;
  const edit = fc.record({
    at: fc.nat(),
    drop: fc.nat({ max: 3 }),
    put: fc.constantFrom(...'[]{},:"\\ 1an\u00e9', ""),
  });
  fc.assert(
    fc.property(aLayout, fc.array(edit, { maxLength: 3 }), fc.integer({ min: 1, max: 40 }), (layout, edits, piece) => {
      let text = layout.before + JSON.stringify(layout.entries, null, layout.indent) + layout.after;
      for (const { at, drop, put } of edits) {
        const place = at % (text.length + 1);
        text = text.slice(0, place) + put + text.slice(place + drop);
      }
      Deno.writeTextFileSync(path, text);
      // As it is read back: a lone surrogate is no UTF-8.
      assertEquals(read(path, piece)?.entries, parse(Deno.readTextFileSync(path)));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("what only looks like an array is none", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/array.json`;
  const texts = [
    "",
    " ",
    "[",
    "[1",
    "[1,",
    "[1,]",
    "[,1]",
    "[,]",
    "[1,,2]",
    "[1]]",
    "[1] 2",
    "{}",
    "[1}",
    "[{]}",
    "[[}]",
  ];
  for (const text of [...texts, '["]', '["\\"]', '["\\\\"x]', "[01]", "['a']", "[NaN]", "\0[]"]) {
    Deno.writeTextFileSync(path, text);
    for (const pieceBytes of [1, 2, 3, 64]) assertEquals([text, read(path, pieceBytes)], [text, undefined]);
  }
  Deno.writeFileSync(path, new Uint8Array([0x5b, 0x22, 0xff, 0x22, 0x5d]));
  assertEquals(read(path, 64), undefined);
});

Deno.test("a byte order mark before the array counts as blank", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/array.json`;
  Deno.writeTextFileSync(path, "\ufeff[1]\n");
  assertEquals(read(path, 64), { entries: [1], end: 5, bracketAt: 5 });
});

Deno.test("the first entry is read alone, whatever follows", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/array.json`;
  const first = (text: string) => {
    Deno.writeTextFileSync(path, text);
    using file = Deno.openSync(path);
    return firstEntry(file);
  };
  assertEquals(first('[{"a":1},{"b":2}]'), { a: 1 });
  assertEquals([first("[]"), first("nothing"), first("")], [undefined, undefined, undefined]);
  assertEquals(first(`["${"x".repeat(100_000)}", 2]`), "x".repeat(100_000));
});

Deno.test("no more of a large array is read at once than a piece and the entry at its end", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/array.json`;
  const entry = JSON.stringify({ queryId: "q", response: "x".repeat(900) });
  Deno.writeTextFileSync(path, `[${Array(20_000).fill(entry).join(",\n")}]`);
  let largest = 0;
  const { readSync } = Deno.FsFile.prototype;
  Deno.FsFile.prototype.readSync = function (bytes) {
    largest = Math.max(largest, bytes.length);
    return readSync.call(this, bytes);
  };
  try {
    assertEquals(read(path, 64 * 1024)?.entries.length, 20_000);
  } finally {
    Deno.FsFile.prototype.readSync = readSync;
  }
  assertLess(largest, 64 * 1024 + 1);
});

Deno.test("an error of the disk is no verdict on the array", async () => {
  await using folder = makeFolder();
  using directory = Deno.openSync(folder.path);
  const error = assertThrows(() => [...readArray(directory)]);
  assertEquals(error instanceof NotAnArrayError, false);
});
