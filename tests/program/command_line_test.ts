/** The arguments: which mode they ask for, and which of them are refused. @module */

import { assertEquals, assertThrows } from "@std/assert";
import { FatalError } from "../../src/errors.ts";
import { readCommandLine } from "../../src/program/command_line.ts";

for (
  const [line, mode] of [
    ["", "run"],
    ["--once", "once"],
    ["--check", "check"],
    ["--check --once", "check"],
    ["--health", "health"],
    ["--version", "version"],
    ["--licenses", "licenses"],
    ["--help", "help"],
    ["-h", "help"],
    ["help", "help"],
    ["chat", "chat"],
    ["chat --help", "help"],
    ["--once --help", "help"],
    ["--check --health --version", "version"],
  ]
) {
  Deno.test(`\`agent ${line}\` is the mode ${mode}`, () => {
    const words = line === "" ? [] : line!.split(" ");
    assertEquals(readCommandLine(words), {
      mode: mode as "run",
      aboutSettings: false,
      conversation: undefined,
      user: undefined,
    });
  });
}

for (
  const line of ["--check --health", "--health --once", "chat --once", "forget --user a --check", "open f --health"]
) {
  Deno.test(`\`agent ${line}\` is refused: one of them would be left undone in silence`, () => {
    const { exitCode } = assertThrows(() => readCommandLine(line.split(" ")), FatalError, "exclude each other");
    assertEquals(exitCode, 64);
  });
}

Deno.test("the help of the settings is asked for by one more word", () => {
  for (const words of [["--help", "settings"], ["help", "settings"], ["-h", "settings"]]) {
    assertEquals(readCommandLine(words), {
      mode: "help",
      aboutSettings: true,
      conversation: undefined,
      user: undefined,
    });
  }
});

Deno.test("a conversation is a chat's, or is to be forgotten", () => {
  assertEquals(readCommandLine(["chat", "--conversation", "trial"]).conversation, "trial");
  assertEquals(readCommandLine(["forget", "--conversation", "trial"]).conversation, "trial");
  assertThrows(() => readCommandLine(["--conversation", "trial"]), FatalError, "--conversation is for 'chat'");
});

Deno.test("a user or a conversation that is named twice is refused: only the last would be forgotten", () => {
  for (const option of ["--user", "--conversation"]) {
    const error = assertThrows(
      () => readCommandLine(["forget", option, "a", `${option}=b`]),
      FatalError,
      "given twice",
    );
    assertEquals(error.exitCode, 64);
  }
});

Deno.test("whose words are to be forgotten has to be said, and is said for nothing else", () => {
  const both = readCommandLine(["forget", "--user", "alice", "--conversation", "c1"]);
  assertEquals([both.mode, both.user, both.conversation], ["forget", "alice", "c1"]);
  assertThrows(() => readCommandLine(["forget"]), FatalError, "Say whose words");
  assertThrows(() => readCommandLine(["forget", "--user", ""]), FatalError, "Say whose words");
  assertThrows(() => readCommandLine(["chat", "--user", "alice"]), FatalError, "--user is for 'forget'");
});

for (
  const line of ["--chekc", "talk", "chat chat", "settings", "help me", "--once now", "--help settings more", "-x"]
) {
  Deno.test(`\`agent ${line}\` is refused with 64 and the way to the help`, () => {
    const { exitCode } = assertThrows(() => readCommandLine(line.split(" ")), FatalError, "--help");
    assertEquals(exitCode, 64);
  });
}
