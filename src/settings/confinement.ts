/** The directories that the executable is confined to, and how to name them in an error. @module */

import { type Access, mayAccess } from "../files.ts";
import { TEE_PATHS } from "../tee/surroundings.ts";

/** `.` is the working directory that the executable is started in. */
export const WRITABLE: readonly string[] = [".", "/iexec_out", "/tmp/agent-state"];

/** Sockets and the report directory of a TEE: to use one takes the permission to read and to write. */
export const RESERVED: readonly string[] = TEE_PATHS;

/** Directories that it may read: the writable ones, the input and the configuration. */
export const READABLE: readonly string[] = [...WRITABLE, "/iexec_in", "/etc/agent"];

/** Where the executable may go, as a phrase after "expected" or "name". */
export function placesFor(access: Access): string {
  const places = (access === "read" ? READABLE : WRITABLE).filter((directory) => mayAccess(access, directory));
  return `a path in ${
    places.map((directory) => directory === "." ? `the working directory (${Deno.cwd()})` : directory).join(", ")
  }: the executable may ${access} nowhere else`;
}
