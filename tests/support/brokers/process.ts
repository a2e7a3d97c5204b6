/** A broker as a process: on a port of its own, with its data in a folder of its own, killed and started again. @module */

import { readLines } from "../lines.ts";
import { createWatch } from "../watch.ts";

/** A process that can die and come back. */
export interface BrokerProcess extends AsyncDisposable {
  /** What it printed, over all its lives. */
  readonly lines: readonly string[];
  /** End it and wait for that; default: by SIGKILL. */
  kill(signal?: "SIGKILL" | "SIGTERM"): Promise<void>;
  /** Start it again, on the same port, with what is on its disk. */
  start(): Promise<void>;
  signal(signal: "SIGSTOP" | "SIGCONT"): void;
}

/** Whether a program is installed: Debian has some in directories that are in root's PATH alone. */
export function findProgram(name: string): string | undefined {
  const places = [...(Deno.env.get("PATH") ?? "").split(":"), "/usr/sbin", "/usr/lib/rabbitmq/bin"];
  return places.map((place) => `${place}/${name}`).find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
}

/**
 * Start a broker.
 *
 * @param command `isReady`: whether a line says that it takes connections; `folder`: gets its files.
 */
export async function startProcess(command: {
  path: string;
  args: readonly string[];
  env?: Readonly<Record<string, string>>;
  isReady: (line: string) => boolean;
  /** Whether it leads a group of processes, which signals go to. */
  isGroup?: boolean;
  /** Ends what it has started besides, and left behind. */
  stop?: () => Promise<void>;
}): Promise<BrokerProcess> {
  const lines: string[] = [];
  // RabbitMQ takes a minute on a machine that has much else to do.
  const watch = createWatch({ report: () => lines.join("\n"), patienceMs: 240_000 });
  let child: Deno.ChildProcess | undefined;
  let reading: Promise<unknown> = Promise.resolve();

  const start = async () => {
    const from = lines.length;
    child = new Deno.Command(command.path, {
      args: [...command.args],
      ...command.env && { env: command.env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const told = (line: string) => {
      lines.push(line);
      watch.changed();
    };
    reading = Promise.all([readLines(child.stdout, told), readLines(child.stderr, told)]);
    await watch.until(
      `${command.path} to take connections`,
      () => lines.slice(from).some(command.isReady) || undefined,
    );
  };
  const send = (signal: "SIGKILL" | "SIGTERM" | "SIGSTOP" | "SIGCONT") => {
    if (!child) return;
    if (!command.isGroup) return child.kill(signal);
    new Deno.Command("kill", { args: [`-${signal.slice(3)}`, "--", `-${child.pid}`] }).outputSync();
  };
  const kill = async (signal: "SIGKILL" | "SIGTERM" = "SIGKILL") => {
    if (!child) return;
    send(signal);
    await child.status;
    await reading;
    child = undefined;
  };
  await start();
  return {
    lines,
    start,
    kill,
    signal: send,
    async [Symbol.asyncDispose]() {
      await kill();
      await command.stop?.();
      watch[Symbol.dispose]();
    },
  };
}
