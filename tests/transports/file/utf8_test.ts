/** Events files whose bytes are no UTF-8: what was meant is not known, so it is refused and not answered. @module */

import { assertEquals } from "@std/assert";
import { decodeUtf8 } from "../../../src/utf8.ts";
import { BROKEN, makeInput } from "./fixture.ts";

/** A text as bytes in Latin-1, where "é" is no UTF-8. */
function latin1(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

const good = (id: string) => `{"id":"${id}","query":"What is iExec?","timestamp":1}`;
const bad = (id: string) => `{"id":"${id}",\n"query":"café","timestamp":1}`;

Deno.test("an event of an array whose bytes are no UTF-8 is refused with its place, and the others are answered", async () => {
  await using input = makeInput();
  Deno.writeFileSync(input.path, latin1(`[${good("a")},\n ${bad("l1")}, ${good("b")}]`));
  await using watching = input.watch();
  assertEquals(await watching.yielded(2), ["a", "b"]);
  const reason = "not valid UTF-8 at line 3 column 13: save the file as UTF-8";
  assertEquals(watching.refusals, [`l1: ${reason}`]);
  assertEquals(watching.linesOf("event refused"), [{ path: input.path, index: 1, reason, event: "l1" }]);
  input.write(`[${good("a")}, ${bad("l1")}, ${good("b")}]`);
  assertEquals(await watching.yielded(3), ["a", "b", "l1"]);
});

Deno.test("a line of NDJSON whose bytes are no UTF-8 is refused alone", async () => {
  await using input = makeInput({ path: "events.ndjson" });
  Deno.writeFileSync(input.path, latin1(`${good("a")}\n${bad("l1").replace("\n", "")}\n${good("b")}\n`));
  await using watching = input.watch();
  assertEquals(await watching.yielded(2), ["a", "b"]);
  assertEquals(watching.refusals, ["l1: not valid UTF-8 at line 2 column 24: save the file as UTF-8"]);
});

Deno.test("an id whose bytes are no UTF-8 is told in the log alone", async () => {
  await using input = makeInput();
  Deno.writeFileSync(input.path, latin1(`[${good("é")}, ${good("a")}]`));
  await using watching = input.watch();
  assertEquals(await watching.yielded(1), ["a"]);
  assertEquals(watching.refusals, []);
  assertEquals(watching.linesOf("event refused").map(({ index, event }) => ({ index, event })), [
    { index: 0, event: undefined },
  ]);
});

Deno.test("U+FFFD and a byte order mark in a file are UTF-8", async () => {
  await using input = makeInput();
  input.write(`\ufeff[${good("\ufffd")}]`);
  await using watching = input.watch();
  assertEquals(await watching.yielded(1), ["\ufffd"]);
  assertEquals(watching.warnings(), []);
});

Deno.test("a line that ends in the middle of a character is not refused before the rest comes", async () => {
  await using input = makeInput({ path: "events.ndjson" });
  const bytes = new TextEncoder().encode(`${good("a")}\n{"id":"b","query":"café?","timestamp":1}\n`);
  const cut = bytes.indexOf(0xc3) + 1;
  Deno.writeFileSync(input.path, bytes.subarray(0, cut));
  await using watching = input.watch();
  await watching.yielded(1);
  Deno.writeFileSync(input.path, bytes.subarray(cut), { append: true });
  assertEquals(await watching.yielded(2), ["a", "b"]);
  assertEquals(watching.warnings().filter((message) => message !== BROKEN), []);
});

Deno.test("the first byte that is no UTF-8 is found wherever it is", () => {
  assertEquals(decodeUtf8(latin1("\xe9")).invalidAt, { line: 1, column: 1 });
  assertEquals(decodeUtf8(latin1("ab\n\xc3\xa9\xff")).invalidAt, { line: 2, column: 3 });
  // A character that is cut.
  assertEquals(decodeUtf8(latin1("a\n\n\xe2\x82")).invalidAt, { line: 3, column: 1 });
  assertEquals(decodeUtf8(latin1("a\xc3\xa9")), { text: "aé" });
});
