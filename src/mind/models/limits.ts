/** The limits that a character sets for its model: checked as the settings are. @module */

import { EXIT, FatalError } from "../../errors.ts";
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
