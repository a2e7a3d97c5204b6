/** The command line of the test server: `deno task test-server`. @module */

import { parseArgs } from "node:util";
import { argumentsMessage, refuseRepeated } from "../arguments_error.ts";
import { systemClock, untilAborted } from "../clock.ts";
import { EXIT, FatalError } from "../errors.ts";
import { pathProblem } from "../files.ts";
import { stopOnSignals } from "../stop_wishes.ts";
import { logStream } from "../streams.ts";
import type { Activity } from "./connection.ts";
import { DEFAULT_LIMITS } from "./limits.ts";
import { type LoadOptions, runLoad } from "./load.ts";
import { isIdentified, readExpected } from "../proof/verify/policy.ts";
import { readCollateral, readRoot } from "../proof/verify/policy_files.ts";
import { startTestServer, type TestServerOptions } from "./server.ts";

const DEFAULT_PORT = 8080;
/** Most events of a load: they are made beforehand, and must fit into memory. */
const MAX_LOAD = 100_000;

const UNNAMED = "--require-attestation needs to know which system has to run in the enclave, or any would do: " +
  "name mrtd, rtmr1 and rtmr2 (TDX), mrenclave or mrsigner (SGX), or pcr0 (Nitro), each with --measurement NAME=HEX.";

const HELP =
  `A server to try agents with: they connect over WebSocket, and whoever asks is answered by one of them. It sends each
agent three sample events, prints the answers, and shows everything on a page at http://localhost:${DEFAULT_PORT}/
Programs ask with POST /api/query; /openapi.json describes that and all the rest.

Usage: deno task test-server [OPTIONS]

  --port PORT     where to listen; 0: the system picks one (default ${DEFAULT_PORT})
  --host ADDRESS  where to listen; 0.0.0.0: on every network (default localhost)
  --broadcast     send each event to every agent, instead of the least busy one
  --events N      no samples: wait for an agent, send N generated events, print throughput and latency, and exit, with 0
                  if all were answered
  --rate R        with --events: events a second (default: all at once)
  --help          print this and exit

Proof that agents run in an enclave:
  --require-attestation   refuse agents that do not prove it; goes with --measurement
  --collateral FILE       Intel's collateral, to check quotes of TDX and SGX with; may be given several times
  --measurement NAME=HEX, --compose-hash HEX, --accept-status STATUS, --root FILE
                          what is expected and accepted: as for deno task verify, see its --help

Environment:
  WEBSOCKET_AUTH_TOKEN  the token that everybody must show (default: everybody is welcome)
  TLS_CERT, TLS_KEY     PEM files with a certificate and its key: serve wss:// and https:// instead of ws:// and http://`;

const screen = logStream(Deno.stdout);

/** Tell the user what happens. The server outlives a terminal that is gone, or a full disk. */
function print(line: string): void {
  screen.write(`${line}\n`);
}

/** Run the test server until SIGINT or SIGTERM, or until a load is done. @returns The exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const command = parseCommand(args);
  if ("help" in command) {
    print(HELP);
    return 0;
  }
  if ("wrong" in command) {
    console.error(`${command.wrong} Try --help.`);
    return EXIT.usage;
  }
  const stopped = stopOnSignals(Deno.exit);
  try {
    const options = { ...command, ...readProof(command.proof), ...await readEnvironment(), clock: systemClock };
    if (command.load) return await runWithLoad({ ...options, load: command.load }, stopped);
    await using _server = await startTestServer({ ...options, print });
    await untilAborted(stopped);
    return 0;
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    console.error(error.message);
    return error.exitCode;
  }
}

/** @returns 0 if each event was answered, 1 if not. */
async function runWithLoad(
  options: Omit<TestServerOptions, "print"> & { load: Load },
  stopped: AbortSignal,
): Promise<number> {
  const { load, ...serverOptions } = options;
  const agentIsThere = Promise.withResolvers<void>();
  const agents = new Set<number>();
  let isLoaded = false;
  const observe = ({ kind, connection }: Activity) => {
    if (kind === "authenticated") {
      agents.add(connection);
      agentIsThere.resolve();
      if (isLoaded) print(`🔐 One more agent takes part: ${agents.size} in all`);
    } else if (kind === "disconnected" && agents.delete(connection) && isLoaded) {
      const left = agents.size > 0 ? `, ${agents.size} left` : " and none is left: the load waits for one";
      print(`👋 An agent has gone${left}`);
    }
  };
  await using server = await startTestServer({
    ...serverOptions,
    events: [],
    limits: {
      unanswered: load.count + DEFAULT_LIMITS.unanswered,
      unansweredBytes: Infinity,
      agentUnreadBytes: Infinity,
      unreadTotalBytes: Infinity,
    },
    print: (line) => isLoaded || print(line), // a line for each event would be what is measured
    observe,
  });
  await Promise.race([agentIsThere.promise, untilAborted(stopped)]);
  if (stopped.aborted) return 1;
  isLoaded = true;
  const ask: LoadOptions["ask"] = (event, asker) => server.ask(event, { askedBy: "load", asker });
  const isAnswered = await runLoad({ ...load, ask, clock: options.clock, print }, stopped);
  agents.clear(); // they go, since the server stops
  return isAnswered ? 0 : 1;
}

type Load = Pick<LoadOptions, "count" | "rate">;
type Command = { readonly help: true } | { readonly wrong: string } | {
  readonly hostname: string;
  readonly port: number;
  readonly broadcast: boolean;
  readonly proof: ProofArguments;
  readonly load?: Load;
};
/** What is asked of agents' evidence. */
interface ProofArguments {
  readonly requireAttestation: boolean;
  readonly collateralPaths: readonly string[];
  readonly rootPath: string | undefined;
  readonly expected: ReturnType<typeof readExpected>;
}

function parseCommand(args: readonly string[]): Command {
  try {
    const { values, tokens } = parseArgs({
      args: [...args],
      options: {
        port: { type: "string", default: String(DEFAULT_PORT) },
        host: { type: "string", default: "localhost" },
        broadcast: { type: "boolean", default: false },
        events: { type: "string" },
        rate: { type: "string" },
        "require-attestation": { type: "boolean", default: false },
        collateral: { type: "string", multiple: true, default: [] },
        root: { type: "string" },
        measurement: { type: "string", multiple: true, default: [] },
        "compose-hash": { type: "string" },
        "accept-status": { type: "string", multiple: true, default: [] },
        help: { type: "boolean", short: "h" },
      },
      tokens: true,
    });
    refuseRepeated({ tokens, values });
    const { host: hostname, broadcast, events, rate } = values;
    if (values.help) return { help: true };
    const port = /^\d{1,5}$/.test(values.port) ? Number(values.port) : NaN;
    if (!(port <= 65_535)) return { wrong: `--port must be a number from 0 to 65535, got ${values.port}.` };
    if (rate !== undefined && events === undefined) return { wrong: "--rate goes with --events." };
    const proof = {
      requireAttestation: values["require-attestation"],
      collateralPaths: values.collateral,
      rootPath: values.root,
      expected: readExpected(values),
    };
    if (proof.requireAttestation && !isIdentified(proof.expected.measurements)) return { wrong: UNNAMED };
    if (events === undefined) return { hostname, port, broadcast, proof };
    const load = { count: numberOf(events), rate: rate === undefined ? Infinity : numberOf(rate) };
    if (!(Number.isInteger(load.count) && load.count >= 1 && load.count <= MAX_LOAD)) {
      return { wrong: `--events must be a whole number from 1 to ${MAX_LOAD}, got ${events}.` };
    }
    if (!(load.rate > 0)) return { wrong: `--rate must be a number above 0, got ${rate}.` };
    return { hostname, port, broadcast, proof, load };
  } catch (error) {
    if (error instanceof TypeError) return { wrong: `${argumentsMessage(error)}.` };
    throw error;
  }
}

function readProof(
  { requireAttestation, collateralPaths, rootPath, expected }: ProofArguments,
): Pick<TestServerOptions, "requireAttestation" | "proofPolicy"> {
  const root = rootPath === undefined ? {} : { root: readRoot(rootPath) };
  if (rootPath !== undefined) {
    print(`⚠️ ${rootPath} is trusted, not Intel's or AWS's root: this proves nothing real`);
  }
  const collaterals = collateralPaths.flatMap(readCollateral);
  return {
    requireAttestation,
    proofPolicy: { ...expected, ...root, collaterals, requireMeasurement: requireAttestation },
  };
}

/** A number in decimal digits, as people write it; NaN if it is none. */
function numberOf(text: string): number {
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
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
      : `${pathProblem(error).reason}. Set ${name} to a PEM file that can be read.`;
    throw new FatalError(`Cannot read ${path}, named by ${name}: ${why}`, EXIT.settings, {
      cause: error,
    });
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
