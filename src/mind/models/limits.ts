/** The limits that a character sets for its model: checked as the settings are. @module */

import type { Plugin } from "@elizaos/core";
import { EXIT, FatalError } from "../../errors.ts";
import type { ModelOptions, RemoteOptions } from "./options.ts";
import { MODEL_SETTINGS } from "./settings.ts";

/** Names under which ElizaOS's core looks for a limit, and the setting that has the same meaning. */
const LIMITS = [
  { ending: "MAX_TOKENS", setting: MODEL_SETTINGS.MODEL_MAX_TOKENS, older: "MODEL_MAX_TOKEN" },
  { ending: "TEMPERATURE", setting: MODEL_SETTINGS.MODEL_TEMPERATURE, older: "MODEL_TEMPERATURE" },
] as const;

/**
 * Check the limits in a character's settings. The core takes any number, and leaves out in silence what is none.
 *
 * @param get A setting of the character's, by name; undefined or null if it has none.
 * @throws {FatalError} Naming each wrong one.
 */
export function checkLimits(get: (name: string) => unknown): void {
  const problems = LIMITS.flatMap(({ ending, setting, older }) =>
    [`TEXT_LARGE_${ending}`, `TEXT_SMALL_${ending}`, `DEFAULT_${ending}`, older].flatMap((name) => {
      const value = get(name);
      if (value === undefined || value === null || setting.check(String(value)) !== undefined) return [];
      return [`settings.${name}: expected ${setting.expected}, got ${JSON.stringify(value)}`];
    })
  );
  if (problems.length === 0) return;
  throw new FatalError(
    `The character's settings are wrong. Correct them and start again:\n  ${problems.join("\n  ")}`,
    EXIT.settings,
  );
}

/**
 * Check that a model can be asked for a character's answers: its limits, and where the model has a window, its length.
 *
 * @param options `system`: the character's text, from `systemText`; `get`: a setting of the character's, by name.
 * @throws {FatalError} Naming what is wrong.
 */
export async function checkAskable(
  model: ModelOptions | Plugin,
  { system, get }: { system: string; get: (name: string) => unknown },
): Promise<void> {
  checkLimits(get);
  if ("contextWindow" in model) await checkRoom(system, model, get);
}

/** Names under which the core looks for the limit of an answer, in its order. */
const MAX_TOKENS = ["TEXT_LARGE_MAX_TOKENS", "DEFAULT_MAX_TOKENS", "MODEL_MAX_TOKEN"];

/** @throws {FatalError} If a character leaves no room for a question in the window: each event would end in an error. */
async function checkRoom(
  system: string,
  { contextWindow, maxTokens }: Pick<RemoteOptions, "contextWindow" | "maxTokens">,
  get: (name: string) => unknown,
): Promise<void> {
  // Not with a start that asks no server.
  const { shareOut, tokensOfCharacter } = await import("./prompt.ts");
  const own = MAX_TOKENS.map(get).find((value) => value !== undefined && value !== null);
  const { budget } = shareOut(contextWindow, Number(own ?? maxTokens));
  const tokens = tokensOfCharacter(system);
  if (tokens < budget) return;
  throw new FatalError(
    `The character takes about ${tokens} tokens of the model's window, and ${budget} are there for it and a question ` +
      "(MODEL_CONTEXT_WINDOW less MODEL_MAX_TOKENS). Shorten its system, bio, lore, style or topics, or raise " +
      "MODEL_CONTEXT_WINDOW if the model has a larger window.",
    EXIT.settings,
  );
}
