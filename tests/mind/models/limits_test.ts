/** The limits that a character sets for its model. */

import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { EXIT, FatalError } from "../../../src/errors.ts";
import { checkLimits } from "../../../src/mind/models/limits.ts";

const check = (settings: Record<string, unknown>) => checkLimits((name) => settings[name]);

Deno.test("limits that the settings would take are taken", () => {
  check({});
  check({ TEXT_LARGE_TEMPERATURE: "0.5", DEFAULT_MAX_TOKENS: 512, MODEL_TEMPERATURE: null });
});

Deno.test("each limit that no model can have is named, with what it should be", () => {
  const wrong = { TEXT_LARGE_TEMPERATURE: "9", DEFAULT_MAX_TOKENS: "many", TEXT_SMALL_MAX_TOKENS: -1 };
  const { message, exitCode } = assertThrows(() => check(wrong), FatalError);
  assertEquals(exitCode, EXIT.settings);
  assertMatch(
    message,
    /settings\.DEFAULT_MAX_TOKENS: expected a whole number of tokens from 16 to 1000000, got "many"/,
  );
  assertMatch(message, /settings\.TEXT_SMALL_MAX_TOKENS: .*got -1/);
  assertMatch(message, /settings\.TEXT_LARGE_TEMPERATURE: expected a number between 0 and 2, got "9"/);
});
