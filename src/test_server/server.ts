/** The guide's test server: agents connect to it over WebSocket and are sent sample events. @module */

import type { Clock } from "../clock.ts";
import type { AgentEvent } from "../wire.ts";
import { type Activity, attend, CLOSE, type Connection } from "./connection.ts";
import { listen } from "./listen.ts";
import { sampleEvents, trackSamples } from "./samples.ts";

export interface TestServerOptions {
  /** 0: picked by the system. */
  readonly port: number;
  /** Default `localhost`: the loopback addresses, of IPv4 and, where there is one, of IPv6. */
  readonly hostname?: string;
  /** What agents must send in their auth; left out, any agent is welcome. */
  readonly token?: string;
  /** Certificate and key as PEM texts, for `wss://`. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Sent to every agent that authenticates, until it acknowledges them. Default: the guide's three. */
  readonly events?: readonly AgentEvent[];
  readonly print: (line: string) => void;
  readonly clock: Clock;
  /** Told what happens on the connections, after the server has dealt with it. */
  readonly observe?: (activity: Activity) => void;
}

export interface TestServer extends AsyncDisposable {
  /** `ws://localhost:8080`: what an agent's WEBSOCKET_URL should be. */
  readonly url: string;
  readonly port: number;
  /**
   * Send frames to every authenticated agent: strings as they are, anything else as JSON.
   *
   * @returns How many agents there were.
   */
  send(...frames: readonly unknown[]): number;
  /** Close every client with 1000, and stop. A client that does not answer within a second is cut off. */
  close(): Promise<void>;
}

/** How long clients may take to answer a close before they are cut off. */
const CLOSE_DEADLINE_MS = 1_000;

/**
 * Start a test server; its first words are printed before this resolves.
 *
 * @throws {FatalError} If it cannot listen where it should.
 */
export async function startTestServer(options: TestServerOptions): Promise<TestServer> {
  const { port, hostname = "localhost", token, tls, print, clock, observe = () => {} } = options;
  const samples = trackSamples(options.events ?? sampleEvents(clock.now()));
  const connections = new Set<Connection>();
  let opened = 0;
  let closing: Promise<void> | undefined;

  const listening = await listen({ port, hostname, ...tls && { tls } }, respond);
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  const url = `${tls ? "wss" : "ws"}://${host}:${listening.port}`;
  print(`🌐 WebSocket Server listening on ${url}`);
  print("📋 Commands:");
  print("  - Press Ctrl+C to stop the server");
  print("⏳ Waiting for connections...");

  function respond(request: Request): Response {
    if (closing) return text(503, "The server is stopping.");
    if (request.headers.get("upgrade")?.toLowerCase() === "websocket") return welcome(request);
    if (new URL(request.url).pathname !== "/") return text(404, "Nothing here. See /");
    if (request.method !== "GET" && request.method !== "HEAD") return text(405, "Only GET works here.");
    return text(200, `A WebSocket server to try agents with. Start an agent with WEBSOCKET_URL=${url}`);
  }

  function welcome(request: Request): Response {
    let upgrade: Deno.WebSocketUpgrade;
    try {
      upgrade = Deno.upgradeWebSocket(request);
    } catch (error) {
      if (error instanceof TypeError) return text(400, `Not a WebSocket handshake: ${error.message}`);
      throw error;
    }
    const connection = attend(upgrade.socket, {
      samples,
      clock,
      print,
      observe,
      number: opened++,
      ...token !== undefined && { token },
    });
    connections.add(connection);
    connection.ended.finally(() => connections.delete(connection));
    return upgrade.response;
  }

  async function stop(): Promise<void> {
    const ended = Promise.all([...connections].map(({ ended }) => ended));
    for (const connection of connections) connection.close(CLOSE.normal, "server stopping");
    const deadline = new AbortController();
    await Promise.race([ended, clock.sleep(CLOSE_DEADLINE_MS, deadline.signal)]);
    deadline.abort();
    await listening.shutdown();
  }

  const close = () => closing ??= stop();
  return {
    url,
    port: listening.port,
    send(...frames) {
      const texts = frames.map((frame) => typeof frame === "string" ? frame : JSON.stringify(frame));
      return [...connections].filter((agent) => texts.every((frame) => agent.sendToAgent(frame))).length;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function text(status: number, body: string): Response {
  return new Response(`${body}\n`, { status, headers: { "content-type": "text/plain; charset=utf-8" } });
}
