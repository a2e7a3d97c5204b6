/** The test server: agents connect to it over WebSocket, and whoever asks over WebSocket or REST is answered by one. @module */

import type { Clock } from "../clock.ts";
import type { AgentEvent } from "../wire.ts";
import { createWaits } from "./api/context.ts";
import type { Change } from "./changes.ts";
import type { Activity } from "./connection.ts";
import { createDispatch, type Placed } from "./dispatch.ts";
import type { FeedAsker } from "./feed.ts";
import { createFeedHub } from "./feed_hub.ts";
import { createFigures } from "./figures.ts";
import { type Front, openFront } from "./front.ts";
import { createIdentities } from "./identities.ts";
import { type Asked, type Asker, createLedger } from "./ledger.ts";
import { DEFAULT_LIMITS, type Limits } from "./limits.ts";
import { listen, type Listening } from "./listen.ts";
import { createProofs, type ProofPolicy } from "./proofs.ts";
import { sampleEvents, trackSamples } from "./samples.ts";
import { printable } from "./shown_text.ts";
import { CLOSE } from "./socket.ts";
import { trackUnread } from "./unread.ts";

/** The settings of a test server. */
export interface TestServerOptions {
  /** 0: picked by the system. */
  readonly port: number;
  /** Default `localhost`: the loopback addresses, of IPv4 and, where there is one, of IPv6. */
  readonly hostname?: string;
  /** The token that agents, asking clients, pages and REST requests must show; left out, everybody is welcome. */
  readonly token?: string;
  /** Certificate and key as PEM texts, for `wss://`. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Sent to every agent that authenticates, until it acknowledges them. Default: the guide's three. */
  readonly events?: readonly AgentEvent[];
  /** Send each event to every agent that is there, instead of one. Default false. */
  readonly broadcast?: boolean;
  /** What evidence of agents is checked against. Default: nothing, so that quotes that need collateral are not checked. */
  readonly proofPolicy?: ProofPolicy;
  /** Let only agents in that prove freshly that they run in an enclave. Default false. */
  readonly requireAttestation?: boolean;
  /** Where they differ from the defaults. */
  readonly limits?: Partial<Limits>;
  readonly print: (line: string) => void;
  readonly clock: Clock;
  /** Told what happens on the connections, after the server has dealt with it. */
  readonly observe?: (activity: Activity) => void;
}

/** A test server that listens. */
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

/** Nothing to check a quote of Intel's with, and nothing expected. */
const NO_POLICY: ProofPolicy = {
  collaterals: [],
  acceptedStatuses: new Set(),
  measurements: new Map(),
  requireMeasurement: false,
};

/** Addresses that only this machine reaches. */
const LOOPBACK = /^(localhost|127(\.\d+){3}|::1)$/;

/** How long clients may take to answer a close before they are cut off. */
const CLOSE_DEADLINE_MS = 1_000;

/**
 * Start a test server; its first words are printed before this resolves.
 *
 * @throws {FatalError} If it cannot listen where it should.
 */
export async function startTestServer(options: TestServerOptions): Promise<TestServer> {
  const { port, hostname = "localhost", tls, print, clock } = options;
  const stopping = new AbortController();
  let url = "";
  const { front, hub, dispatch } = assemble(options, { hostname, url: () => url, stopping: stopping.signal });
  const listening = await listen({
    port,
    hostname,
    ...tls && { tls },
    respond: (request) => front.respond(request),
    clock,
    print,
  });
  url = `${tls ? "wss" : "ws"}://${hostname.includes(":") ? `[${hostname}]` : hostname}:${listening.port}`;
  greet(url, { hostname, isOpen: options.token === undefined, print });

  let closing: Promise<void> | undefined;
  const close = () => closing ??= stop({ front, listening, stopping, clock, endHub: () => hub.end() });
  return {
    url,
    port: listening.port,
    send(...frames) {
      const texts = frames.map((frame) => typeof frame === "string" ? frame : JSON.stringify(frame));
      return [...front.clients.values()].filter((agent) => texts.every((frame) => agent.sendToAgent(frame))).length;
    },
    ask: (event, by) => dispatch.ask(event, by),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Build the parts, and tell each of the others. */
function assemble(
  options: TestServerOptions,
  { hostname, url, stopping }: { hostname: string; url: () => string; stopping: AbortSignal },
) {
  const { token, broadcast = false, print, clock, observe = () => {}, proofPolicy = NO_POLICY } = options;
  const { requireAttestation = false } = options;
  const proofs = createProofs({ policy: proofPolicy, now: clock.now });
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const ledger = createLedger(limits), figures = createFigures(clock.now);
  const samples = options.events ?? sampleEvents(clock.now());
  const sendTo = (connection: number, frame: string) => void front.clients.get(connection)?.sendToAgent(frame);
  const dispatch = createDispatch({
    ledger,
    broadcast,
    samples,
    now: clock.now,
    // A load measures the agent: 0.1 ms for each answer would be the server's.
    judge: (text, { event, askedBy }, { agentId, proof }) =>
      askedBy === "load"
        ? undefined
        : proofs.judge(text, event, { agentId, mustSign: requireAttestation || proof?.state === "proved" }),
    send(connection: number, { event, frame }: Asked) {
      if (stopping.aborted) return; // clients leave, and their events go to nobody any more
      print(`📤 Sending event: ${printable(event.id)}`);
      sendTo(connection, frame);
    },
    observe(change) {
      if (!stopping.aborted) printWaiting(change, print);
      hub.changed(change);
    },
  });
  const hub = createFeedHub({ ledger, dispatch, figures, limits, broadcast, clock, url, sendTo });
  const front: Front = openFront({
    ...token !== undefined && { token },
    hostname,
    url,
    limits,
    clock,
    print,
    observe,
    stopping,
    ledger,
    dispatch,
    tellAgents: (frame) => [...front.clients.values()].filter((client) => client.sendToAgent(frame)).length,
    proofs,
    requireAttestation,
    figures,
    hub,
    unread: trackUnread({ totalBytes: limits.unreadTotalBytes }),
    waits: createWaits(limits.waits),
    identities: createIdentities(),
    samples: trackSamples(samples),
  });
  return { front, hub, dispatch };
}

function printWaiting(change: Change, print: (line: string) => void): void {
  if (change.kind !== "event") return;
  const { state, onlyFor, event } = change.asked;
  if (state === "waiting" && onlyFor === undefined) {
    print(`⏳ Event waits for an agent to connect: ${printable(event.id)}`);
  }
}

function greet(
  url: string,
  { hostname, isOpen, print }: { hostname: string; isOpen: boolean; print: (line: string) => void },
): void {
  print(`🌐 WebSocket Server listening on ${url}`);
  if (isOpen && !LOOPBACK.test(hostname)) {
    print(
      "⚠️ WEBSOCKET_AUTH_TOKEN is not set: whoever reaches this address may ask, read along, and answer as an agent",
    );
  }
  print("📋 Commands:");
  print("  - Press Ctrl+C to stop the server");
  print(`  - Open ${url.replace(/^ws/, "http")}/ in a browser to ask, and to watch the agents answer`);
  print("⏳ Waiting for connections...");
}

async function stop(
  { front, listening, stopping, clock, endHub }: {
    front: Front;
    listening: Listening;
    stopping: AbortController;
    clock: Clock;
    endHub: () => Promise<void>;
  },
): Promise<void> {
  stopping.abort();
  const connections = front.connections();
  const ended = Promise.all(connections.map(({ ended }) => ended));
  for (const connection of connections) connection.close(CLOSE.normal, "server stopping");
  const deadline = new AbortController();
  await Promise.race([ended, clock.sleep(CLOSE_DEADLINE_MS, deadline.signal)]);
  deadline.abort();
  await endHub();
  await listening.shutdown();
}
