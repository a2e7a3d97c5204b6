/** Runs a program, and starts it again whenever a file that it was made from changes. @module */

import { openFileWatch } from "./file_watch.ts";
import type { WatchedFiles } from "./watched_files.ts";

/**
 * Exit codes that a change of the sources may cure: Deno's for an error that nobody caught, and a bug of the agent. Once
 * a change has started it again, the next one may cure any: the mistake was made on the way.
 */
const CURABLE: readonly number[] = [1, 70];

export interface DevelopOptions {
  /** The program and its arguments. */
  readonly command: readonly [string, ...string[]];
  /** What it is made from; asked before each start. */
  readonly watched: () => WatchedFiles;
  /** Variables that are set for it, besides those of this process. */
  readonly env: Record<string, string>;
  readonly say: (text: string) => void;
}

/**
 * Run the program until it ends by itself or this process is told to stop by SIGINT or SIGTERM, which it is handed on.
 *
 * @returns The exit code of its last run.
 */
export async function develop({ command: [path, ...args], watched, env, say }: DevelopOptions): Promise<number> {
  let running: Deno.ChildProcess | undefined;
  using stop = onStop((name) => {
    // From a terminal the program has the signal already: twice in a moment is one wish.
    if (running) send(running, name);
  });
  for (let changes = 0;; changes++) {
    using watch = openFileWatch(watched());
    const program = running = new Deno.Command(path, { args, env }).spawn();
    const ended = program.status.finally(() => running = undefined);
    const first = await Promise.race([ended, watch.changed()]);
    if ("code" in first) {
      if (stop.signal.aborted || (changes === 0 && !CURABLE.includes(first.code))) return first.code;
      say(`The agent ended with ${first.code}. It starts again when a file changes; Ctrl+C ends.`);
      await Promise.race([watch.changed(), stop.made]);
      if (stop.signal.aborted) return first.code;
      continue;
    }
    say(`🔁 ${first.path} changed: starting again`);
    send(program, "SIGTERM");
    const { code } = await ended;
    if (stop.signal.aborted) return code;
  }
}

/** Tells of each signal to stop; `made` resolves and `signal` aborts at the first. */
function onStop(told: (name: "SIGINT" | "SIGTERM") => void) {
  const stop = new AbortController();
  const { promise: made, resolve } = Promise.withResolvers<void>();
  const listeners = (["SIGINT", "SIGTERM"] as const).map((name) => {
    const listener = () => {
      stop.abort();
      resolve();
      told(name);
    };
    Deno.addSignalListener(name, listener);
    return () => Deno.removeSignalListener(name, listener);
  });
  return { signal: stop.signal, made, [Symbol.dispose]: () => listeners.forEach((remove) => remove()) };
}

function send(program: Deno.ChildProcess, name: "SIGINT" | "SIGTERM"): void {
  try {
    program.kill(name);
  } catch (error) {
    // It has ended in the meantime, which is what was wanted. Deno throws one or the other.
    if (!(error instanceof Deno.errors.NotFound) && !(error instanceof TypeError)) throw error;
  }
}
