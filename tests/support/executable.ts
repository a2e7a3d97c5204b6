/** Executables for tests: made by `deno task compile`, in clones of what is committed. @module */

import { createHash } from "node:crypto";
import { ROOT } from "./agent.ts";

/**
 * The Deno that compiles, where the one that tests can get no base runtime: AGENT_COMPILER names it. AGENT_ARM_BASE names
 * a base runtime of its version for aarch64; without one, Deno downloads its own.
 */
const COMPILER = Deno.env.get("AGENT_COMPILER") || Deno.execPath();
const ARM = "aarch64-unknown-linux-gnu";

export interface Clone extends Disposable {
  readonly path: string;
  /** `deno task compile`; returns the executable, which the clone takes with it. */
  compile(options?: { target?: "x86_64-unknown-linux-gnu" | typeof ARM; env?: Record<string, string> }): Executable;
}

export interface Executable {
  readonly path: string;
  readonly sha256: string;
  /** What the task printed. */
  readonly printed: string;
}

/** No base runtime can be had. */
export class NoBaseError extends Error {
  override name = "NoBaseError";
}

/** A clone of this repository in a folder of its own. */
export function makeClone(): Clone {
  const path = Deno.makeTempDirSync({ prefix: "agent-test-clone-" });
  run("git", ["clone", "--quiet", "--no-hardlinks", ROOT, path], {});
  let count = 0;
  return {
    path,
    compile({ target, env = {} } = {}) {
      const output = `${path}/agent-${++count}`;
      const base = target === ARM ? Deno.env.get("AGENT_ARM_BASE") : undefined;
      const args = ["task", "compile", "--output", output, ...target === undefined ? [] : ["--target", target]];
      const printed = run(COMPILER, args, { cwd: path, env: { ...base && { DENORT_BIN: base }, ...env } });
      return { path: output, printed, sha256: createHash("sha256").update(Deno.readFileSync(output)).digest("hex") };
    },
    [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }),
  };
}

/** Run a command to its end, here or `under` something; returns what it wrote to stdout. */
function run(command: string, args: string[], options: { cwd?: string; env?: Record<string, string> }): string {
  const { code, stdout, stderr } = new Deno.Command(command, { args, ...options, stdin: "null" }).outputSync();
  const said = new TextDecoder().decode(stderr);
  if (code === 69) throw new NoBaseError(said.trim().split("\n").at(-1));
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}:\n${said}`);
  return new TextDecoder().decode(stdout);
}
