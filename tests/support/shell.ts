/** Commands of the documents, run by a shell in a copy of the project. @module */

import { ensureDir } from "@std/fs";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { VARIABLES } from "../../src/program/settings.ts";
import { ROOT } from "./agent.ts";
import { readLines } from "./lines.ts";
import { createWatch } from "./watch.ts";

/** Everything that the commands need. */
const COPIED = [
  "deno.json",
  "deno.lock",
  "tests/deno.lock",
  "main.ts",
  "src",
  "deploy",
  "examples",
  "iexec_in",
  ".env.example",
];

/** A copy of the project, with `deno` and `npx` as on a user's machine. */
export interface Checkout extends AsyncDisposable {
  readonly path: string;
  /** Start a command; it is ended with the checkout. */
  start(command: string, env?: Record<string, string>): Command;
  /** Resolves once a file that some command writes has all these `parts` in it. */
  written(file: string, parts: readonly string[]): Promise<void>;
  /** Run a command to its end; returns what it printed. Fails if the command does. */
  run(command: string, env?: Record<string, string>): Promise<string>;
}

/** A command that runs. */
export interface Command {
  /** What the pattern's group, or else all of it, matches in the first line of stdout or stderr that fits. */
  printed(pattern: RegExp): Promise<string>;
  kill(signal: Deno.Signal): void;
  readonly ended: Promise<{ code: number; stdout: string }>;
}

/** Copy the project into a folder of its own. Its commands use this Deno, whatever `npx` is told. */
export async function makeCheckout(): Promise<Checkout> {
  const folder = await Deno.makeTempDir({ prefix: "agent-test-checkout-" });
  const owned = new AsyncDisposableStack();
  owned.defer(() => Deno.remove(folder, { recursive: true }));
  const path = `${folder}/project`, bin = `${folder}/bin`;
  for (const name of [path, bin, `${path}/tests`]) Deno.mkdirSync(name);
  for (const name of COPIED) copy(`${ROOT}/${name}`, `${path}/${name}`);
  Deno.symlinkSync(Deno.execPath(), `${bin}/deno`);
  Deno.writeTextFileSync(`${bin}/npx`, '#!/bin/sh\n# npx -y deno@VERSION …\nshift 2\nexec deno "$@"\n', {
    mode: 0o755,
  });

  const start = (command: string, env: Record<string, string> = {}) => {
    const child = new Deno.Command("setsid", {
      args: ["bash", "-euo", "pipefail", "-c", command],
      cwd: path,
      clearEnv: true,
      env: { ...withoutSettings(Deno.env.toObject()), PATH: `${bin}:${Deno.env.get("PATH")}`, NO_COLOR: "1", ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const lines: string[] = [], stdout: string[] = [];
    const watch = createWatch({ report: () => [command, ...lines].join("\n") });
    const take = (line: string) => {
      lines.push(line);
      watch.changed();
    };
    const reading = Promise.all([
      readLines(child.stdout, (line) => {
        stdout.push(line);
        take(line);
      }),
      readLines(child.stderr, take),
    ]);
    const ended = (async () => {
      const { code } = await child.status;
      await reading;
      return { code, stdout: stdout.join("\n"), all: lines.join("\n") };
    })();
    owned.defer(async () => {
      kill(-child.pid, "SIGKILL");
      await ended;
      watch[Symbol.dispose]();
    });
    return {
      printed: (pattern: RegExp) =>
        watch.until(`a line like ${pattern}`, () => {
          const match = lines.map((line) => pattern.exec(line)).find((match) => match !== null);
          return match?.[1] ?? match?.[0];
        }),
      kill: (signal: Deno.Signal) => kill(-child.pid, signal),
      ended,
    };
  };
  return {
    path,
    start,
    written: (file, parts) => written(`${path}/${file}`, parts),
    async run(command, env) {
      const { code, stdout, all } = await start(command, env).ended;
      if (code !== 0) throw new Error(`${command}\nended with ${code}:\n${all}`);
      return stdout;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function written(file: string, parts: readonly string[]): Promise<void> {
  const folder = dirname(file);
  // The agent makes it otherwise: what is written into a new folder before it is watched would be missed.
  await ensureDir(folder);
  const text = () => existsSync(file) ? Deno.readTextFileSync(file) : "";
  using watch = createWatch({ report: text });
  const watcher = Deno.watchFs(folder);
  const following = (async () => {
    for await (const _change of watcher) watch.changed();
  })();
  try {
    await watch.until(`${parts} in ${file}`, () => parts.every((part) => text().includes(part)) || undefined);
  } finally {
    watcher.close();
    await following;
  }
}

/** The environment without what the agent reads: other tests in this process may have set some of it. */
function withoutSettings(environment: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !VARIABLES.includes(name)));
}

/** A signal for a process, or for a group of them; none if they have ended. */
function kill(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function copy(from: string, to: string): void {
  if (Deno.statSync(from).isFile) return Deno.copyFileSync(from, to);
  Deno.mkdirSync(to);
  for (const { name } of Deno.readDirSync(from)) copy(`${from}/${name}`, `${to}/${name}`);
}
