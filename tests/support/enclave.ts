/** Processes that take this machine for a TEE: a mount namespace of their own, with a report directory in /run. @module */

import { testUnless } from "./optional.ts";

/** A test that gets the command under which a process finds a TEE, unless no mount namespace can be had. */
export function testInEnclave(name: string, fn: (under: readonly string[]) => Promise<void>): void {
  testUnless(whyNoEnclave(), name, () => fn(UNDER));
}

/** Runs the words that follow; root here is the user who runs the tests. */
const UNDER = [
  "unshare",
  ...Deno.uid() === 0 ? [] : ["--user", "--map-root-user"],
  "--mount",
  "sh",
  "-ec",
  'mount -t tmpfs tmpfs /run; mkdir /run/tsm-report; exec "$@"',
  "in-enclave",
];

function whyNoEnclave(): string | undefined {
  if (Deno.build.os !== "linux") return "mount namespaces are Linux's";
  const [command, ...args] = [...UNDER, "true"];
  const { success, stderr } = new Deno.Command(command!, { args }).outputSync();
  return success ? undefined : `no mount namespace can be made: ${new TextDecoder().decode(stderr).trim()}`;
}
