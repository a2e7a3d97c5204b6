/** Settings of the WebSocket transport. @module */

import { duration, text, webSocketUrl, whole } from "../../settings/checks.ts";
import { milliseconds, optional, setting } from "../../settings/definition.ts";

/** Names and defaults of the guide are a contract. */
export const WEBSOCKET_SETTINGS = {
  WEBSOCKET_URL: setting({
    meaning: "WebSocket transport: the server to connect to",
    expected: "a ws:// or wss:// URL without a #fragment",
    check: webSocketUrl,
    default: "ws://localhost:8080",
    // Its user name, password and query may be: a wrong one can't be taken apart to show the rest.
    secret: true,
    connects: { when: ({ EVENT_TRANSPORT }) => EVENT_TRANSPORT === "websocket", secrets: ["WEBSOCKET_AUTH_TOKEN"] },
  }),
  WEBSOCKET_AUTH_TOKEN: optional({
    meaning: "WebSocket transport: the token sent in the auth message",
    expected: "a text",
    check: text,
    secret: true,
    requesterSecret: 1,
  }),
  WEBSOCKET_CA_FILE: optional({
    meaning: "WebSocket transport: PEM file of the certificate authority to trust for wss://, besides the public ones",
    expected: "a path",
    access: "read",
    check: text,
  }),
  WEBSOCKET_RECONNECT_INTERVAL: setting({
    meaning: "WebSocket transport: milliseconds before the first attempt to reconnect; doubles up to a minute",
    expected: milliseconds(1),
    check: duration(1),
    default: "5000",
  }),
  WEBSOCKET_MAX_RECONNECT_ATTEMPTS: setting({
    meaning: "WebSocket transport: failed attempts in a row after which the agent gives up",
    expected: "a whole number from 1 to 1000000",
    check: whole(1, 1_000_000),
    default: "10",
  }),
};
