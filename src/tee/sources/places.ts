/** Where sources of quotes are, unless the settings name another place. @module */

/** Sockets of dstack's guest agent, newest last. @see https://github.com/Dstack-TEE/dstack/blob/master/sdk/js/src/index.ts */
export const DSTACK_SOCKETS = [
  "/var/run/dstack.sock",
  "/run/dstack.sock",
  "/var/run/dstack/dstack.sock",
  "/run/dstack/dstack.sock",
] as const;

/**
 * The report directory of configfs-tsm, which Deno lets nobody read at its own place under /sys.
 *
 * @see https://docs.kernel.org/security/tsm.html
 */
export const TSM_REPORTS = "/run/tsm-report";
