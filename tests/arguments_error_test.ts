/** How a mistake in the arguments of a command is told. @module */

import { assertEquals, assertThrows } from "@std/assert";
import { parseArgs } from "node:util";
import { argumentsMessage } from "../src/arguments_error.ts";

for (
  const [args, words] of [
    [["--prot", "8080"], "Unknown option '--prot'"],
    [["-x"], "Unknown option '-x'"],
    [["word"], "Unexpected argument 'word'"],
    [["--port"], "--port needs a value"],
    [["-p"], "--port needs a value"],
    [["--port", "--once"], "--port needs a value; one that begins with a dash is written --port=-…"],
    [["--once=5"], "--once takes no value"],
  ] as const
) {
  Deno.test(`arguments ${args.join(" ")}: ${words}`, () => {
    const options = { port: { type: "string", short: "p" }, once: { type: "boolean" } } as const;
    const error = assertThrows(() => parseArgs({ args: [...args], options }), TypeError);
    assertEquals(argumentsMessage(error), words);
  });
}

Deno.test("what a command says itself of its arguments stays as it is", () => {
  assertEquals(argumentsMessage(new TypeError("--user is for 'forget'")), "--user is for 'forget'");
});
