/** `deno compile` of a bundle: the same bytes from the same bundle, wherever and whenever. @module */

import { createHash } from "node:crypto";
import { EXIT, FatalError } from "../../errors.ts";
import { type Bundle, ENTRY } from "./bundle.ts";
import { CommandError, deno } from "./deno.ts";
import { type AllowedHosts, permissionFlags } from "./permissions.ts";

/** What an executable can be made for: the first is the default on machines that are none of them. */
export const TARGETS = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"] as const;
export type Target = typeof TARGETS[number];

/** ELF's e_machine of each target. */
const MACHINES: Record<Target, number> = { "x86_64-unknown-linux-gnu": 62, "aarch64-unknown-linux-gnu": 183 };

export interface Executable {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export function isTarget(name: string): name is Target {
  return TARGETS.some((target) => target === name);
}

/**
 * Megabytes that the heap may have before all of it is searched for what can go, which else happens in the middle of the
 * first burst: 5,000 events at once took a tenth longer, and memory after 40,000 was no smaller (measured). The tasks in
 * `deno.json` have it too. A young generation of at most 2 MB would save 4 MB when idle, and cost a tenth of the
 * throughput.
 */
export const V8_FLAGS = "--v8-flags=--initial-old-space-size=64";

/**
 * Compile `bundle` in `folder`, which is empty.
 *
 * @throws {FatalError} 69 if there is no base runtime for this Deno and this target.
 */
export async function compileBundle(
  bundle: Bundle,
  { target, hosts, folder }: { target: Target; hosts: AllowedHosts; folder: string },
): Promise<Executable> {
  for (const [name, text] of bundle) {
    await Deno.writeTextFile(`${folder}/${name}`, text);
    // The executable keeps the files' time: 2000-01-01, for no other reason than that it is the same everywhere.
    await Deno.utime(`${folder}/${name}`, 946_684_800, 946_684_800);
  }
  await Deno.writeTextFile(`${folder}/no-certificates.pem`, "");
  try {
    await deno([
      "compile",
      "--quiet",
      "--no-config",
      "--no-check",
      V8_FLAGS,
      // A code cache is code that nobody hashed, in a file that others may write.
      "--no-code-cache",
      // With a file of its own the executable asks nobody's DENO_CERT.
      "--cert=no-certificates.pem",
      ...permissionFlags(hosts),
      `--target=${target}`,
      "--output=agent",
      ENTRY,
    ], folder);
  } catch (error) {
    if (error instanceof CommandError && /Setting up base binary|denort/.test(error.stderr)) throw noBase(error);
    throw error;
  }
  const path = `${folder}/agent`;
  if (target === Deno.build.target) await tryOut(path);
  const content = await Deno.readFile(path);
  return { path, bytes: content.length, sha256: createHash("sha256").update(content).digest("hex") };
}

/** @throws {FatalError} If what DENORT_BIN names can't be the target's base runtime: Deno would take it all the same. */
export function checkBase(target: Target): void {
  const path = Deno.env.get("DENORT_BIN");
  if (path === undefined) return;
  const header = new Uint8Array(20);
  try {
    using file = Deno.openSync(path);
    file.readSync(header);
  } catch (error) {
    throw new FatalError(`Cannot read DENORT_BIN=${path}: ${error}`, EXIT.unavailable, { cause: error });
  }
  const machine = new DataView(header.buffer).getUint16(18, true);
  const isElf = header[0] === 0x7f && new TextDecoder().decode(header.subarray(1, 4)) === "ELF";
  if (isElf && machine === MACHINES[target]) return;
  throw new FatalError(`DENORT_BIN=${path} is no base runtime for ${target}: name one that is`, EXIT.unavailable);
}

/** @throws {FatalError} If the executable is not the agent: its base runtime belongs to another version of Deno, or is none. */
async function tryOut(path: string): Promise<void> {
  const command = new Deno.Command(path, { args: ["--version"], env: { NO_COLOR: "1" }, stdin: "null" });
  const { success, stdout, stderr } = await command.output();
  if (success && new TextDecoder().decode(stdout).startsWith("agent ")) return;
  const [said = "it says nothing"] = new TextDecoder().decode(stderr).match(/\S.*/) ?? [];
  const base = Deno.env.get("DENORT_BIN");
  throw new FatalError(
    base === undefined
      ? `The executable does not start: ${said}`
      : `The executable does not start: does DENORT_BIN=${base} belong to Deno ${Deno.version.deno}? (${said})`,
    EXIT.unavailable,
  );
}

function noBase(cause: CommandError): FatalError {
  return new FatalError(
    `There is no base runtime for Deno ${Deno.version.deno}: ${reason(cause.stderr)}. ` +
      "Compile where Deno's download site can be reached, or set DENORT_BIN to the denort of this very version.",
    EXIT.unavailable,
    { cause },
  );
}

/** The last cause that Deno names. */
function reason(stderr: string): string {
  const causes = stderr.match(/^\s+(?:\d+: )?\S.*$/gm) ?? [];
  return causes.find((line) => /request|denort/i.test(line))?.replace(/^\s+\d+: /, "") ?? "it can't be set up";
}
