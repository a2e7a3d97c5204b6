/** `deno task ask` as users run it: a process, with the permissions of its task. @module */

import config from "../../deno.json" with { type: "json" };
import { inherited, ROOT } from "./agent.ts";
import { readLines } from "./lines.ts";
import { createWatch } from "./watch.ts";

/** A question that is being asked. */
export interface Asking extends AsyncDisposable {
  /** What it wrote to stderr, line by line. */
  readonly lines: readonly string[];
  /** The first of these lines that has `part` in it. */
  said(part: string): Promise<string>;
  /** What it has written to stdout so far. */
  printed(): string;
  /** Resolves once stdout has `part` in it. */
  hasPrinted(part: string): Promise<void>;
  kill(signal: Deno.Signal): void;
  readonly ended: Promise<{ code: number; stdout: string }>;
}

/** Ask; the process is killed at the end of the test if it still runs. `folder`: its working directory. */
export function startAsking(args: readonly string[], options: { folder: string; env?: object }): Asking {
  const words = config.tasks.ask.command.split(" ").slice(2);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", `--config=${ROOT}deno.json`, ...words.slice(0, -1), `${ROOT}${words.at(-1)}`, ...args],
    cwd: options.folder,
    clearEnv: true,
    env: { ...inherited(["PATH", "HOME", "DENO_DIR", "XDG_CACHE_HOME"]), NO_COLOR: "1", ...options.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const lines: string[] = [];
  let stdout = "";
  const watch = createWatch({ report: () => `${lines.join("\n")}\n${stdout}` });
  const reading = Promise.all([
    readLines(child.stderr, (line) => {
      lines.push(line);
      watch.changed();
    }),
    (async () => {
      for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
        stdout += text;
        watch.changed();
      }
    })(),
  ]);
  let running = true;
  const ended = (async () => {
    const { code } = await child.status;
    running = false;
    await reading;
    return { code, stdout };
  })();
  return {
    lines,
    said: (part) => watch.until(`a line with ${part}`, () => lines.find((line) => line.includes(part))),
    printed: () => stdout,
    hasPrinted: async (part) => void await watch.until(part, () => stdout.includes(part) || undefined),
    kill: (signal) => child.kill(signal),
    ended,
    async [Symbol.asyncDispose]() {
      if (running) child.kill("SIGKILL");
      await ended;
      watch[Symbol.dispose]();
    },
  };
}
