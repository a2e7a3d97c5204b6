/** Compiles a bundle with `deno compile`, reproducibly: the same bundle gives the same bytes. @module */

import { createHash } from "node:crypto";
import { EXIT, FatalError } from "../../errors.ts";
import { type Bundle, ENTRY, PROGRAM } from "./bundle.ts";
import { CODE_CACHE, makeCodeCache, MAKER } from "./code_cache.ts";
import { CommandError, deno } from "./deno.ts";
import { type AllowedHosts, permissionFlags } from "./permissions.ts";

/** The possible targets. The first is the default on machines that are none of them. */
export const TARGETS = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"] as const;
export type Target = typeof TARGETS[number];

/** ELF's e_machine of each target. */
const MACHINES: Record<Target, number> = { "x86_64-unknown-linux-gnu": 62, "aarch64-unknown-linux-gnu": 183 };

export interface Executable {
  readonly path: string;
  readonly bytes: number;
  /** Of V8's code cache in it; 0 if there is none. */
  readonly cacheBytes: number;
  readonly sha256: string;
}

export function isTarget(name: string): name is Target {
  return TARGETS.some((target) => target === name);
}

/**
 * When V8 collects garbage, when it compiles, and how it reads patterns. The tasks in `deno.json` use the same flags.
 *
 * - Not below a heap of 64 MB: without that, a full collection runs in the middle of the first burst, 5,000 events at once
 *   took a tenth longer, and memory after 40,000 was no smaller (measured).
 * - At twice what was left of the last collection: by itself V8 waits for up to four times as much, and 700 events of
 *   0.9 MB took 440 instead of 310 MB, from the sources more than 512 instead of 380 (measured).
 * - With half-spaces of at most 8 MB for young objects, of which each thread has two, where V8 takes 16: 5,000 and 20,000
 *   events take as much processor time, and 12 and 29 MB less (measured). 4 MB cost a twentieth of it, 2 a tenth.
 * - TurboFan, the last of its compilers, takes a function on after 30,000 calls in place of 3,000: for what a burst calls
 *   Maglev's code is as fast, and TurboFan's half a second on a processor that the signing thread needs made a signed
 *   burst of 20,000 events a tenth longer (measured). Ten megabytes of knowledge are indexed as fast.
 * - On demand: the signing thread does so, see `signing_program.ts`.
 *
 * A regular expression becomes machine code at its first match. By itself V8 first makes bytecode for an interpreter of it,
 * which takes four times as long for the long patterns that a question is read with: 7 ms of processor time at a start.
 */
export const V8_FLAGS =
  "--v8-flags=--initial-old-space-size=64,--heap-growing-percent=100,--max-semi-space-size=8,--no-regexp-tier-up,--invocation-count-for-turbofan=30000,--expose-gc";

/**
 * The executable's own besides: the code cache says which functions Sparkplug, V8's first compiler, was working at when
 * it was made, and that is the same each time only if it does not work in another thread. Costs nothing (measured).
 */
const OWN_V8_FLAGS = `${V8_FLAGS},--no-concurrent-sparkplug`;

/**
 * Compile `bundle` in `folder`, which is empty.
 *
 * For this machine's own target V8's code cache goes in beside the program. The executable is measured with it, as it is
 * with the program; a cache that Deno itself keeps would be unmeasured code in a file that others may write.
 *
 * @throws {FatalError} 69 if there is no base runtime for this Deno and this target.
 */
export async function compileBundle(
  bundle: Bundle,
  { target, hosts, folder }: { target: Target; hosts: AllowedHosts; folder: string },
): Promise<Executable> {
  for (const [name, text] of bundle) await Deno.writeTextFile(`${folder}/${name}`, text);
  const compile = (options: { entry: string; output: string }) =>
    denoCompile({ ...options, folder, flags: [...permissionFlags(hosts), `--target=${target}`] });
  await Deno.writeFile(`${folder}/${CODE_CACHE}`, new Uint8Array());
  let cache: Uint8Array<ArrayBuffer> = new Uint8Array();
  if (target === Deno.build.target) {
    await compile({ entry: MAKER, output: "maker" });
    await tryOut(`${folder}/maker`);
    cache = await makeCodeCache(`${folder}/maker`);
    await Deno.writeFile(`${folder}/${CODE_CACHE}`, cache);
  }
  await compile({ entry: ENTRY, output: "agent" });
  const path = `${folder}/agent`;
  if (target === Deno.build.target) await tryOut(path);
  const content = await Deno.readFile(path);
  const sha256 = createHash("sha256").update(content).digest("hex");
  return { path, bytes: content.length, cacheBytes: cache.length, sha256 };
}

/** Compile one entry with the program and its code cache, as they are in `folder`. */
async function denoCompile(
  { entry, output, folder, flags }: { entry: string; output: string; folder: string; flags: readonly string[] },
): Promise<void> {
  await Deno.writeTextFile(`${folder}/no-certificates.pem`, "");
  for (const { name, isFile } of Deno.readDirSync(folder)) {
    // The executable contains the files' modification time, so it is set to a constant: 2000-01-01.
    if (isFile) await Deno.utime(`${folder}/${name}`, 946_684_800, 946_684_800);
  }
  try {
    await deno([
      "compile",
      "--quiet",
      "--no-config",
      // For a proxy on a vsock.
      "--unstable-vsock",
      // For a signing thread without permissions.
      "--unstable-worker-options",
      "--no-check",
      OWN_V8_FLAGS,
      // Deno's own.
      "--no-code-cache",
      // With its own certificate file the executable ignores DENO_CERT.
      "--cert=no-certificates.pem",
      ...flags,
      `--include=${PROGRAM}`,
      `--include=${CODE_CACHE}`,
      `--output=${output}`,
      entry,
    ], folder);
  } catch (error) {
    if (error instanceof CommandError && /Setting up base binary|denort/.test(error.stderr)) throw noBase(error);
    throw error;
  }
}

/** @throws {FatalError} If DENORT_BIN can't be a base runtime for the target, which Deno itself does not check. */
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

/** @throws {FatalError} If the executable does not start as the agent, because its base runtime is not one of this Deno. */
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

/** The cause of the failure, from Deno's error output. */
function reason(stderr: string): string {
  const causes = stderr.match(/^\s+(?:\d+: )?\S.*$/gm) ?? [];
  return causes.find((line) => /request|denort/i.test(line))?.replace(/^\s+\d+: /, "") ?? "it can't be set up";
}
