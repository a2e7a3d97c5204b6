/** What the user of a broker is not allowed to do, as `--check` tells it. @module */

import { EXIT, FatalError } from "../errors.ts";

/**
 * The error for a user who lacks permissions: all of them at once, so that they can be granted at once.
 *
 * @param options `missing`: what the user may not do, each as in "not allowed to …"; `remedy`: how it is granted, in whole
 * sentences.
 */
export function lackingPermissions(
  peer: string,
  { missing, remedy }: { missing: readonly string[]; remedy: string },
): FatalError {
  return new FatalError(
    `Cannot use ${peer}: this user is not allowed to ${missing.join("; to ")}. ${remedy}`,
    EXIT.unavailable,
  );
}
