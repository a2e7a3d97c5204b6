/** A WebSocket of the server's side, within its limits, and how it ended. @module */

import type { Clock } from "../clock.ts";
import type { Limits } from "./limits.ts";

/** Close codes, by the names of RFC 6455, 7.4.1, and IANA's registry. */
export const CLOSE = {
  normal: 1000,
  abnormal: 1006,
  policyViolation: 1008,
  tooBig: 1009,
  tryAgainLater: 1013,
} as const;

export interface Connection {
  close(code: number, reason: string): void;
  /** Settles when the connection has ended and nothing of it is left running. */
  readonly ended: Promise<unknown>;
}

export interface Socket extends Connection {
  /** Send a text frame, if the connection is open. @returns Whether it is. */
  send(frame: string): boolean;
  /** The same, to a client that nothing else bounds: one that lets too much gather unread is cut off. */
  tell(frame: string): void;
  /** The client has shown who it is: no deadline any more, and frames of so many bytes, where that is told. */
  authenticated(options?: { frameBytes: number }): void;
}

/** How long a client may take to authenticate where it must. */
const AUTHENTICATION_DEADLINE_MS = 5_000;

/** Serve the client at the other end of `socket`, which has not opened yet. */
export function openSocket(socket: WebSocket, options: {
  limits: Pick<Limits, "frameBytes" | "unreadBytes">;
  clock: Clock;
  isExpectedToAuthenticate: boolean;
  opened?: () => void;
  received: (text: string) => void;
  receivedBinary: (bytes: number) => void;
  /** It has not authenticated in time, and is closed. */
  late?: () => void;
  closed: (end: { code: number; reason: string }) => void;
}): Socket {
  const { limits, clock, isExpectedToAuthenticate, opened, received, receivedBinary, late, closed } = options;
  let { frameBytes } = limits;
  const authenticatedOrClosed = new AbortController();
  const gone = Promise.withResolvers<void>();
  const inTime = Promise.withResolvers<void>();
  let closing: { code: number; reason: string } | undefined;
  let failure = "";

  socket.onopen = () => {
    if (closing) return socket.close(closing.code, closing.reason);
    opened?.();
    inTime.resolve(isExpectedToAuthenticate ? expectAuthentication() : undefined);
  };
  socket.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (socket.readyState !== WebSocket.OPEN) return;
    if (isTooBig(data)) return close(CLOSE.tooBig, `a frame may have ${frameBytes} bytes at most`);
    if (typeof data === "string") received(data);
    else receivedBinary((data as ArrayBuffer).byteLength); // Deno's binaryType of an accepted WebSocket
  };
  socket.onerror = (event) => {
    if (event instanceof ErrorEvent) failure = event.message;
  };
  socket.onclose = (event) => {
    authenticatedOrClosed.abort();
    // Deno reports 0 for a connection that was cut, and often for one that this side closed.
    const { code, reason } = closing ?? { code: event.code || CLOSE.abnormal, reason: event.reason || failure };
    closed({ code, reason });
    inTime.resolve();
    gone.resolve();
  };

  async function expectAuthentication(): Promise<void> {
    await clock.sleep(AUTHENTICATION_DEADLINE_MS, authenticatedOrClosed.signal);
    if (authenticatedOrClosed.signal.aborted) return;
    late?.();
    close(CLOSE.policyViolation, `not authenticated within ${AUTHENTICATION_DEADLINE_MS / 1_000} s`);
  }

  function isTooBig(data: unknown): boolean {
    if (typeof data !== "string") return (data as ArrayBuffer).byteLength > frameBytes;
    // A UTF-16 code unit takes three bytes of UTF-8 at most: most frames need no counting.
    return data.length * 3 > frameBytes && new TextEncoder().encode(data).length > frameBytes;
  }

  function close(code: number, reason: string): void {
    closing ??= { code, reason };
    if (socket.readyState === WebSocket.OPEN) socket.close(code, reason);
  }

  function send(frame: string): boolean {
    if (socket.readyState !== WebSocket.OPEN) return false;
    socket.send(frame);
    return true;
  }

  return {
    authenticated(options) {
      authenticatedOrClosed.abort();
      if (options) ({ frameBytes } = options);
    },
    send,
    tell(frame) {
      if (socket.bufferedAmount > limits.unreadBytes) close(CLOSE.tryAgainLater, "too much is unread: read faster");
      else send(frame);
    },
    close,
    ended: Promise.all([gone.promise, inTime.promise]),
  };
}
