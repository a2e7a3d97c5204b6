/** The directories that the executable is confined to. @module */

import { TEE_PATHS } from "./tee.ts";

/** `.` is the working directory that the executable is started in. */
export const WRITABLE: readonly string[] = [".", "/iexec_out", "/tmp/agent-state"];

/** What it may read: what it may write, the input and the configuration. */
export const READABLE: readonly string[] = [...WRITABLE, "/iexec_in", "/etc/agent"];

/** What it may look at besides, to learn whether it is in a TEE. */
export const RESERVED: readonly string[] = TEE_PATHS;
