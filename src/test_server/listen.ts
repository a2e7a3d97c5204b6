/** Where the test server listens: one address, or both of `localhost`; it goes on when the system runs out of descriptors. @module */

import type { Clock } from "../clock.ts";
import { EXIT, FatalError, messageOf } from "../errors.ts";

/** HTTP servers on one port. */
export interface Listening {
  readonly port: number;
  /** Stop listening, and cut off whoever is connected. */
  shutdown(): Promise<void>;
}

/** Where to listen. */
export interface Address {
  readonly hostname: string;
  /** 0: picked by the system. */
  readonly port: number;
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** The address, the handler, and the places where trouble is reported. */
export interface ListenOptions extends Address {
  readonly respond: (request: Request) => Response | Promise<Response>;
  readonly clock: Clock;
  readonly print: (line: string) => void;
}

type Server = Deno.HttpServer<Deno.NetAddr>;
type Serve = (hostname: string, port: number) => Server;

/** Pauses before listening again, in milliseconds: the first one, and the longest. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

/**
 * Serve HTTP at an address. `localhost` is both loopback addresses: clients differ in which one they try, and some
 * (Node 17 to 19 among them) try only the first that the resolver names.
 *
 * @throws {FatalError} If the address cannot be had, with what to do about it.
 */
export async function listen(options: ListenOptions): Promise<Listening> {
  const { hostname, port, tls, respond, print } = options;
  const serve: Serve = (hostname, port) =>
    Deno.serve({
      hostname,
      port,
      ...tls,
      onListen() {},
      onError(error) {
        print(`❌ A request could not be answered: ${messageOf(error)}`);
        return new Response("The server failed to answer. Its terminal says why.\n", { status: 500 });
      },
    }, (request) => respond(request));
  try {
    const servers = hostname === "localhost" ? await onLoopback(serve, port) : [serve(hostname, port)];
    return keepServing(servers, serve, options);
  } catch (error) {
    throw explained(error, options);
  }
}

async function onLoopback(serve: Serve, port: number): Promise<readonly [Server, ...Server[]]> {
  const first = serve("127.0.0.1", port);
  try {
    return [first, serve("::1", first.addr.port)];
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) return [first]; // this machine has no IPv6
    await first.shutdown();
    if (port === 0) return onLoopback(serve, port); // what the system picked was free on IPv4 only
    throw error;
  }
}

function keepServing(servers: readonly Server[], serve: Serve, options: ListenOptions): Listening {
  const stopping = new AbortController();
  const current = new Map(servers.map((server) => [server.addr, server]));
  const port = servers[0]!.addr.port; // there is one in any case
  const watching = servers.map(({ addr }) => keepOne(addr));

  /** Listen again whenever listening fails: Deno gives up at the first connection for which there is no descriptor. */
  async function keepOne(address: Deno.NetAddr): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (!stopping.signal.aborted) {
      try {
        const server = current.get(address) ?? serve(address.hostname, address.port);
        current.set(address, server);
        await server.finished;
        return;
      } catch (error) {
        if (stopping.signal.aborted) return;
        current.delete(address);
        options.print(`⚠️ Cannot accept connections: ${messageOf(error)}. Trying again.`);
        await options.clock.sleep(pauseMs, stopping.signal);
        pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
      }
    }
  }

  return {
    port,
    async shutdown() {
      stopping.abort();
      await Promise.all([...current.values()].map((server) => server.shutdown()));
      await Promise.all(watching);
    },
  };
}

function explained(error: unknown, { hostname, port, tls }: Address): unknown {
  const failed = (why: string) =>
    new FatalError(`Cannot listen on ${hostname}, port ${port}: ${why}`, EXIT.unavailable, { cause: error });
  if (error instanceof Deno.errors.AddrInUse) {
    return failed("the port is in use. Stop the program that has it, or choose another port with --port.");
  }
  if (error instanceof Deno.errors.NotCapable) {
    return failed(`Deno was not given the permission. Use --host 0.0.0.0, or run it with --allow-net=${hostname}.`);
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return failed("the system does not allow it. Choose a port from 1024 up with --port.");
  }
  if (error instanceof RangeError) return error;
  // A key of another certificate comes as a plain Error.
  if (tls && (error instanceof Deno.errors.InvalidData || messageOf(error).includes("KeyMismatch"))) {
    return new FatalError(
      `Cannot serve TLS: ${
        messageOf(error)
      }. TLS_CERT and TLS_KEY must name the PEM files of a certificate and its key.`,
      EXIT.settings,
      { cause: error },
    );
  }
  return failed(`${messageOf(error)}. Choose an address of this machine with --host.`);
}
