/** The test server: agents connect to it over WebSocket, and whoever asks over WebSocket or REST is answered by one. @module */

import type { Clock } from "../clock.ts";
import type { AgentEvent } from "../wire.ts";
import { type Activity, attend, type Client } from "./connection.ts";
import { createDispatch, type Placed } from "./dispatch.ts";
import type { FeedAsker, FeedPath } from "./feed.ts";
import { createFeedHub } from "./feed_hub.ts";
import { hasBearer, isHandshake, refuseForeign } from "./guard.ts";
import { text } from "./http.ts";
import { type Asker, createLedger } from "./ledger.ts";
import { DEFAULT_LIMITS, type Limits } from "./limits.ts";
import { listen } from "./listen.ts";
import { respondWithPage } from "./page.ts";
import { attendPage } from "./page_connection.ts";
import { respondToApi } from "./rest.ts";
import { sampleEvents, trackSamples } from "./samples.ts";
import { printable } from "./shown_text.ts";
import { CLOSE, type Connection } from "./socket.ts";

export interface TestServerOptions {
  /** 0: picked by the system. */
  readonly port: number;
  /** Default `localhost`: the loopback addresses, of IPv4 and, where there is one, of IPv6. */
  readonly hostname?: string;
  /** What agents, asking clients, pages and REST requests must show; left out, everybody is welcome. */
  readonly token?: string;
  /** Certificate and key as PEM texts, for `wss://`. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Sent to every agent that authenticates, until it acknowledges them. Default: the guide's three. */
  readonly events?: readonly AgentEvent[];
  /** Send each event to every agent that is there, instead of one. Default false. */
  readonly broadcast?: boolean;
  /** Where they differ from the defaults. */
  readonly limits?: Partial<Limits>;
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
   * Send frames to every authenticated agent, past the dispatching: strings as they are, anything else as JSON.
   *
   * @returns How many agents there were.
   */
  send(...frames: readonly unknown[]): number;
  /** Give an event to an agent, as soon as there is one; `asker` is told its response and ack. */
  ask(event: AgentEvent, by: { askedBy: FeedAsker; asker?: Asker }): Placed;
  /** Close every client with 1000, and stop. A client that does not answer within a second is cut off. */
  close(): Promise<void>;
}

const FEED_PATH: FeedPath = "/feed";
/** How long clients may take to answer a close before they are cut off. */
const CLOSE_DEADLINE_MS = 1_000;

/**
 * Start a test server; its first words are printed before this resolves.
 *
 * @throws {FatalError} If it cannot listen where it should.
 */
export async function startTestServer(options: TestServerOptions): Promise<TestServer> {
  const { port, hostname = "localhost", token, tls, broadcast = false, print, clock, observe = () => {} } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const samples = trackSamples(options.events ?? sampleEvents(clock.now()));
  const clients = new Map<number, Client>();
  const pages = new Set<Connection>();
  const stopping = new AbortController();
  let opened = 0;
  let closing: Promise<void> | undefined;

  const ledger = createLedger(limits);
  const dispatch = createDispatch({
    ledger,
    broadcast,
    now: clock.now,
    send(connection, { event, frame }) {
      if (closing) return; // clients leave, and what they had goes to nobody any more
      print(`📤 Sending event: ${printable(event.id)}`);
      clients.get(connection)?.sendToAgent(frame);
    },
    observe(change) {
      const waits = !closing && change.kind === "event" && change.asked.state === "waiting" && !change.asked.onlyFor;
      if (waits) print(`⏳ Event waits for an agent to connect: ${printable(change.asked.event.id)}`);
      hub.changed(change);
    },
  });
  const hub = createFeedHub({
    ledger,
    dispatch,
    limits,
    broadcast,
    clock,
    url: () => url,
    sendTo: (connection, frame) => void clients.get(connection)?.sendToAgent(frame),
  });
  const shared = { ...token !== undefined && { token }, limits, clock, print, dispatch, ledger, hub, samples, observe };

  const listening = await listen({ port, hostname, ...tls && { tls } }, respond);
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  const url = `${tls ? "wss" : "ws"}://${host}:${listening.port}`;
  print(`🌐 WebSocket Server listening on ${url}`);
  print("📋 Commands:");
  print("  - Press Ctrl+C to stop the server");
  print(`  - Open ${url.replace(/^ws/, "http")}/ in a browser to ask, and to watch the agents answer`);
  print("⏳ Waiting for connections...");

  async function respond(request: Request): Promise<Response> {
    if (closing) return text(503, "The server is stopping.");
    const refusal = refuseForeign(request, { hostname, ...token !== undefined && { token } });
    if (refusal) return text(refusal.status, refusal.reason);
    const { pathname } = new URL(request.url);
    if (isHandshake(request)) return welcome(request, pathname);
    if (pathname.startsWith("/api/")) return await respondToApi(request, { ...shared, stopping: stopping.signal });
    // Who does not ask for HTML, as curl, gets a line that can be read.
    if (pathname !== "/" || request.headers.get("accept")?.includes("text/html")) {
      const page = await respondWithPage(request);
      if (page) return page;
    }
    if (pathname !== "/") return text(404, "Nothing here. See /");
    if (request.method !== "GET" && request.method !== "HEAD") {
      return text(405, "Only GET works here.", { allow: "GET, HEAD" });
    }
    return text(
      200,
      `A WebSocket server to try agents with. Open it in a browser, or start an agent with WEBSOCKET_URL=${url}`,
    );
  }

  function welcome(request: Request, pathname: string): Response {
    if (clients.size + pages.size >= limits.connections) {
      return text(503, `The limit of ${limits.connections} connections is reached. Try again later.`, {
        "retry-after": "5",
      });
    }
    const mayAsk = hasBearer(request, token); // the upgrade takes the headers away
    let upgrade: Deno.WebSocketUpgrade;
    try {
      upgrade = Deno.upgradeWebSocket(request);
    } catch (error) {
      if (error instanceof TypeError) return text(400, `Not a WebSocket handshake: ${error.message}`);
      throw error;
    }
    if (pathname === FEED_PATH) {
      const page = attendPage(upgrade.socket, shared);
      pages.add(page);
      page.ended.finally(() => pages.delete(page));
    } else {
      const number = opened++;
      const client = attend(upgrade.socket, { ...shared, number, mayAsk });
      clients.set(number, client);
      client.ended.finally(() => clients.delete(number));
    }
    return upgrade.response;
  }

  async function stop(): Promise<void> {
    stopping.abort();
    const connections = [...clients.values(), ...pages];
    const ended = Promise.all(connections.map(({ ended }) => ended));
    for (const connection of connections) connection.close(CLOSE.normal, "server stopping");
    const deadline = new AbortController();
    await Promise.race([ended, clock.sleep(CLOSE_DEADLINE_MS, deadline.signal)]);
    deadline.abort();
    await hub.end();
    await listening.shutdown();
  }

  const close = () => closing ??= stop();
  return {
    url,
    port: listening.port,
    send(...frames) {
      const texts = frames.map((frame) => typeof frame === "string" ? frame : JSON.stringify(frame));
      return [...clients.values()].filter((agent) => texts.every((frame) => agent.sendToAgent(frame))).length;
    },
    ask: dispatch.ask,
    close,
    [Symbol.asyncDispose]: close,
  };
}
