/** Where the test server listens: one address, or both of `localhost`. @module */

import { EXIT, FatalError, messageOf } from "../errors.ts";

/** HTTP servers on one port. */
export interface Listening {
  readonly port: number;
  /** Stop listening, and cut off whoever is connected. */
  shutdown(): Promise<void>;
}

export interface Address {
  readonly hostname: string;
  /** 0: picked by the system. */
  readonly port: number;
  readonly tls?: { readonly cert: string; readonly key: string };
}

type Serve = (hostname: string, port: number) => Deno.HttpServer<Deno.NetAddr>;

/**
 * Serve HTTP at an address. `localhost` is both loopback addresses: clients differ in which one they try, and some
 * (Node 17 to 19 among them) try only the first that the resolver names.
 *
 * @throws {FatalError} If the address cannot be had, with what to do about it.
 */
export async function listen(
  address: Address,
  respond: (request: Request) => Response | Promise<Response>,
): Promise<Listening> {
  const { hostname, port, tls } = address;
  const serve: Serve = (hostname, port) =>
    Deno.serve({ hostname, port, onListen() {}, ...tls }, (request) => respond(request));
  try {
    return hostname === "localhost" ? await onLoopback(serve, port) : together(serve(hostname, port));
  } catch (error) {
    throw explained(error, address);
  }
}

async function onLoopback(serve: Serve, port: number): Promise<Listening> {
  const first = serve("127.0.0.1", port);
  try {
    return together(first, serve("::1", first.addr.port));
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) return together(first); // this machine has no IPv6
    await first.shutdown();
    if (port === 0) return onLoopback(serve, port); // what the system picked was free on IPv4 only
    throw error;
  }
}

function together(first: Deno.HttpServer<Deno.NetAddr>, ...others: Deno.HttpServer<Deno.NetAddr>[]): Listening {
  return {
    port: first.addr.port,
    async shutdown() {
      await Promise.all([first, ...others].map((server) => server.shutdown()));
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
