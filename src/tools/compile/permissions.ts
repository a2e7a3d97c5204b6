/** What the executable may do, fixed when it is compiled. @module */

import { READABLE, RESERVED, WRITABLE } from "../../settings/confinement.ts";
import { EXIT, FatalError } from "../../errors.ts";
import { VARIABLES } from "../../program/settings.ts";

/** Hosts that the executable may reach: these, or every one. */
export type AllowedHosts = readonly string[] | "every";

/**
 * The permissions, as flags of `deno compile`. What is not named is denied, without a prompt; variables that are not named
 * look unset, since the packages ask for many.
 */
export function permissionFlags(hosts: AllowedHosts): string[] {
  return [
    "--no-prompt",
    // "/" is given up by the prelude, except for `--version`.
    `--allow-read=${["/", ...READABLE, ...RESERVED].join(",")}`,
    `--allow-write=${WRITABLE.join(",")}`,
    ...(hosts === "every" ? ["--allow-net"] : hosts.length > 0 ? [`--allow-net=${hosts.join(",")}`] : []),
    `--allow-env=${VARIABLES.join(",")}`,
    "--ignore-env",
    "--deny-import",
  ];
}

/**
 * The hosts in AGENT_ALLOW_NET; unset, every one.
 *
 * @throws {FatalError} If the list has an entry that names no host.
 */
export function allowedHosts(list: string | undefined): AllowedHosts {
  if (!list) return "every";
  if (list === "none") return [];
  const hosts = list.split(",").map((host) => host.trim());
  for (const host of hosts) {
    const url = URL.parse(`http://${host}`);
    if (url === null || host === "" || /[/?#@]/.test(host)) {
      throw new FatalError(
        `AGENT_ALLOW_NET: expected a list such as host.example.org:443,10.0.0.7:8080, got ${
          JSON.stringify(host)
        } in it`,
        EXIT.usage,
      );
    }
  }
  return hosts;
}
