/** The directories that the executable is confined to, and what to say of a setting that leads elsewhere. @module */

import { type Access, mayAccess } from "../files.ts";
import { TEE_PATHS } from "../tee/surroundings.ts";

/** `.` is the working directory that the executable is started in. */
export const WRITABLE: readonly string[] = [".", "/iexec_out", "/tmp/agent-state"];

/** What it may read: what it may write, the input and the configuration. */
export const READABLE: readonly string[] = [...WRITABLE, "/iexec_in", "/etc/agent"];

/** What it may look at besides, to learn whether it is in a TEE. */
export const RESERVED: readonly string[] = TEE_PATHS;

/** Where the executable may go, as a phrase after "expected" or "name". */
export function placesFor(access: Access): string {
  const places = (access === "read" ? READABLE : WRITABLE).filter((directory) => mayAccess(access, directory));
  return `a path in ${
    places.map((directory) => directory === "." ? `the working directory (${Deno.cwd()})` : directory).join(", ")
  }: the executable may ${access} nowhere else`;
}
