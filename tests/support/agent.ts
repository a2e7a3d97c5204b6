/** The real program as a process, in a folder of its own: its log as values, its responses, its end. @module */

import { resolve } from "node:path";
import { agentCommand, ROOT } from "../../src/tools/agent_command.ts";
import type { AnswerMetadata } from "../../src/wire.ts";
import { readLines } from "./lines.ts";
import { createWatch } from "./watch.ts";
import { makeFolder } from "./folder.ts";

/** A line of the log, as LOG_FORMAT=json writes it. */
export interface LogEntry {
  readonly time: string;
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

/** An entry of `responses.json`. */
export interface Entry {
  readonly queryId: string;
  readonly response?: string;
  readonly error?: string;
  readonly metadata?: AnswerMetadata;
  readonly timestamp: number;
  readonly agentId: string;
  readonly signature?: string;
}

export interface AgentUnderTest extends AsyncDisposable {
  /** Its working directory. */
  readonly folder: string;
  readonly pid: number;
  /** What it wrote to stderr, line by line. */
  readonly lines: readonly string[];
  /** The log lines among them. */
  readonly log: readonly LogEntry[];
  /** The first log line with this message, or that is `wanted`; `count`: the so-many-th. */
  logged(wanted: string | ((entry: LogEntry) => boolean), many?: { count: number }): Promise<LogEntry>;
  /** What stands in `iexec_out/responses.json`, as soon as there are `count` entries. */
  responses(count: number): Promise<Entry[]>;
  kill(signal: "SIGINT" | "SIGTERM" | "SIGKILL" | "SIGSTOP" | "SIGCONT" | "SIGUSR1"): void;
  /** How it ended; a test that never awaits this kills it at its end. */
  readonly ended: Promise<{ code: number; stdout: string }>;
  /** SIGTERM, and the end. */
  stop(): Promise<{ code: number; stdout: string }>;
}

export { ROOT };

/** The executable that is tested in place of the sources: AGENT_EXECUTABLE names it. */
export const EXECUTABLE = executable();

function executable(): string | undefined {
  const path = Deno.env.get("AGENT_EXECUTABLE");
  return path ? resolve(path) : undefined;
}

/** The command that starts the program in any folder: the executable if one is tested, else the sources. */
export function startCommand(args: readonly string[]): [command: string, ...args: string[]] {
  return EXECUTABLE === undefined ? sourcesCommand(args) : [EXECUTABLE, ...args];
}

/** What `deno task start` runs, with the same permissions, or the tests would prove too little. */
export const sourcesCommand = agentCommand;

/**
 * Start the program; it is killed at the end of the test if it still runs.
 *
 * @param options `folder`: its working directory, which the caller removes; `env`: settings, over LOG_FORMAT=json;
 * `under`: the command that runs it, if another one does; `patienceMs`: longest wait for what it does, default that of
 * every watch.
 */
export async function startAgent(
  options: {
    folder?: string;
    env?: Record<string, string>;
    args?: readonly string[];
    under?: readonly string[];
    patienceMs?: number;
  } = {},
): Promise<AgentUnderTest> {
  const ownFolder = options.folder === undefined ? makeFolder() : undefined;
  const folder = options.folder ?? ownFolder!.path;
  const output = `${folder}/iexec_out`;
  await Deno.mkdir(output, { recursive: true });
  const lines: string[] = [];
  const log: LogEntry[] = [];
  const { patienceMs } = options;
  const watch = createWatch({ report: () => lines.join("\n"), ...patienceMs !== undefined && { patienceMs } });
  using stack = new DisposableStack();
  const folderWatch = stack.use(Deno.watchFs(output));
  const [command, ...args] = [...options.under ?? [], ...startCommand(options.args ?? [])];
  const child = new Deno.Command(command!, {
    args,
    cwd: folder,
    clearEnv: true,
    env: {
      ...inherited(["PATH", "HOME", "DENO_DIR", "XDG_CACHE_HOME"]),
      // A Deno that did not come from npm would ask dl.deno.land for a newer one, by way of the proxy that a test names.
      DENO_NO_UPDATE_CHECK: "1",
      LOG_FORMAT: "json",
      ...options.env,
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let running = true;
  const exited = child.status.finally(() => running = false);

  const reading = readLines(child.stderr, (line) => {
    lines.push(line);
    // A kill may cut the last one short.
    if (line.startsWith("{") && line.endsWith("}")) log.push(JSON.parse(line));
    watch.changed();
  });
  const watching = (async () => {
    for await (const _ of folderWatch) watch.changed();
  })();
  const stdout = new Response(child.stdout).text();
  const ended = (async () => {
    const { code } = await exited;
    await reading;
    return { code, stdout: await stdout };
  })();
  const owned = stack.move();

  return {
    folder,
    pid: child.pid,
    lines,
    log,
    logged(wanted, { count } = { count: 1 }) {
      const isWanted = typeof wanted === "string" ? (entry: LogEntry) => entry.message === wanted : wanted;
      return watch.until(`${count} × log line ${wanted}`, () => log.filter(isWanted)[count - 1]);
    },
    responses: (count) =>
      watch.until(`${count} entries in responses.json`, () => {
        const entries = readEntries(`${output}/responses.json`);
        return entries && entries.length >= count ? entries : undefined;
      }),
    kill: (signal) => child.kill(signal),
    ended,
    stop() {
      child.kill("SIGTERM");
      return ended;
    },
    async [Symbol.asyncDispose]() {
      if (running) child.kill("SIGKILL");
      await ended;
      owned.dispose();
      await watching;
      watch[Symbol.dispose]();
      await ownFolder?.[Symbol.asyncDispose]();
    },
  };
}

/** The entries in a `responses.json`, if it is there. */
export function readEntries(path: string): Entry[] | undefined {
  try {
    return JSON.parse(Deno.readTextFileSync(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Whether a text stands in any file of a directory. */
export function isInFiles(directory: string, text: string): boolean {
  const wanted = new TextEncoder().encode(text);
  return [...Deno.readDirSync(directory)].some(({ name }) => {
    const bytes = Deno.readFileSync(`${directory}/${name}`);
    return bytes.some((_, at) => wanted.every((byte, index) => bytes[at + index] === byte));
  });
}

/** Those variables of this process that are set. */
export function inherited(names: readonly string[]): Record<string, string> {
  const given = names.map((name) => [name, Deno.env.get(name)] as const);
  return Object.fromEntries(given.filter((pair): pair is [string, string] => pair[1] !== undefined));
}
