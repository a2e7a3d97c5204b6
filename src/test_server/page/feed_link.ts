/** The page's connection to the server, dialled again when it breaks, and the page's commands over it. @module */

import type { FeedAuth, FeedCommand, FeedMessage, FeedPath, FeedReply } from "../feed.ts";

/** How the line stands. `refused`: the server wants a token, or another one; nothing happens until it is given. */
export type LinkState =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  | { readonly kind: "broken" }
  | { readonly kind: "refused"; readonly reason: string };

/** A command but for its number, which the line gives it. */
export type Request = FeedCommand extends infer Command ? Command extends FeedCommand ? Omit<Command, "request"> : never
  : never;

/** The page's connection to the server. */
export interface FeedLink {
  /** Ask the server for something. Resolves in any case: `refused` also says that the line is down. */
  request(command: Request): Promise<FeedReply>;
  /** Dial with this token, after a refusal. */
  signIn(token: string): void;
}

const PATH: FeedPath = "/feed";
/** With these the server closes a page's connection that did not show its token. */
const REFUSALS = ["token missing", "wrong token"];
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5_000;
/** The token lives as long as the tab, so that a reload does not ask for it again. */
const TOKEN_KEY = "token";

/** Whether the server has been shown a token. */
export function hasToken(): boolean {
  return sessionStorage.getItem(TOKEN_KEY) !== null;
}

/** Dial, and go on dialling when the line breaks. */
export function openFeedLink(listener: {
  onMessage(message: Exclude<FeedMessage, FeedReply>): void;
  onState(state: LinkState): void;
}): FeedLink {
  const address = new URL(PATH, location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  const pending = new Map<number, (reply: FeedReply) => void>();
  let requests = 0;
  let maxBytes = Infinity;
  let failures = 0;
  let socket = dial();

  function dial(): WebSocket {
    // Said once: a screen reader would read it again with every attempt.
    if (failures === 0) listener.onState({ kind: "connecting" });
    const dialled = new WebSocket(address);
    dialled.onopen = () => {
      const token = sessionStorage.getItem(TOKEN_KEY);
      const auth: FeedAuth = { type: "auth", ...token !== null && { token } };
      dialled.send(JSON.stringify(auth));
    };
    dialled.onmessage = ({ data }: MessageEvent<string>) => {
      const message: FeedMessage = JSON.parse(data); // from the server that this page is from: typed on both ends
      if (message.type === "done" || message.type === "refused") {
        pending.get(message.request)?.(message);
        return;
      }
      if (message.type === "snapshot") {
        failures = 0;
        maxBytes = message.limits.frameBytes;
        listener.onState({ kind: "live" });
      }
      listener.onMessage(message);
    };
    dialled.onclose = ({ reason }) => {
      for (const [request, settle] of pending) {
        const why = `the connection ended before the server had answered${reason ? `: ${reason}` : ""}`;
        settle({ type: "refused", request, reason: why });
      }
      if (REFUSALS.includes(reason)) {
        sessionStorage.removeItem(TOKEN_KEY);
        return listener.onState({ kind: "refused", reason });
      }
      listener.onState({ kind: "broken" });
      const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** failures++, LONGEST_PAUSE_MS);
      setTimeout(() => socket = dial(), pauseMs);
    };
    return dialled;
  }

  return {
    async request(command) {
      const request = ++requests;
      if (socket.readyState !== WebSocket.OPEN) {
        return { type: "refused", request, reason: "the page is not connected to the server" };
      }
      const frame = JSON.stringify({ ...command, request } satisfies FeedCommand);
      if (new TextEncoder().encode(frame).length > maxBytes) {
        return { type: "refused", request, reason: `the server takes ${maxBytes.toLocaleString("en")} bytes at most` };
      }
      const { promise, resolve } = Promise.withResolvers<FeedReply>();
      pending.set(request, resolve);
      socket.send(frame);
      try {
        return await promise;
      } finally {
        pending.delete(request);
      }
    },
    signIn(token) {
      sessionStorage.setItem(TOKEN_KEY, token);
      failures = 0;
      socket = dial();
    },
  };
}
