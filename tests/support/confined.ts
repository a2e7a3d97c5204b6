/** The program with the permissions that an executable has: the executable, if one is tested, else the sources under the same. @module */

import { READABLE, RESERVED, WRITABLE } from "../../src/settings/confinement.ts";
import { EXECUTABLE, inherited, ROOT, startCommand } from "./agent.ts";

/** What starts the sources under those permissions, for Deno. `hosts`: AGENT_ALLOW_NET; default: none may be reached. */
export function confinedSources(args: readonly string[], { hosts }: { hosts?: string | undefined } = {}): string[] {
  return [
    "run",
    "--quiet",
    "--no-prompt",
    `--allow-read=${[...READABLE, ...RESERVED]}`,
    `--allow-write=${[...WRITABLE, ...RESERVED]}`,
    "--allow-env",
    ...hosts === undefined ? [] : [`--allow-net=${hosts}`],
    `--config=${ROOT}/deno.json`,
    `${ROOT}/main.ts`,
    ...args,
  ];
}

/** Run it to its end, in a working directory; returns its exit code and what it said. */
export async function runConfined(
  cwd: string,
  { args, env = {} }: { args: readonly string[]; env?: Record<string, string> },
): Promise<{ code: number; said: string }> {
  const [command, ...rest] = EXECUTABLE === undefined
    ? [Deno.execPath(), ...confinedSources(args)]
    : startCommand(args);
  const { code, stdout, stderr } = await new Deno.Command(command!, {
    args: rest,
    cwd,
    // Other tests of this process may have set variables.
    clearEnv: true,
    env: { ...inherited(["PATH", "HOME", "DENO_DIR", "XDG_CACHE_HOME"]), ...env },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, said: text(stdout) + text(stderr) };
}
