/** One WebSocket: the handshake, and the connection that comes of it. @module */

import type { Clock } from "../../clock.ts";
import { basicOf, secretHider, secretsIn } from "../secrets.ts";
import { type Arrivals, createArrivals, type Ending } from "./arrivals.ts";

export type { Arrival, Ending } from "./arrivals.ts";

/** An open connection. */
export interface Connection extends Pick<Arrivals, "received" | "take" | "wait"> {
  /** The subprotocol that the server has chosen; empty where it has chosen none. */
  readonly protocol: string;
  /** Does nothing once the connection has ended. */
  send(frame: string): void;
  isOpen(): boolean;
  /** Bytes that were sent and have not left this process yet. */
  unsentBytes(): number;
  /** Close with 1000, and wait for the peer to agree. */
  close(): Promise<Ending>;
  /** Stop waiting for a peer that does not answer. */
  giveUp(why: string): Promise<Ending>;
}

/** Whom to connect to, and how. */
export interface DialOptions {
  /** User name and password in it are sent as basic authentication. */
  readonly url: URL;
  /** Kept out of what the server says; it is not sent here. */
  readonly token?: string;
  /** Headers of the handshake. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Subprotocols to offer, the preferred one first. */
  readonly protocols?: readonly string[];
  /** PEM certificates to trust besides the public ones, and the client's own with its key. */
  readonly tls?: { readonly caCerts?: readonly string[]; readonly cert?: string; readonly key?: string };
  /** What to connect through. */
  readonly proxy?: Deno.Proxy;
  readonly clock: Clock;
}

/** A handshake that takes longer has failed. */
const DIAL_MS = 30_000;
/** A peer that does not answer a close within this is left to itself: Deno's WebSocket can't be cut off. */
const CLOSE_MS = 2_000;

/**
 * Connect; resolves once the handshake is done.
 *
 * @throws {Error} Saying why it failed, or `signal`'s reason; no socket is left behind.
 */
export async function dial(options: DialOptions, signal: AbortSignal): Promise<Connection> {
  const { clock } = options;
  signal.throwIfAborted();
  const hide = secretHider([options.token, ...secretsIn(options.url), ...secretsOfHeaders(options.headers)]);
  const client = clientFor(options);
  using _client = client;
  const socket = openSocket(options, client);
  const arrivals = createArrivals(clock);
  const ended = Promise.withResolvers<Ending>();
  let error: string | undefined;
  socket.addEventListener("message", ({ data }) => arrivals.add({ kind: "frame", data }));
  socket.addEventListener("error", (event) => {
    if (event instanceof ErrorEvent && event.message) error = hide(event.message);
  });
  socket.addEventListener("close", ({ code, reason }) => {
    // The close that a failed handshake or a lost connection ends with carries no code.
    const ending = { code: code || 1006, reason: hide(reason), ...(error !== undefined && { error }) };
    ended.resolve(ending);
    arrivals.add({ kind: "end", ending });
  });
  await handshake(socket, { ended: ended.promise, signal, clock });

  const closed = async (otherwise: Ending) => {
    const given = new AbortController();
    const ending = await Promise.race([ended.promise, clock.sleep(CLOSE_MS, given.signal).then(() => otherwise)]);
    given.abort();
    return ending;
  };
  return {
    ...arrivals,
    protocol: hide(socket.protocol),
    send: (frame) => socket.send(frame),
    isOpen: () => socket.readyState === WebSocket.OPEN,
    unsentBytes: () => socket.bufferedAmount,
    close() {
      socket.close(1000, "the agent is shutting down");
      return closed({ code: 1006, reason: "", error: `the close was not answered within ${CLOSE_MS} ms` });
    },
    async giveUp(why) {
      socket.close(4000, why);
      await closed({ code: 1006, reason: "" });
      return { code: 1006, reason: "", error: why };
    },
  };
}

/** An HTTP client for what the standard one can't do; none is needed without a proxy and certificates. */
function clientFor({ tls, proxy }: DialOptions): Deno.HttpClient | undefined {
  if (!tls && !proxy) return undefined;
  const { caCerts, cert, key } = tls ?? {};
  // Copies, since Deno 2.7.11 writes into both: of a `socks5` or `https` proxy it makes one that its next call refuses.
  return Deno.createHttpClient({
    ...(caCerts && { caCerts: [...caCerts] }),
    ...(cert !== undefined && key !== undefined && { cert, key }),
    ...(proxy && { proxy: { ...proxy } }),
  });
}

function openSocket({ url, headers = {}, protocols }: DialOptions, client: Deno.HttpClient | undefined): WebSocket {
  const bare = new URL(url);
  [bare.username, bare.password] = ["", ""];
  const sent = new Headers(headers);
  // Deno sends the user name and password of a URL from 2.8 on, before that it drops them (ran 2.7.11 and 2.9.6).
  if (!sent.has("authorization") && (url.username || url.password)) sent.set("authorization", `Basic ${basicOf(url)}`);
  const socket = new WebSocket(bare, {
    headers: sent,
    ...(protocols && { protocols: [...protocols] }),
    ...(client && { client }),
  });
  socket.binaryType = "arraybuffer";
  return socket;
}

/** Resolves once the connection is open. */
async function handshake(
  socket: WebSocket,
  { ended, signal, clock }: { ended: Promise<Ending>; signal: AbortSignal; clock: Clock },
): Promise<void> {
  const timedOut = new AbortController(), over = new AbortController();
  void clock.sleep(DIAL_MS, over.signal).then(() => over.signal.aborted || timedOut.abort());
  const stop = AbortSignal.any([signal, timedOut.signal]);
  const cancel = () => socket.close();
  stop.addEventListener("abort", cancel, { once: true });
  try {
    const opened = new Promise<void>((resolve) => socket.addEventListener("open", () => resolve(), { once: true }));
    const ending = await Promise.race([opened, ended]);
    if (!ending) return;
    signal.throwIfAborted();
    if (timedOut.signal.aborted) throw new Error(`no answer to the handshake within ${DIAL_MS} ms`);
    throw new Error(ending.error ?? `the connection was closed with code ${ending.code}`);
  } finally {
    over.abort();
    stop.removeEventListener("abort", cancel);
  }
}

/** Values of headers, and what follows the scheme in one such as `Bearer …`. */
function secretsOfHeaders(headers: Readonly<Record<string, string>> = {}): string[] {
  return Object.values(headers).flatMap((value) => [value, value.replace(/^\S+ +/, "")]);
}
