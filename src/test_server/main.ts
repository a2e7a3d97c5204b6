/** The command line of the test server: `deno task test-server`. @module */

import { parseArgs } from "node:util";
import { systemClock } from "../clock.ts";
import { EXIT, FatalError, messageOf } from "../errors.ts";
import { startTestServer, type TestServerOptions } from "./server.ts";

const DEFAULT_PORT = 8080;
/** The command was used wrongly (EX_USAGE in sysexits.h). */
const EXIT_USAGE = 64;

const HELP =
  `A WebSocket server to try agents with. It sends each agent three sample events, and prints what it answers.

Usage: deno task test-server [--port PORT] [--host ADDRESS]

  --port PORT     where to listen; 0: the system picks one (default ${DEFAULT_PORT})
  --host ADDRESS  where to listen; 0.0.0.0: on every network (default localhost)
  --help          print this and exit

Environment:
  WEBSOCKET_AUTH_TOKEN  the token that agents must send (default: any agent is welcome)
  TLS_CERT, TLS_KEY     PEM files with a certificate and its key: serve wss:// instead of ws://`;

/** Run the test server until SIGINT or SIGTERM. @returns The exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const command = parseCommand(args);
  if ("help" in command) {
    console.log(HELP);
    return 0;
  }
  if ("wrong" in command) {
    console.error(`${command.wrong} Try --help.`);
    return EXIT_USAGE;
  }
  const stopped = untilStopped();
  try {
    await using _server = await startTestServer({
      ...command,
      ...await readEnvironment(),
      print: (line) => console.log(line),
      clock: systemClock,
    });
    await stopped;
    return 0;
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    console.error(error.message);
    return error.exitCode;
  }
}

type Command = { readonly help: true } | { readonly wrong: string } | {
  readonly hostname: string;
  readonly port: number;
};

function parseCommand(args: readonly string[]): Command {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        port: { type: "string", default: String(DEFAULT_PORT) },
        host: { type: "string", default: "localhost" },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help) return { help: true };
    const port = /^\d{1,5}$/.test(values.port) ? Number(values.port) : NaN;
    if (!(port <= 65_535)) return { wrong: `--port must be a number from 0 to 65535, got ${values.port}.` };
    return { hostname: values.host, port };
  } catch (error) {
    if (error instanceof TypeError) return { wrong: `${messageOf(error)}.` };
    throw error;
  }
}

async function readEnvironment(): Promise<Pick<TestServerOptions, "token" | "tls">> {
  const [token, certPath, keyPath] = ["WEBSOCKET_AUTH_TOKEN", "TLS_CERT", "TLS_KEY"].map((name) => Deno.env.get(name));
  if (Boolean(certPath) !== Boolean(keyPath)) {
    throw new FatalError(
      `${certPath ? "TLS_CERT" : "TLS_KEY"} is set and ${certPath ? "TLS_KEY" : "TLS_CERT"} is not. Set both, or none.`,
      EXIT.settings,
    );
  }
  return {
    ...token && { token },
    ...certPath && keyPath &&
      { tls: { cert: await readPem("TLS_CERT", certPath), key: await readPem("TLS_KEY", keyPath) } },
  };
}

async function readPem(name: string, path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    const why = error instanceof Deno.errors.NotCapable
      ? `Deno was not given the permission. Run it with --allow-read=${path}.`
      : `${messageOf(error)}. Set ${name} to a PEM file that can be read.`;
    throw new FatalError(`Cannot read ${path}, named by ${name}: ${why}`, EXIT.settings, {
      cause: error,
    });
  }
}

/** Resolves at the first SIGINT or SIGTERM; a second one ends the process at once, as it would any other. */
function untilStopped(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const signals = ["SIGINT", "SIGTERM"] as const;
  const stop = () => {
    for (const signal of signals) Deno.removeSignalListener(signal, stop);
    resolve();
  };
  for (const signal of signals) Deno.addSignalListener(signal, stop);
  return promise;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
