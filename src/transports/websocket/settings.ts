/** Settings of the WebSocket transport. @module */

import { duration, like, text, webSocketUrl, whole } from "../../settings/checks.ts";
import { milliseconds, optional, setting } from "../../settings/definition.ts";

/** Names and defaults of the guide are a contract. */
export const WEBSOCKET_SETTINGS = {
  WEBSOCKET_URL: setting({
    meaning: "WebSocket transport: the server to connect to",
    expected: "a ws:// or wss:// URL without a #fragment",
    check: webSocketUrl,
    hint(given) {
      if (/^https?:\/\//i.test(given)) return "is it ws:// instead of http://, or wss:// instead of https://?";
      return /^[a-z][a-z\d+.-]*:\/\//i.test(given) ? undefined : "is ws:// or wss:// missing?";
    },
    default: "ws://localhost:8080",
    // Its user name, password and query may be: a wrong one can't be taken apart to show the rest.
    secret: true,
    connects: {
      when: ({ EVENT_TRANSPORT }) => EVENT_TRANSPORT === "websocket",
      secrets: ["WEBSOCKET_AUTH_TOKEN", "WEBSOCKET_HEADERS"],
    },
  }),
  WEBSOCKET_AUTH_TOKEN: optional({
    meaning: "WebSocket transport: the token sent in the auth message",
    expected: "a text",
    check: text,
    secret: true,
    requesterSecret: 1,
  }),
  WEBSOCKET_HEADERS: optional({
    meaning: "WebSocket transport: headers sent with the handshake, such as `Authorization: Bearer …`",
    expected: 'lines of "Name: value", or a JSON object of texts, none of them a header of the handshake itself',
    check: headers,
    secret: true,
    requesterSecret: 4,
  }),
  WEBSOCKET_PROTOCOL: optional({
    meaning: "WebSocket transport: the subprotocol to ask for, or several in order of preference",
    expected: "a name without blanks, or several with commas between them",
    check: like(/^[\w!#$%&'*+.^`|~-]+( *, *[\w!#$%&'*+.^`|~-]+)*$/),
  }),
  WEBSOCKET_CA_FILE: optional({
    meaning: "WebSocket transport: PEM file of the certificate authority to trust for wss://, besides the public ones",
    expected: "a path",
    access: "read",
    check: text,
  }),
  WEBSOCKET_CERT_FILE: optional({
    meaning: "WebSocket transport: PEM file of the agent's own certificate, for servers that ask for one",
    expected: "a path",
    access: "read",
    check: text,
    conflict: ({ WEBSOCKET_CERT_FILE: cert, WEBSOCKET_KEY_FILE: key }) =>
      (cert === undefined) === (key === undefined)
        ? undefined
        : "WEBSOCKET_CERT_FILE and WEBSOCKET_KEY_FILE: expected both or none of them",
  }),
  WEBSOCKET_KEY_FILE: optional({
    meaning: "WebSocket transport: PEM file of the private key to `WEBSOCKET_CERT_FILE`",
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

/** Headers that the handshake sets for itself (RFC 6455, 4.1), and those of the hop that carries it. */
const RESERVED = /^(host|connection|upgrade|content-length|transfer-encoding|sec-websocket-.*)$/i;

function headers(given: string): Readonly<Record<string, string>> | undefined {
  const pairs = given.trimStart().startsWith("{") ? pairsOfObject(given) : pairsOfLines(given);
  if (!pairs || pairs.length === 0 || pairs.some(([name]) => RESERVED.test(name))) return undefined;
  try {
    return Object.fromEntries(new Headers(pairs));
  } catch {
    // A name or value that HTTP does not allow. The error would quote it.
    return undefined;
  }
}

function pairsOfObject(given: string): [string, string][] | undefined {
  try {
    const pairs = Object.entries(JSON.parse(given));
    return pairs.every((pair): pair is [string, string] => typeof pair[1] === "string") ? pairs : undefined;
  } catch {
    // The parser's message would quote the value.
    return undefined;
  }
}

function pairsOfLines(given: string): [string, string][] | undefined {
  const lines = given.split(/\r?\n|\\n/).filter((line) => line.trim() !== "");
  const pairs = lines.map((line) => /^([^:\s]+):\s*(\S.*)$/.exec(line.trim()));
  return pairs.every((pair) => pair !== null) ? pairs.map(([, name = "", value = ""]) => [name, value]) : undefined;
}
