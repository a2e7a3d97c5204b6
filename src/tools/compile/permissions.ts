/** The permissions of the executable, fixed when it is compiled. @module */

import { READABLE, RESERVED, WRITABLE } from "../../settings/confinement.ts";
import { EXIT, FatalError } from "../../errors.ts";
import { VARIABLES } from "../../program/settings.ts";

/** The hosts that the executable may reach. */
export type AllowedHosts = readonly string[] | "every";

/**
 * The permissions, as flags of `deno compile`. Everything else is denied without a prompt, except that unnamed variables
 * look unset, because the packages read many of them.
 */
export function permissionFlags(hosts: AllowedHosts): string[] {
  return [
    "--no-prompt",
    // The prelude gives "/" up, except for `--version`.
    `--allow-read=${["/", ...READABLE, ...RESERVED].join(",")}`,
    `--allow-write=${[...WRITABLE, ...RESERVED].join(",")}`,
    ...netFlag(hosts),
    `--allow-env=${VARIABLES.join(",")}`,
    "--ignore-env",
    "--deny-import",
  ];
}

function netFlag(hosts: AllowedHosts): readonly string[] {
  if (hosts === "every") return ["--allow-net"];
  const all = [...hosts, ...socketHosts()];
  // Deno takes no empty list.
  return all.length > 0 ? [`--allow-net=${all.join(",")}`] : [];
}

/** What a Unix socket of a TEE counts as among hosts: `unix:PATH`, or, to a Deno that knows no such host, none. */
function socketHosts(): readonly string[] {
  const sockets = RESERVED.filter((path) => path.endsWith(".sock")).map((path) => `unix:${path}`);
  try {
    for (const host of sockets) Deno.permissions.querySync({ name: "net", host });
    return sockets;
  } catch (error) {
    // Deno 2.7.11: "invalid port".
    if (error instanceof URIError) return [];
    throw error;
  }
}

/**
 * The hosts in AGENT_ALLOW_NET; every host if it is unset.
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
