/** What becomes of texts that stdout or stderr does not take: a result's failure is told, the log's ends nothing. @module */

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { EXIT } from "../src/errors.ts";
import { pathProblem } from "../src/files.ts";
import { logStream, OutputError, printSync } from "../src/streams.ts";

const DISK_FULL = Object.assign(new Error("No space left on device (os error 28)"), { code: "ENOSPC" });
const TERMINAL_GONE = Object.assign(new Error("Input/output error (os error 5)"), { code: "EIO" });
const wouldBlock = () => new Deno.errors.WouldBlock("Resource temporarily unavailable (os error 11)");

/** A stream whose calls take what `steps` say, one after the other: a number of bytes, or an error. Then it takes all. */
function streamThat(...steps: (number | Error)[]) {
  const written: string[] = [];
  const decoder = new TextDecoder();
  return {
    writeSync(bytes: Uint8Array): number {
      const step = steps.shift() ?? bytes.length;
      if (step instanceof Error) throw step;
      written.push(decoder.decode(bytes.subarray(0, step)));
      return Math.min(step, bytes.length);
    },
    get text() {
      return written.join("");
    },
  };
}

for (const [what, error] of Object.entries({ "its disk is full": DISK_FULL, "its terminal is gone": TERMINAL_GONE })) {
  Deno.test(`lines of the log are dropped while ${what}, and the next that is written tells of it`, () => {
    const to = streamThat(error, error);
    const log = logStream(to);
    const told: unknown[] = [];
    log.onResumed = (lost) => told.push(lost);
    log.write("one\ntwo\n");
    log.write("three\n");
    assertEquals(told, []);
    log.write("four\n");
    log.write("five\n");
    assertEquals([to.text, told], ["four\nfive\n", [{ lines: 3, reason: error.message }]]);
  });

  Deno.test(`a result that can't be printed because ${what} ends with 74 and the reason`, () => {
    const { exitCode, message } = assertThrows(() => printSync(streamThat(3, error), "result\n"), OutputError);
    assertEquals(exitCode, EXIT.inputOutput);
    assertStringIncludes(message, `: ${pathProblem(error).reason}. `);
  });
}

Deno.test("a line of the log that was cut off by a full disk is ended before the next one", () => {
  const to = streamThat(4, DISK_FULL);
  const log = logStream(to);
  log.write("first\n");
  log.write("second\n");
  log.write("third\n");
  assertEquals(to.text, "firs\nsecond\nthird\n");
});

Deno.test("a pipe that does not block is waited for while its reader is slow", () => {
  let pauses = 0;
  const pause = () => void pauses++;
  const log = streamThat(2, wouldBlock(), wouldBlock(), 2);
  logStream(log, pause).write("a line\n");
  const result = streamThat(...Array.from({ length: 1000 }, wouldBlock));
  printSync(result, "a result\n", pause);
  assertEquals([log.text, result.text, pauses], ["a line\n", "a result\n", 1002]);
});

Deno.test("a reader of the log that stands still is waited for once, until it reads again", () => {
  let pauses = 0, isFull = true;
  const written: Uint8Array[] = [];
  const log = logStream({
    writeSync(bytes) {
      if (isFull) throw wouldBlock();
      written.push(bytes);
      return bytes.length;
    },
  }, () => void pauses++);
  const told: unknown[] = [];
  log.onResumed = ({ lines }) => told.push(lines);
  log.write("one\n");
  const waited = pauses;
  for (let line = 0; line < 100; line++) log.write("more\n");
  assertEquals([waited, pauses], [200, 200]);
  isFull = false;
  log.write("read\n");
  assertEquals([written.length, told], [1, [101]]);
});

Deno.test("what nobody reads any more is dropped without a word", () => {
  const closed = () => streamThat(new Deno.errors.BrokenPipe("Broken pipe (os error 32)"));
  printSync(closed(), "result\n");
  logStream(closed()).write("line\n");
});
