/** The log: its lines in each format, and that no value can forge one. @module */

import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import {
  createLog,
  gatherLines,
  LOG_LEVELS,
  type LogContent,
  type LogFields,
  type LogLevel,
  silentLog,
} from "../src/log.ts";
import { keptLog } from "./support/kept_log.ts";

const NOON = Date.UTC(2026, 6, 1, 12);
const now = () => NOON;

/** What one call writes, in text. */
function textOf(message: string, fields?: LogFields, content?: LogContent): string {
  const { lines, log } = keptLog({ now, content: content !== undefined });
  log.info(message, fields, content);
  return lines.join("");
}

/** Any text: control characters, half surrogate pairs, marks that turn text around, and what a line is made of. */
const anyText = fc.string({
  unit: fc.oneof(
    fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    fc.integer({ min: 0, max: 0x9f }).map((unit) => String.fromCharCode(unit)),
    fc.constantFrom(
      "\n",
      "\r",
      "\x1b[2J",
      "\x9b",
      "\u2028",
      "\u2029",
      "\u061c",
      "\u202e",
      "\u2066",
      '"',
      "\\",
      "=",
      " ",
    ),
    fc.constantFrom("{event}", "{ms}", "\\u001b", "2026-07-01T12:00:00.000Z error", "event="),
  ),
});
/** What a terminal or a reader of lines takes for more than a character. */
const SPECIAL = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

Deno.test("a line has the time, the level, the sentence with its fields, then the fields that are left", () => {
  assertEquals(
    textOf("event {event} answered", { event: "q-1", ms: 12, cached: false, note: "two words" }),
    `2026-07-01T12:00:00.000Z info  event q-1 answered ms=12 cached=false note="two words"\n`,
  );
});

Deno.test("as JSON the sentence stays as it is and the fields stand beside it", () => {
  const { lines, log } = keptLog({ now, format: "json" });
  log.warn("event {event} answered", { event: "q-1", ms: 12, cached: false, reason: null, error: new Error("down") });
  assertEquals(lines.map((line) => JSON.parse(line)), [{
    time: "2026-07-01T12:00:00.000Z",
    level: "warn",
    message: "event {event} answered",
    event: "q-1",
    ms: 12,
    cached: false,
    reason: null,
    error: "down",
  }]);
});

Deno.test("lines noisier than the level are not written, the others are", () => {
  for (const [index, level] of LOG_LEVELS.entries()) {
    const { lines, log } = keptLog({ now, level, format: "json" });
    for (const at of LOG_LEVELS) log[at]("said");
    assertEquals(lines.map((line) => JSON.parse(line).level), LOG_LEVELS.slice(0, index + 1));
  }
});

Deno.test("the silent log can be called at every level", () => {
  for (const level of LOG_LEVELS) {
    assertEquals(silentLog[level]("said", { event: "q-1" }, { query: "why?" }), undefined);
  }
});

Deno.test("a field that is undefined is left out, and a placeholder without a field stays", () => {
  assertEquals(textOf("{event} of {total}", { event: undefined, total: 0 }), `${prefix("info")}{event} of 0\n`);
});

Deno.test("an error is shown by its message", () => {
  assertEquals(textOf("failed", { error: new TypeError("no route") }), `${prefix("info")}failed error="no route"\n`);
});

Deno.test("a value with a placeholder in it is not filled in", () => {
  assertEquals(textOf("{a} then {b}", { a: "{b}", b: 7 }), `${prefix("info")}{b} then 7\n`);
});

for (const format of ["text", "json"] as const) {
  Deno.test(`${format}: content is written only where the log was made for it`, () => {
    const written = [false, true].map((content) => {
      const { lines, log } = keptLog({ now, format, content });
      for (const level of LOG_LEVELS) log[level]("asked {query}", { event: "q-1" }, { query: "CANARY" });
      return lines.join("");
    });
    assertFalse(written[0]?.includes("CANARY"), written[0]);
    assertEquals(written[1]?.split("CANARY").length, LOG_LEVELS.length + 1);
  });

  Deno.test(`${format}: every call writes one line, and no value puts a control character into it`, () => {
    fc.assert(fc.property(anyText, anyText, anyText, fc.constantFrom(...LOG_LEVELS), (event, note, failure, level) => {
      const { lines, log } = keptLog({ now, format, content: true });
      log[level]("event {event} came", { event, note, error: new Error(failure) }, { query: note });
      assertEquals(lines.length, 1);
      const line = lines[0] ?? "";
      assertEquals(line.indexOf("\n"), line.length - 1);
      assertFalse(SPECIAL.test(line.slice(0, -1)), JSON.stringify(line));
    }));
  });
}

Deno.test("a JSON line gives every value back as it was", () => {
  fc.assert(fc.property(anyText, anyText, (event, query) => {
    const { lines, log } = keptLog({ now, format: "json", content: true });
    log.info("event {event} came", { event }, { query });
    const { event: readEvent, query: readQuery } = JSON.parse(lines.join(""));
    assertEquals([readEvent, readQuery], [event, query]);
  }));
});

Deno.test("a line of text gives every value back as it was, so no value can pass for another field", () => {
  fc.assert(fc.property(anyText, anyText, (first, second) => {
    const line = textOf("event came", { first, second });
    const value = String.raw`("(?:[^"\\]|\\.)*"|[^\s"=]+)`;
    const found = new RegExp(`^${prefix("info")}event came first=${value} second=${value}\n$`).exec(line);
    assert(found, line);
    assertEquals(found.slice(1).map(valueOf), [first, second]);
  }));
});

Deno.test("a value in the sentence gives itself back too", () => {
  fc.assert(fc.property(anyText, (event) => {
    const found = /event ("(?:[^"\\]|\\.)*"|[^\s"]+) came\n$/.exec(textOf("event {event} came", { event }));
    assert(found, event);
    assertEquals(found.slice(1).map(valueOf), [event]);
  }));
});

Deno.test("an id that looks like lines of a log, or like a terminal's commands, is shown as what it is", () => {
  assertStringIncludes(
    textOf("event {event} came", { event: "a\n2026-07-01 error" }),
    `event "a\\n2026-07-01 error" came`,
  );
  assertStringIncludes(textOf("event {event} came", { event: "\x1b[2J" }), "event \\u001b[2J came");
  assertStringIncludes(textOf("event {event} came", { event: "\u202egpj.exe" }), "event \\u202egpj.exe came");
  assertStringIncludes(textOf("event {event} came", { event: "" }), `event "" came`);
});

Deno.test("letters of any script, and signs made of several, are left as they are", () => {
  assertMatch(textOf("📥 {name}", { name: "Zoë-λ-日本-👩‍💻" }), /📥 Zoë-λ-日本-👩‍💻\n$/);
});

function prefix(level: LogLevel): string {
  return `2026-07-01T12:00:00.000Z ${level.padEnd(5)} `;
}

/** The value that was written: in quotes as JSON has it, else with control characters as \uXXXX. */
function valueOf(written: string): string {
  if (written.startsWith('"')) return JSON.parse(written);
  return written.replace(/\\u([0-9a-f]{4})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}

Deno.test("at a terminal a line has a short time and no word for info, and warnings and errors say what they are", () => {
  const { lines, log } = keptLog({ now, format: "terminal" });
  log.info("event {event} answered", { event: "q-1", ms: 12 });
  log.warn("frame refused", { bytes: 7 });
  log.error("failed");
  const time = new Date(NOON).toTimeString().slice(0, 8);
  assertEquals(lines, [
    `${time} event q-1 answered ms=12\n`,
    `${time} warning: frame refused bytes=7\n`,
    `${time} error: failed\n`,
  ]);
});

Deno.test("at a terminal with colours the text is the same", () => {
  const plain = keptLog({ now, format: "terminal" }), coloured = keptLog({ now, format: "terminal", colour: true });
  for (const { log } of [plain, coloured]) {
    for (const level of LOG_LEVELS) log[level]("{event} came", { event: "q-1", ms: 12 });
  }
  assertStringIncludes(coloured.lines.join(""), "\x1b[1;31merror: q-1 came\x1b[0m");
  // deno-lint-ignore no-control-regex -- colours are control sequences
  assertEquals(coloured.lines.map((line) => line.replace(/\x1b\[[\d;]+m/g, "")), plain.lines);
});

Deno.test("at a terminal a query or an answer stands on lines of its own, none of which can pass for one of the log", () => {
  const { lines, log } = keptLog({ now, format: "terminal", content: true });
  log.info("asked", { event: "q-1" }, { query: "why?\n12:00:00 error: forged\x1b[2J" });
  const time = new Date(NOON).toTimeString().slice(0, 8);
  assertEquals(
    lines.join(""),
    [
      `${time} asked event=q-1\n`,
      "         query: why?\n",
      "           12:00:00 error: forged\\u001b[2J\n",
    ].join(""),
  );
});

Deno.test("lines of one turn are written together, in order, and none is left behind at the end", async () => {
  const written: string[] = [];
  const lines = gatherLines((text) => written.push(text));
  lines.write("a\n");
  lines.write("b\n");
  assertEquals(written, []);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(written, ["a\nb\n"]);
  lines.write("c\n");
  lines.flush();
  lines.flush();
  assertEquals(written, ["a\nb\n", "c\n"]);
});

Deno.test("a line is made when it is written, with the time of its call", async () => {
  const written: string[] = [];
  let nowMs = NOON;
  const lines = gatherLines((text) => written.push(text));
  const log = createLog({ level: "info", format: "text", content: false, write: lines.write, now: () => nowMs });
  let made = 0;
  const error = Object.defineProperty(new Error(), "message", { get: () => `made ${++made}` });
  log.info("asked", { error });
  nowMs += 1_000;
  assertEquals(made, 0);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(written, ['2026-07-01T12:00:00.000Z info  asked error="made 1"\n']);
});

Deno.test("lines that gather in a long turn are written before they fill the memory", () => {
  const written: string[] = [];
  const lines = gatherLines((text) => written.push(text));
  const line = `${"x".repeat(1000)}\n`;
  for (let n = 0; n < 1000; n++) lines.write(line);
  lines.flush();
  assertEquals(written.join(""), line.repeat(1000));
  assert(written.every((text) => text.length < 100_000));
});
