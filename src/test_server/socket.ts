/** A WebSocket of the server's side: its limits, its deadline for authentication, and how it ended. @module */

import type { Clock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import type { Limits } from "./limits.ts";
import { printable } from "./shown_text.ts";
import type { Unread } from "./unread.ts";

/** Close codes, by the names of RFC 6455, 7.4.1, and IANA's registry. */
export const CLOSE = {
  normal: 1000,
  abnormal: 1006,
  policyViolation: 1008,
  tooBig: 1009,
  internalError: 1011,
  tryAgainLater: 1013,
} as const;

/** A connection that can be closed and awaited. */
export interface Connection {
  /** Whether the client must authenticate and has not. */
  readonly isUnauthenticated: boolean;
  close(code: number, reason: string): void;
  /** Settles when the connection has ended and nothing of it is left running. */
  readonly ended: Promise<unknown>;
}

/** A connection that text frames are sent over. */
export interface Socket extends Connection {
  /**
   * Send a text frame. A client that leaves too much unread is closed instead.
   *
   * @returns Whether it was sent.
   */
  send(frame: string): boolean;
  /** Whether one more frame may be sent while at most `unreadBytes` wait to be read; default: this connection's limit. */
  hasRoom(unreadBytes?: number): boolean;
  /** The client has authenticated: the deadline ends, and these limits hold from now on. */
  authenticated(limits: SocketLimits): void;
  /** The server failed to deal with this client: print the error, and close this connection with 1011. */
  fail(error: unknown): void;
}

/** Bounds of one connection, in bytes. */
export interface SocketLimits {
  /** Longest frame from the client. */
  readonly frameBytes: number;
  /** Bytes that may wait for the client to read them. */
  readonly unreadBytes: number;
}

/** The parts of a socket, and its callbacks. One that throws ends this connection, and no other: {@linkcode Socket.fail}. */
export interface SocketOptions extends SocketLimits {
  readonly unread: Unread;
  readonly clock: Clock;
  readonly print: (line: string) => void;
  readonly mustAuthenticate: boolean;
  readonly opened?: () => void;
  readonly received: (text: string) => void;
  readonly receivedBinary: (bytes: number) => void;
  /** The client has not authenticated in time, and is closed. */
  readonly late?: () => void;
  readonly closed: (end: { code: number; reason: string }) => void;
}

/** How long a client may take to authenticate where it must. */
const AUTHENTICATION_DEADLINE_MS = 5_000;

/** Serve the client at the other end of `socket`, which has not opened yet. */
export function openSocket(socket: WebSocket, options: SocketOptions): Socket {
  return new ServedSocket(socket, options);
}

/** The limits of a client before it has authenticated, or needs not. */
export function firstLimits(limits: Limits, { mustAuthenticate }: { mustAuthenticate: boolean }): SocketLimits {
  const { frameBytes, authFrameBytes, unreadBytes } = limits;
  return { frameBytes: mustAuthenticate ? Math.min(frameBytes, authFrameBytes) : frameBytes, unreadBytes };
}

class ServedSocket implements Socket {
  readonly ended: Promise<unknown>;
  readonly #socket: WebSocket;
  readonly #options: SocketOptions;
  readonly #authenticatedOrEnded = new AbortController();
  #limits: SocketLimits;
  /** The code and reason with which this side closed the connection. */
  #closing: { code: number; reason: string } | undefined;
  #failure = "";

  constructor(socket: WebSocket, options: SocketOptions) {
    const gone = Promise.withResolvers<void>();
    const deadline = Promise.withResolvers<void>();
    this.#socket = socket;
    this.#options = options;
    this.#limits = options;
    this.ended = Promise.all([gone.promise, deadline.promise]);
    options.unread.opened(socket);
    socket.onopen = () => {
      if (this.#closing) return socket.close(this.#closing.code, this.#closing.reason);
      this.#attempt(() => options.opened?.());
      deadline.resolve(options.mustAuthenticate ? this.#expectAuthentication() : undefined);
    };
    socket.onmessage = ({ data }: MessageEvent<unknown>) => this.#attempt(() => this.#receive(data));
    socket.onerror = (event) => {
      if (event instanceof ErrorEvent) this.#failure = event.message;
    };
    socket.onclose = (event) => {
      this.#attempt(() => this.#end(event));
      deadline.resolve();
      gone.resolve();
    };
  }

  get isUnauthenticated(): boolean {
    return this.#options.mustAuthenticate && !this.#authenticatedOrEnded.signal.aborted;
  }

  authenticated(limits: SocketLimits): void {
    this.#authenticatedOrEnded.abort();
    this.#limits = limits;
  }

  hasRoom(unreadBytes: number = this.#limits.unreadBytes): boolean {
    return this.#options.unread.hasRoom(this.#socket, unreadBytes);
  }

  send(frame: string): boolean {
    if (this.#socket.readyState !== WebSocket.OPEN) return false;
    if (!this.hasRoom()) {
      this.close(CLOSE.tryAgainLater, "too much is unread: read faster");
      return false;
    }
    this.#socket.send(frame);
    return true;
  }

  close(code: number, reason: string): void {
    this.#closing ??= { code, reason };
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#options.unread.closing(this.#socket);
    this.#socket.close(code, reason);
  }

  fail(error: unknown): void {
    this.#options.print(
      `❌ A client is disconnected, the server failed to deal with it: ${printable(messageOf(error))}`,
    );
    this.close(CLOSE.internalError, "the server failed to deal with this: its terminal says why");
  }

  /** Call back. An error that left an event handler of the socket would end the server. */
  #attempt(callBack: () => void): void {
    try {
      callBack();
    } catch (error) {
      this.fail(error);
    }
  }

  #receive(data: unknown): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    const { frameBytes } = this.#limits;
    if (isLonger(data, frameBytes)) return this.close(CLOSE.tooBig, `a frame may have ${frameBytes} bytes at most`);
    if (typeof data === "string") this.#options.received(data);
    else this.#options.receivedBinary((data as ArrayBuffer).byteLength);
  }

  async #expectAuthentication(): Promise<void> {
    await this.#options.clock.sleep(AUTHENTICATION_DEADLINE_MS, this.#authenticatedOrEnded.signal);
    if (this.#authenticatedOrEnded.signal.aborted) return;
    this.#options.late?.();
    this.close(CLOSE.policyViolation, `not authenticated within ${AUTHENTICATION_DEADLINE_MS / 1_000} s`);
  }

  #end(event: CloseEvent): void {
    this.#authenticatedOrEnded.abort();
    this.#options.unread.ended(this.#socket);
    // Deno reports 0 for a connection that was cut, and often for one that this side closed.
    const theirs = { code: event.code || CLOSE.abnormal, reason: event.reason || this.#failure };
    this.#options.closed(this.#closing ?? theirs);
  }
}

/** Whether a frame has more bytes than that. A binary one is an ArrayBuffer: Deno's binaryType of accepted WebSockets. */
function isLonger(data: unknown, bytes: number): boolean {
  if (typeof data !== "string") return (data as ArrayBuffer).byteLength > bytes;
  // A UTF-16 code unit takes three bytes of UTF-8 at most: most frames need no counting.
  return data.length * 3 > bytes && new TextEncoder().encode(data).length > bytes;
}
