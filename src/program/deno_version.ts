/** Which Deno runs the program. @module */

import { EXIT, FatalError } from "../errors.ts";

/** The oldest that the program is tested with. With 2.6.0 it starts, and then neither makes a key nor remembers anything. */
export const OLDEST_DENO = "2.7.11";

/**
 * Refuse a Deno that is older than {@linkcode OLDEST_DENO}, whose errors later on would look like bugs of the agent.
 *
 * @param version As `Deno.version.deno`, such as `2.9.6` or `2.9.6+a1b2c3d`.
 * @throws {FatalError} 78.
 */
export function checkDenoVersion(version: string): void {
  const oldest = OLDEST_DENO.split(".").map(Number), own = version.split(/[.+-]/).map(Number);
  const at = oldest.findIndex((part, index) => part !== own[index]);
  if (at < 0 || oldest[at]! < own[at]!) return;
  throw new FatalError(
    `The agent needs Deno ${OLDEST_DENO} or newer, and this is Deno ${version}. Call deno upgrade, or see README.md for a way without an installed Deno.`,
    EXIT.settings,
  );
}
