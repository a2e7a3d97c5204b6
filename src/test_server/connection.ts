/** One client's connection to the test server, from the handshake to its end: an agent's, or one that asks. @module */

import type { Clock } from "../clock.ts";
import type { AgentEvent, Checked } from "../wire.ts";
import { type Attestation, closeReason, createAttestation, proofLine } from "./attestation.ts";
import { type AgentMessage, type ClientMessage, parseAgentMessage, parseClientMessage } from "./agent_messages.ts";
import type { Dispatch } from "./dispatch.ts";
import type { FeedHub } from "./feed_hub.ts";
import { isSameToken } from "./guard.ts";
import type { Identities } from "./identities.ts";
import type { Asker } from "./ledger.ts";
import type { Limits } from "./limits.ts";
import type { Proofs } from "./proofs.ts";
import type { Samples } from "./samples.ts";
import { printable } from "./shown_text.ts";
import { CLOSE, type Connection, firstLimits, openSocket, type Socket } from "./socket.ts";
import type { Unread } from "./unread.ts";

/** Something that happened on a connection. Connections are numbered from 0 in the order in which they opened. */
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

/** The parts that all connections of one server share. */
export interface ConnectionOptions {
  /** The token that clients must send in their auth; any will do where this is left out. */
  readonly token?: string;
  readonly samples: Samples;
  readonly identities: Identities;
  readonly dispatch: Dispatch;
  readonly proofs: Proofs;
  /** Whether an agent gets events only once it has shown fresh evidence of its enclave; default false. */
  readonly requireAttestation?: boolean;
  readonly hub: FeedHub;
  readonly limits: Limits;
  readonly unread: Unread;
  readonly clock: Clock;
  readonly print: (line: string) => void;
  readonly observe: (activity: Activity) => void;
}

/** A client at the other end of a connection. */
export interface Client extends Connection {
  /** Send a text frame, if an agent has authenticated here. @returns Whether it was sent. */
  sendToAgent(frame: string): boolean;
}

/**
 * Attend to the client at the other end of `socket`, which has not opened yet. `mayAsk`: it has shown the token in its
 * handshake, or needs none.
 */
export function attend(socket: WebSocket, options: ConnectionOptions & { number: number; mayAsk: boolean }): Client {
  return new ClientConnection(socket, options);
}

class ClientConnection implements Client {
  readonly #options: ConnectionOptions;
  readonly #number: number;
  readonly #link: Socket;
  readonly #asker: Asker = { tell: (frame) => void this.#link.send(frame) };
  /** Once an agent has authenticated. */
  #agent: { readonly agentId: string; readonly identity: number } | undefined;
  /** Of the agent, once it has authenticated. */
  #attestation: Attestation | undefined;
  #mayAsk: boolean;
  /** Number of frames refused before it has authenticated. */
  #refused = 0;

  constructor(socket: WebSocket, options: ConnectionOptions & { number: number; mayAsk: boolean }) {
    const { limits, print } = options, mustAuthenticate = !options.mayAsk;
    this.#options = options;
    this.#number = options.number;
    this.#mayAsk = options.mayAsk;
    this.#link = openSocket(socket, {
      ...options,
      ...firstLimits(limits, { mustAuthenticate }),
      mustAuthenticate,
      opened: () => {
        print("✅ New client connected");
        options.observe({ kind: "connected", connection: this.#number });
      },
      received: (text) => this.#receive(text, this.#agent ? parseAgentMessage(text) : parseClientMessage(text)),
      receivedBinary: (bytes) =>
        this.#receive(`(binary, ${bytes} bytes)`, {
          ok: false,
          reason: "expected a text frame, received a binary one",
        }),
      late: () => print("🚫 Client refused: it did not authenticate in time"),
      closed: (end) => this.#end(end),
    });
  }

  get isUnauthenticated(): boolean {
    return this.#link.isUnauthenticated;
  }

  get ended(): Promise<unknown> {
    return this.#link.ended;
  }

  close(code: number, reason: string): void {
    this.#link.close(code, reason);
  }

  sendToAgent(frame: string): boolean {
    return this.#agent !== undefined && this.#link.send(frame);
  }

  #receive(text: string, message: Checked<ClientMessage>): void {
    const { observe } = this.#options, connection = this.#number;
    if (!message.ok) {
      if (this.#agent) this.#stray("from_agent", text);
      this.#complain(message.reason, message.id);
      return observe({ kind: "received", connection, text, message });
    }
    const { value } = message;
    if (value.type === "event") return this.#ask(value.event);
    if (value.type === "client_auth") return this.#authenticateAsker(value.token);
    this.#handle(value, text);
    observe({ kind: "received", connection, text, message: { ok: true, value } });
  }

  #handle(message: AgentMessage, text: string): void {
    if (message.type === "auth") return this.#authenticate(message);
    const agent = this.#agent;
    if (agent === undefined) return this.#complain("not authenticated: the first message must be an auth");
    if (message.type === "response" && !isSameId(message.agentId, agent.agentId)) {
      this.#stray("from_agent", text);
      return this.#complain(`agentId: this connection authenticated as ${agent.agentId}`, message.queryId);
    }
    if (message.type === "attestation") return this.#answerChallenge(message);
    this.#print(message);
    if (message.type === "ack") this.#options.samples.acknowledge(agent.identity, message.eventId);
    const heard = this.#options.dispatch.hear(this.#number, message, text);
    if (heard === "known" || message.type === "chunk") return;
    this.#stray("from_agent", text);
    const eventId = message.type === "ack" ? message.eventId : message.queryId;
    if (heard === "not_asked") this.#complain("this event was not sent to this agent", eventId);
  }

  #print(message: AgentMessage): void {
    const { print } = this.#options;
    if (message.type === "response") {
      print(`📥 Response received for ${printable(message.queryId)}:`);
      print(`   Response: ${printable(message.response)}`);
    } else if (message.type === "ack") {
      print(
        message.status === "processed"
          ? `✅ Event ${printable(message.eventId)} processed${deletedText(message.deleted)}`
          : `❌ Event ${printable(message.eventId)} failed: ${printable(message.error ?? "no reason given")}`,
      );
    }
  }

  #authenticate(auth: AgentMessage & { type: "auth" }): void {
    const { clock, limits, print, samples, identities, dispatch, observe, proofs } = this.#options;
    const { requireAttestation = false } = this.#options;
    if (!this.#isRight(auth.token)) return;
    if (this.#agent && this.#agent.agentId !== auth.agentId) {
      return this.#complain(`already authenticated as ${this.#agent.agentId}: one connection serves one agent`);
    }
    const isFirst = this.#agent === undefined; // otherwise it asks whether the server is still there
    const { agentId, identity } = this.#agent ??= { agentId: auth.agentId, identity: identities.take(auth.agentId) };
    this.#stray("from_agent", JSON.stringify(withoutLongParts(auth)));
    this.#send({ type: "auth_success", message: "Authentication successful", timestamp: clock.now() });
    if (!isFirst) return;
    this.#mayAsk = false;
    this.#link.authenticated({ frameBytes: limits.agentFrameBytes, unreadBytes: limits.agentUnreadBytes });
    print(`🔐 Client authenticated with agentId: ${agentId}`);
    observe({ kind: "authenticated", connection: this.#number, agentId });
    this.#attestation = createAttestation({
      agentId,
      proofs,
      isRequired: requireAttestation,
      challenge: (nonce) => this.#send({ type: "challenge", nonce }),
      told: (proof) => {
        const line = proofLine(proof);
        if (line !== undefined) print(line);
        dispatch.prove(this.#number, proof);
      },
      admit: () => {
        const due = samples.dueTo(identity);
        if (due.length > 0) print(`📤 Sending ${due.length} sample event${due.length === 1 ? "" : "s"}...`);
        dispatch.join({ connection: this.#number, agentId, identity, samples: due });
      },
      refuse: (reason) => {
        print(`🚫 Agent refused: ${printable(reason)}`);
        this.#link.close(CLOSE.policyViolation, closeReason(reason));
      },
      failed: (error) => this.#link.fail(error),
    });
    this.#attestation.show(auth.attestation);
  }

  #answerChallenge({ type: _, ...evidence }: AgentMessage & { type: "attestation" }): void {
    this.#stray("from_agent", JSON.stringify({ type: "attestation", ...formatOf(evidence) }));
    if (!this.#attestation?.answer(evidence)) this.#complain("attestation: no challenge of this server is open");
  }

  #authenticateAsker(given: string | undefined): void {
    const { clock, limits } = this.#options;
    if (!this.#isRight(given)) return;
    this.#mayAsk = true;
    this.#link.authenticated(limits);
    const message = "Authentication successful: events that you send are answered. An agent sends its agentId too";
    this.#send({ type: "auth_success", message, timestamp: clock.now() });
  }

  /** Whether this is the token; if not, the connection is closed. */
  #isRight(given: string | undefined): boolean {
    const { token, print } = this.#options;
    if (token === undefined || isSameToken(given ?? "", token)) return true;
    // The reason is all the client gets: a frame would tell it that the connection had worked.
    print(`🚫 Client refused: ${given === undefined ? "no token" : "wrong token"}`);
    this.#link.close(CLOSE.policyViolation, given === undefined ? "token missing" : "wrong token");
    return false;
  }

  #ask(event: AgentEvent): void {
    const { print, dispatch, observe } = this.#options;
    if (!this.#mayAsk) return this.#complain('not authenticated: send {"type":"auth","token":"…"} first', event.id);
    print(`❓ Event asked by a client: ${printable(event.id)}`);
    const placed = dispatch.ask(event, { askedBy: "client", asker: this.#asker });
    if (!placed.ok) this.#complain(placed.reason, event.id);
    observe({ kind: "asked", connection: this.#number, eventId: event.id });
  }

  #complain(reason: string, eventId?: string): void {
    const { clock, print, limits } = this.#options;
    print(`⚠️ Message refused: ${printable(reason)}`);
    this.#send({ type: "error", message: reason, ...eventId !== undefined && { eventId }, timestamp: clock.now() });
    if (!this.isUnauthenticated || ++this.#refused < limits.refusedFrames) return;
    this.#link.close(CLOSE.policyViolation, "too many frames before an auth");
  }

  #send(frame: unknown): void {
    const text = JSON.stringify(frame);
    if (this.#agent) this.#stray("to_agent", text);
    this.#link.send(text);
  }

  #stray(direction: "to_agent" | "from_agent", text: string): void {
    const { hub, clock } = this.#options;
    hub.strayed({
      atMs: clock.now(),
      direction,
      connection: this.#number,
      ...this.#agent && { agentId: this.#agent.agentId },
      text,
    });
  }

  #end({ code, reason }: { code: number; reason: string }): void {
    const { print, dispatch, identities, observe } = this.#options;
    print(`👋 Client disconnected. Code: ${code}, Reason: ${printable(reason)}`);
    this.#attestation?.end();
    dispatch.leave(this.#number);
    dispatch.forget(this.#asker);
    if (this.#agent) identities.leave(this.#agent.agentId, this.#agent.identity);
    observe({ kind: "disconnected", connection: this.#number, code, reason });
  }
}

/** Whether two UUIDs are the same: hexadecimal digits count in either case. */
function isSameId(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** What an agent has forgotten, as a terminal is told it; nothing for any other ack. */
function deletedText(deleted: Readonly<Record<string, number>> = {}): string {
  const counts = Object.entries(deleted).map(([what, count]) => `${count} ${printable(what)}`);
  return counts.length === 0 ? "" : `: ${counts.join(", ")} deleted`;
}

/** An auth as pages are shown it: no token, and of the evidence its kind alone. */
function withoutLongParts({ token, attestation, ...auth }: AgentMessage & { type: "auth" }): object {
  return {
    ...auth,
    ...token !== undefined && { token: "***" },
    ...attestation !== undefined && { attestation: formatOf(attestation) },
  };
}

/** The part of evidence that pages are shown: its kind, where that is a text. */
function formatOf(evidence: unknown): { format?: string } {
  const { format } = Object(evidence) as { format?: unknown };
  return typeof format === "string" ? { format } : {};
}
