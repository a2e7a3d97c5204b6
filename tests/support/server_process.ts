/** The test server as users run it: a process, with the permissions of its task. @module */

import config from "../../deno.json" with { type: "json" };
import { readLines } from "./lines.ts";
import { createWatch } from "./watch.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** The test server as a process. */
export interface ServerProcess extends AsyncDisposable {
  /** What it printed. */
  readonly lines: readonly string[];
  /** The first printed line that has `part` in it. */
  printed(part: string): Promise<string>;
  kill(signal: Deno.Signal): void;
  readonly ended: Promise<{ code: number; errors: string }>;
}

/**
 * Start what `deno task test-server` runs, with the same permissions; it is killed at the end of the test if it still
 * runs. `withoutRead`: it may read no file; `descriptors`: it may have no more of them open.
 */
export function startServerProcess(
  options: { args: readonly string[]; env?: Record<string, string>; withoutRead?: boolean; descriptors?: number },
): ServerProcess {
  const { args, env = {}, withoutRead = false, descriptors } = options;
  const words = config.tasks["test-server"].command.split(" ").slice(2);
  const flags = [...words.slice(0, -1), ...withoutRead ? ["--deny-read"] : []];
  const command = [Deno.execPath(), "run", ...flags, `${ROOT}${words.at(-1)}`, ...args];
  const limit = descriptors === undefined
    ? []
    : ["sh", "-c", 'ulimit -n "$1"; shift; exec "$@"', "sh", `${descriptors}`];
  const [program = "", ...programArgs] = [...limit, ...command];
  const child = new Deno.Command(program, {
    args: programArgs,
    env: { WEBSOCKET_AUTH_TOKEN: "", TLS_CERT: "", TLS_KEY: "", NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const lines: string[] = [];
  const watch = createWatch({ report: () => lines.join("\n") });
  const reading = readLines(child.stdout, (line) => {
    lines.push(line);
    watch.changed();
  });
  const errors = new Response(child.stderr).text();
  let running = true;
  const ended = (async () => {
    const { code } = await child.status;
    running = false;
    await reading;
    return { code, errors: await errors };
  })();
  return {
    lines,
    printed: (part) => watch.until(`a line with ${part}`, () => lines.find((line) => line.includes(part))),
    kill: (signal) => child.kill(signal),
    ended,
    async [Symbol.asyncDispose]() {
      if (running) child.kill("SIGKILL");
      await ended;
      watch[Symbol.dispose]();
    },
  };
}
