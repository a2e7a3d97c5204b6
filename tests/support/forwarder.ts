/** A way from a socket file, a vsock or TLS with client certificates to a TCP port: `forwarder.py`, which needs Python. @module */

import { createWatch } from "./watch.ts";
import { readLines } from "./lines.ts";

export interface Forwarder extends AsyncDisposable {
  /** Where it listens: a path or a port. */
  readonly place: string;
  /** The first `count` TLS clients: the name in each one's certificate, or `refused`. */
  clients(count: number): Promise<readonly string[]>;
}

const SCRIPT = new URL("forwarder.py", import.meta.url).pathname;

/** Start it, from `unix:PATH`, `vsock:CID` or `tls:CERT:KEY:AUTHORITY`. */
export async function startForwarder(from: string, { port }: { port: number }): Promise<Forwarder> {
  const child = new Deno.Command("python3", {
    args: [SCRIPT, from, `${port}`],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const lines: string[] = [];
  const watch = createWatch({ report: () => lines.join("\n") });
  const reading = readLines(child.stdout, (line) => {
    lines.push(line);
    watch.changed();
  });
  const ended = child.status;
  const place = await watch.until("the forwarder listens", () => lines[0]);
  return {
    place,
    clients: (count) =>
      watch.until(`${count} clients`, () => lines.length > count ? lines.slice(1, count + 1) : undefined),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
      await reading;
      watch[Symbol.dispose]();
    },
  };
}

/** Why there is no forwarder from a vsock of this machine to itself, or none at all; undefined if there is. */
export function withoutForwarder({ vsock = false } = {}): string | undefined {
  const program = vsock ? "import socket; socket.socket(socket.AF_VSOCK).bind((1, socket.VMADDR_PORT_ANY))" : "";
  try {
    const { success } = new Deno.Command("python3", { args: ["-c", program], stderr: "null" }).outputSync();
    return success ? undefined : "this kernel has no vsock to itself";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "there is no python3";
    throw error;
  }
}
