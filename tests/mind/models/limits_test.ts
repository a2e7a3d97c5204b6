/** The limits that a character sets for its model. */

import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { EXIT, FatalError } from "../../../src/errors.ts";
import { checkAskable, checkLimits } from "../../../src/mind/models/limits.ts";
import { optionsFor } from "../../support/model_requests.ts";
import { startModelServer } from "../../support/model_server.ts";

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

Deno.test("a character that leaves no room for a question in the model's window is refused, by its own limit too", async () => {
  await using server = await startModelServer("openai");
  const model = optionsFor(server, { contextWindow: 4096, maxTokens: 1024 }), system = "word ".repeat(1_800);
  const check = (settings: Record<string, unknown>, system: string) =>
    checkAskable(model, { system, get: (name) => settings[name] });
  await check({}, "word ".repeat(1_500));
  const { message, exitCode } = await assertRejects(() => check({}, system), FatalError);
  assertEquals(exitCode, EXIT.settings);
  assertMatch(message, /^The character takes about 3\d\d\d tokens.*, and 3072 are there.*raise MODEL_CONTEXT_WINDOW/);
  await check({ DEFAULT_MAX_TOKENS: "16" }, system);
  await checkAskable({ provider: "embedded" }, { system, get: () => undefined });
});
