/** A page's connection, at `/feed`: its auth, then its commands. @module */

import type { Clock } from "../clock.ts";
import { parseFeedAuth, parseFeedCommand } from "./feed_commands.ts";
import type { FeedHub, Page } from "./feed_hub.ts";
import { isSameToken } from "./guard.ts";
import type { Limits } from "./limits.ts";
import { CLOSE, type Connection, firstLimits, openSocket } from "./socket.ts";
import type { Unread } from "./unread.ts";

/** Attend to the page at the other end of `socket`, which has not opened yet. */
export function attendPage(
  socket: WebSocket,
  options: {
    token?: string;
    hub: FeedHub;
    limits: Limits;
    unread: Unread;
    clock: Clock;
    print: (line: string) => void;
  },
): Connection {
  const { token, hub, limits } = options;
  let isOpen = false;
  const link = openSocket(socket, {
    ...options,
    ...firstLimits(limits, { mustAuthenticate: true }),
    mustAuthenticate: true,
    received(text) {
      if (isOpen) hub.obey(page, parseFeedCommand(text));
      else authenticate(text);
    },
    receivedBinary: () => link.close(CLOSE.policyViolation, "expected text frames"),
    closed: () => hub.close(page),
  });
  const page: Page = {
    send: (message) => void link.send(JSON.stringify(message)),
    hasRoom: () => link.hasRoom(limits.pageUnreadBytes),
    failed: (error) => link.fail(error),
    cutOff: () => link.close(CLOSE.tryAgainLater, "too much is unread: read faster"),
  };

  function authenticate(text: string): void {
    const auth = parseFeedAuth(text);
    if (!auth.ok) return link.close(CLOSE.policyViolation, "the first frame must be an auth");
    const given = auth.value.token;
    if (token !== undefined && !isSameToken(given ?? "", token)) {
      return link.close(CLOSE.policyViolation, given === undefined ? "token missing" : "wrong token");
    }
    isOpen = true;
    link.authenticated(limits);
    hub.open(page);
  }

  return link;
}
