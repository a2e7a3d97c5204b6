/** One client's connection to the test server, from the handshake to its end: an agent's, or one that asks. @module */

import type { Clock } from "../clock.ts";
import type { AgentEvent, Checked } from "../wire.ts";
import { type AgentMessage, type ClientMessage, parseAgentMessage, parseClientMessage } from "./agent_messages.ts";
import type { Dispatch } from "./dispatch.ts";
import type { FeedHub } from "./feed_hub.ts";
import { isSameToken } from "./guard.ts";
import type { Asker } from "./ledger.ts";
import type { Limits } from "./limits.ts";
import type { Samples } from "./samples.ts";
import { printable } from "./shown_text.ts";
import { CLOSE, type Connection, openSocket } from "./socket.ts";

/** What happened on a connection; they are numbered from 0 in the order in which they opened. */
export type Activity =
  | { readonly kind: "connected"; readonly connection: number }
  | { readonly kind: "authenticated"; readonly connection: number; readonly agentId: string }
  /** A client that is no agent asked this. */
  | { readonly kind: "asked"; readonly connection: number; readonly eventId: string }
  /** `text` is the frame as it came; of a binary one, its size. */
  | {
    readonly kind: "received";
    readonly connection: number;
    readonly text: string;
    readonly message: Checked<AgentMessage>;
  }
  | { readonly kind: "disconnected"; readonly connection: number; readonly code: number; readonly reason: string };

/** What the connections of one server share. */
export interface ConnectionOptions {
  /** What clients must send in their auth; any will do where this is left out. */
  readonly token?: string;
  readonly samples: Samples;
  readonly dispatch: Dispatch;
  readonly hub: FeedHub;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly print: (line: string) => void;
  readonly observe: (activity: Activity) => void;
}

/** A client at the other end of a connection. */
export interface Client extends Connection {
  /** Send a text frame, if an agent has authenticated here. @returns Whether it has. */
  sendToAgent(frame: string): boolean;
}

/**
 * Attend to the client at the other end of `socket`, which has not opened yet. `mayAsk`: it has shown the token in its
 * handshake, or needs none.
 */
export function attend(socket: WebSocket, options: ConnectionOptions & { number: number; mayAsk: boolean }): Client {
  const { token, samples, dispatch, hub, limits, clock, print, observe, number: connection } = options;
  let { mayAsk } = options;
  let agentId: string | undefined;

  const link = openSocket(socket, {
    limits,
    clock,
    isExpectedToAuthenticate: !mayAsk,
    opened() {
      print("✅ New client connected");
      observe({ kind: "connected", connection });
    },
    received(text) {
      if (agentId !== undefined) receive(text, parseAgentMessage(text));
      else receive(text, parseClientMessage(text));
    },
    receivedBinary(bytes) {
      receive(`(binary, ${bytes} bytes)`, { ok: false, reason: "expected a text frame, received a binary one" });
    },
    late: () => print("🚫 Client refused: it did not authenticate in time"),
    closed({ code, reason }) {
      print(`👋 Client disconnected. Code: ${code}, Reason: ${printable(reason)}`);
      dispatch.leave(connection);
      dispatch.forget(asker);
      observe({ kind: "disconnected", connection, code, reason });
    },
  });
  const asker: Asker = { tell: link.tell };

  function receive(text: string, message: Checked<ClientMessage>): void {
    if (!message.ok) {
      if (agentId !== undefined) stray("from_agent", text);
      complain(message.reason, message.id);
      return observe({ kind: "received", connection, text, message });
    }
    const { value } = message;
    if (value.type === "event") return ask(value.event);
    if (value.type === "client_auth") return void authenticateAsker(value.token);
    handle(value, text);
    observe({ kind: "received", connection, text, message: { ok: true, value } });
  }

  function handle(message: AgentMessage, text: string): void {
    if (message.type === "auth") return authenticate(message);
    if (agentId === undefined) return complain("not authenticated: the first message must be an auth");
    if (message.type === "response") {
      print(`📥 Response received for ${printable(message.queryId)}:`);
      print(`   Response: ${printable(message.response)}`);
    } else {
      samples.acknowledge(agentId, message.eventId);
      print(
        message.status === "processed"
          ? `✅ Event ${printable(message.eventId)} processed`
          : `❌ Event ${printable(message.eventId)} failed: ${printable(message.error ?? "no reason given")}`,
      );
    }
    if (!dispatch.hear(connection, message, text)) stray("from_agent", text);
  }

  function authenticate(auth: AgentMessage & { type: "auth" }): void {
    if (!isRight(auth.token)) return;
    if (agentId !== undefined && agentId !== auth.agentId) {
      return complain(`already authenticated as ${agentId}: one connection serves one agent`);
    }
    const isFirst = agentId === undefined; // otherwise it asks whether the server is still there
    agentId = auth.agentId;
    stray("from_agent", JSON.stringify({ ...auth, ...auth.token !== undefined && { token: "***" } }));
    send({ type: "auth_success", message: "Authentication successful", timestamp: clock.now() });
    if (!isFirst) return;
    mayAsk = false;
    link.authenticated({ frameBytes: limits.agentFrameBytes });
    print(`🔐 Client authenticated with agentId: ${agentId}`);
    observe({ kind: "authenticated", connection, agentId });
    const due = samples.dueTo(agentId);
    if (due.length > 0) print(`📤 Sending ${due.length} sample event${due.length === 1 ? "" : "s"}...`);
    dispatch.join({ connection, agentId, samples: due });
  }

  function authenticateAsker(given: string | undefined): void {
    if (!isRight(given)) return;
    mayAsk = true;
    link.authenticated();
    const message = "Authentication successful: events that you send are answered. An agent sends its agentId too";
    send({ type: "auth_success", message, timestamp: clock.now() });
  }

  /** Whether this is the token; if not, the connection is closed. */
  function isRight(given: string | undefined): boolean {
    if (token === undefined || isSameToken(given ?? "", token)) return true;
    // The reason is all the client gets: a frame would tell it that the connection had worked.
    print(`🚫 Client refused: ${given === undefined ? "no token" : "wrong token"}`);
    link.close(CLOSE.policyViolation, given === undefined ? "token missing" : "wrong token");
    return false;
  }

  function ask(event: AgentEvent): void {
    if (!mayAsk) return complain(`not authenticated: send {"type":"auth","token":"…"} first`, event.id);
    print(`❓ Event asked by a client: ${printable(event.id)}`);
    const placed = dispatch.ask(event, { askedBy: "client", asker });
    if (!placed.ok) complain(placed.reason, event.id);
    observe({ kind: "asked", connection, eventId: event.id });
  }

  function complain(reason: string, eventId?: string): void {
    print(`⚠️ Message refused: ${printable(reason)}`);
    send({ type: "error", message: reason, ...eventId !== undefined && { eventId }, timestamp: clock.now() });
  }

  function send(frame: unknown): void {
    const text = JSON.stringify(frame);
    if (agentId === undefined) return link.tell(text);
    stray("to_agent", text);
    link.send(text);
  }

  function stray(direction: "to_agent" | "from_agent", text: string): void {
    hub.strayed({ atMs: clock.now(), direction, connection, ...agentId !== undefined && { agentId }, text });
  }

  return {
    ...link,
    sendToAgent: (frame) => agentId !== undefined && link.send(frame),
  };
}
