/** Why a broker that was reached can't be used: what its user, or a setting, is not allowed to do. @module */

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

/**
 * The error where something is missing that the settings forbid to make.
 *
 * @param what As in "there is no …". @param options `setting`: the one that forbids it; `peer`: the server, without
 * secrets, where nothing else names it.
 */
export function missingAndNotMade(what: string, { setting, peer }: { setting: string; peer?: string }): FatalError {
  const start = peer === undefined ? "There" : `Cannot use ${peer}: there`;
  return new FatalError(
    `${start} is no ${what}, and ${setting}=false forbids to make it: make it, or allow it.`,
    EXIT.unavailable,
  );
}
