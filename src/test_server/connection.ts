/** One client's connection to the test server: authentication, the sample events, what the agent says. @module */

import { createHash, timingSafeEqual } from "node:crypto";
import type { Clock } from "../clock.ts";
import type { Checked } from "../wire.ts";
import { type AgentMessage, parseAgentMessage } from "./agent_messages.ts";
import type { Samples } from "./samples.ts";

/** Close codes, by the names of RFC 6455, 7.4.1. */
export const CLOSE = { normal: 1000, abnormal: 1006, policyViolation: 1008 } as const;

/** What happened on a connection; they are numbered from 0 in the order in which they opened. */
export type Activity =
  | { readonly kind: "connected"; readonly connection: number }
  | { readonly kind: "authenticated"; readonly connection: number; readonly agentId: string }
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
  /** What agents must send in their auth; any will do where this is left out. */
  readonly token?: string;
  readonly samples: Samples;
  readonly clock: Clock;
  readonly print: (line: string) => void;
  readonly observe: (activity: Activity) => void;
}

/** A client, from the upgrade of its request to its end. */
export interface Connection {
  /** Send a text frame, if an agent has authenticated here. @returns Whether it has. */
  sendToAgent(frame: string): boolean;
  close(code: number, reason: string): void;
  /** Settles when the connection has ended and nothing of it is left running. */
  readonly ended: Promise<unknown>;
}

/** How long a client may take to authenticate where a token is set. */
const AUTHENTICATION_DEADLINE_MS = 5_000;
/** Longest text of an agent that is printed, in UTF-16 code units. */
const MAX_PRINTED_LENGTH = 2_000;

/** Attend to the client at the other end of `socket`, which has not opened yet. */
export function attend(socket: WebSocket, options: ConnectionOptions & { number: number }): Connection {
  const { token, samples, clock, print, observe, number: connection } = options;
  const authenticatedOrClosed = new AbortController();
  const closed = Promise.withResolvers<void>();
  const inTime = Promise.withResolvers<void>();
  let agentId: string | undefined;
  let closing: { code: number; reason: string } | undefined;
  let failure = "";

  socket.onopen = () => {
    if (closing) return socket.close(closing.code, closing.reason);
    print("✅ New client connected");
    observe({ kind: "connected", connection });
    inTime.resolve(token === undefined ? undefined : expectAuthentication());
  };
  socket.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (socket.readyState !== WebSocket.OPEN) return;
    const text = typeof data === "string" ? data : `(binary, ${(data as ArrayBuffer).byteLength} bytes)`;
    const message: Checked<AgentMessage> = typeof data === "string"
      ? parseAgentMessage(data)
      : { ok: false, reason: "expected a text frame, received a binary one" };
    if (message.ok) handle(message.value);
    else complain(message.reason);
    observe({ kind: "received", connection, text, message });
  };
  socket.onerror = (event) => {
    if (event instanceof ErrorEvent) failure = event.message;
  };
  socket.onclose = (event) => {
    authenticatedOrClosed.abort();
    // Deno reports 0 for a connection that was cut, and often for one that this side closed.
    const code = closing?.code ?? (event.code || CLOSE.abnormal);
    const reason = closing?.reason ?? (event.reason || failure);
    print(`👋 Client disconnected. Code: ${code}, Reason: ${printable(reason)}`);
    observe({ kind: "disconnected", connection, code, reason });
    inTime.resolve();
    closed.resolve();
  };

  function handle(message: AgentMessage): void {
    if (message.type === "auth") return authenticate(message);
    if (agentId === undefined) return complain("not authenticated: the first message must be an auth");
    if (message.type === "response") {
      print(`📥 Response received for ${printable(message.queryId)}:`);
      print(`   Response: ${printable(message.response)}`);
      return;
    }
    samples.acknowledge(agentId, message.eventId);
    print(
      message.status === "processed"
        ? `✅ Event ${printable(message.eventId)} processed`
        : `❌ Event ${printable(message.eventId)} failed: ${printable(message.error ?? "no reason given")}`,
    );
  }

  function authenticate(auth: AgentMessage & { type: "auth" }): void {
    if (token !== undefined && !isSameToken(auth.token ?? "", token)) {
      // The reason is all the agent gets: a frame would tell it that the connection had worked.
      print(`🚫 Client refused: ${auth.token === undefined ? "no token" : "wrong token"}`);
      return close(CLOSE.policyViolation, auth.token === undefined ? "token missing" : "wrong token");
    }
    if (agentId !== undefined && agentId !== auth.agentId) {
      return complain(`already authenticated as ${agentId}: one connection serves one agent`);
    }
    send({ type: "auth_success", message: "Authentication successful", timestamp: clock.now() });
    if (agentId !== undefined) return; // The agent asks whether the server is still there.
    agentId = auth.agentId;
    authenticatedOrClosed.abort();
    print(`🔐 Client authenticated with agentId: ${agentId}`);
    observe({ kind: "authenticated", connection, agentId });
    sendSamples(agentId);
  }

  function sendSamples(to: string): void {
    const due = samples.dueTo(to);
    if (due.length === 0) return;
    print(`📤 Sending ${due.length} sample event${due.length === 1 ? "" : "s"}...`);
    for (const event of due) {
      print(`📤 Sending event: ${event.id}`);
      send(event);
    }
  }

  async function expectAuthentication(): Promise<void> {
    await clock.sleep(AUTHENTICATION_DEADLINE_MS, authenticatedOrClosed.signal);
    if (authenticatedOrClosed.signal.aborted) return;
    print("🚫 Client refused: it did not authenticate in time");
    close(CLOSE.policyViolation, `not authenticated within ${AUTHENTICATION_DEADLINE_MS / 1_000} s`);
  }

  function complain(reason: string): void {
    print(`⚠️ Message refused: ${printable(reason)}`);
    send({ type: "error", message: reason, timestamp: clock.now() });
  }

  function send(frame: unknown): void {
    socket.send(JSON.stringify(frame));
  }

  function close(code: number, reason: string): void {
    closing ??= { code, reason };
    if (socket.readyState === WebSocket.OPEN) socket.close(code, reason);
  }

  return {
    sendToAgent(frame) {
      if (agentId === undefined || socket.readyState !== WebSocket.OPEN) return false;
      socket.send(frame);
      return true;
    },
    close,
    ended: Promise.all([closed.promise, inTime.promise]),
  };
}

/** Hashed first: the comparison needs equal lengths, and must not tell the length of the right one. */
function isSameToken(given: string, expected: string): boolean {
  const digest = (token: string) => createHash("sha256").update(token).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

/** Text of the client's choice on one line, unable to forge lines, move the cursor or turn the text around. */
function printable(text: string): string {
  const cut = text.length > MAX_PRINTED_LENGTH
    ? `${text.slice(0, MAX_PRINTED_LENGTH)}… (${text.length} characters)`
    : text;
  return cut.replace(
    /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu,
    (character) => character === "\n" ? "\\n" : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
