/** The page's connection to the server, dialled again when it breaks, and the page's commands over it. @module */

import type { FeedAuth, FeedCommand, FeedMessage, FeedPath, FeedReply } from "../feed.ts";

/** The state of the connection. `refused`: the server wants a token, or another one; nothing happens until it is given. */
export type LinkState =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  | { readonly kind: "broken" }
  | { readonly kind: "refused"; readonly reason: string };

/** A command but for its number, which the link gives it. */
export type Request = FeedCommand extends infer Command ? Command extends FeedCommand ? Omit<Command, "request"> : never
  : never;

/** What becomes of a command. `lost`: there is no connection, or no longer one; the server has refused nothing. */
export type Reply = FeedReply | { readonly type: "lost"; readonly reason: string };

/** The page's connection to the server. */
export interface FeedLink {
  /** Ask the server for something. Resolves in any case. */
  request(command: Request): Promise<Reply>;
  /** Dial with this token, after a refusal. */
  signIn(token: string): void;
}

/** Whoever shows what the server sends. */
export interface FeedListener {
  onMessage(message: Exclude<FeedMessage, FeedReply>): void;
  onState(state: LinkState): void;
}

const PATH: FeedPath = "/feed";
/** With these reasons the server closes a page's connection that did not show its token. */
const REFUSALS = ["token missing", "wrong token"];
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5_000;
/** The token lives as long as the tab, so that a reload does not ask for it again. */
const TOKEN_KEY = "token";

/** Whether the server has been shown a token. */
export function hasToken(): boolean {
  return sessionStorage.getItem(TOKEN_KEY) !== null;
}

/** Dial, and go on dialling when the connection breaks. */
export function openFeedLink(listener: FeedListener): FeedLink {
  return new DialledLink(listener);
}

class DialledLink implements FeedLink {
  readonly #listener: FeedListener;
  readonly #address = new URL(PATH, location.href);
  /** The commands that the server has not answered, by their numbers. */
  readonly #pending = new Map<number, (reply: Reply) => void>();
  #requests = 0;
  #maxBytes = Infinity;
  /** Failed attempts in a row. */
  #failures = 0;
  #socket: WebSocket;

  constructor(listener: FeedListener) {
    this.#listener = listener;
    this.#address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    this.#socket = this.#dial();
  }

  async request(command: Request): Promise<Reply> {
    const request = ++this.#requests;
    if (this.#socket.readyState !== WebSocket.OPEN) {
      return { type: "lost", reason: "Not sent: the page is not connected to the server" };
    }
    const frame = JSON.stringify({ ...command, request } satisfies FeedCommand);
    if (new TextEncoder().encode(frame).length > this.#maxBytes) {
      const reason = `the server takes ${this.#maxBytes.toLocaleString("en")} bytes at most`;
      return { type: "refused", request, reason };
    }
    const { promise, resolve } = Promise.withResolvers<Reply>();
    this.#pending.set(request, resolve);
    this.#socket.send(frame);
    try {
      return await promise;
    } finally {
      this.#pending.delete(request);
    }
  }

  signIn(token: string): void {
    sessionStorage.setItem(TOKEN_KEY, token);
    this.#failures = 0;
    this.#socket = this.#dial();
  }

  #dial(): WebSocket {
    // Said once: a screen reader would read it again with every attempt.
    if (this.#failures === 0) this.#listener.onState({ kind: "connecting" });
    const dialled = new WebSocket(this.#address);
    dialled.onopen = () => {
      const token = sessionStorage.getItem(TOKEN_KEY);
      const auth: FeedAuth = { type: "auth", ...token !== null && { token } };
      dialled.send(JSON.stringify(auth));
    };
    dialled.onmessage = ({ data }: MessageEvent<string>) => this.#receive(data);
    dialled.onclose = ({ reason }) => this.#end(reason);
    return dialled;
  }

  #receive(data: string): void {
    const message: FeedMessage = JSON.parse(data); // from the server that this page is from: typed on both ends
    if (message.type === "done" || message.type === "refused") {
      this.#pending.get(message.request)?.(message);
      return;
    }
    if (message.type === "snapshot") {
      this.#failures = 0;
      this.#maxBytes = message.limits.frameBytes;
      this.#listener.onState({ kind: "live" });
    }
    this.#listener.onMessage(message);
  }

  #end(reason: string): void {
    const why = `The connection ended before the server had answered: look whether it was done${
      reason && ` (${reason})`
    }`;
    for (const settle of this.#pending.values()) settle({ type: "lost", reason: why });
    if (REFUSALS.includes(reason)) {
      sessionStorage.removeItem(TOKEN_KEY);
      return this.#listener.onState({ kind: "refused", reason });
    }
    this.#listener.onState({ kind: "broken" });
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures++, LONGEST_PAUSE_MS);
    setTimeout(() => this.#socket = this.#dial(), pauseMs);
  }
}
