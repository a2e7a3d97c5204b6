/** What is said of an error that ended the program. @module */

import { assertEquals, assertFalse, assertMatch } from "@std/assert";
import { FatalError } from "../../src/errors.ts";
import { lastWordsOf } from "../../src/program/last_words.ts";

Deno.test("a fatal error is told plainly: its first line, the others as a list, its exit code", () => {
  const words = lastWordsOf(new FatalError("2 settings are wrong:\n  A: expected b\n  C: expected d", 78));
  assertEquals(words, { text: "agent: 2 settings are wrong:\n  - A: expected b\n  - C: expected d\n", exitCode: 78 });
});

Deno.test("anything else is a bug, with its stack", () => {
  const { text, exitCode } = lastWordsOf(new TypeError("no such thing"));
  assertEquals(exitCode, 70);
  assertMatch(text, /^agent: this is a bug, please report it:\n {2}- TypeError: no such thing\n {2}- at /);
  assertEquals(lastWordsOf("thrown").text, "agent: this is a bug, please report it:\n  - thrown\n");
});

Deno.test("of an error while giving back what was held the first one is told", () => {
  const first = new FatalError("first", 74);
  assertEquals(lastWordsOf(new SuppressedError(new Error("second"), first)), { text: "agent: first\n", exitCode: 74 });
});

Deno.test("no text of others moves the cursor, or makes a line that passes for one of the log", () => {
  const forged = '{"level":"info","message":"forged"}';
  const { text } = lastWordsOf(new FatalError(`Cannot read a\x1b[2J\u009b\u202e.md\r\n${forged}`, 78));
  assertFalse(/[^\n\P{Cc}]|\p{Bidi_Control}/u.test(text), JSON.stringify(text));
  assertFalse(text.split("\n").some((line) => line.trimStart() === forged));
});
