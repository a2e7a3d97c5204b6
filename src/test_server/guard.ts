/** Decides by a request's headers whether its sender may use the test server at all. @module */

import { createHash, timingSafeEqual } from "node:crypto";
import { isUnclaimable } from "../urls.ts";

/** Why a request is turned away. */
export interface Refusal {
  readonly status: 401 | 403 | 421;
  readonly reason: string;
}

/**
 * Refuse the requests that a foreign web page makes a browser send. Other programs set these headers as they like, but
 * they could connect anyway; a browser does not let its pages choose them.
 *
 * `Origin`, which browsers send with every WebSocket handshake and POST, must be this server's own, or any page that
 * somebody visits could speak to a server on their machine. And its own is told by `Host`, which must not be a name that
 * a stranger can point here (DNS rebinding): an IP address, `localhost`, a name without a dot, which nobody can own, or
 * the one the server listens on. A token does away with the last rule: a stranger's page has none.
 *
 * @param options `hostname`: where the server listens.
 */
export function refuseForeign(request: Request, options: { hostname: string; token?: string }): Refusal | undefined {
  // HTTP/2, which browsers speak over TLS, has no Host; its authority is in the URL.
  const host = request.headers.get("host") ?? new URL(request.url).host;
  const origin = request.headers.get("origin");
  if (origin !== null && hostOf(origin) !== host.toLowerCase()) {
    return { status: 403, reason: "This server serves its own page and programs, not the pages of other sites." };
  }
  // Not from a browser, which names the origin of every handshake: an agent may call the server by any name.
  const isProgram = origin === null && isHandshake(request);
  if (options.token !== undefined || isProgram || isUnclaimable(host, options.hostname)) return;
  return {
    status: 421,
    reason: "Call this server by its IP address or as localhost, or set WEBSOCKET_AUTH_TOKEN: " +
      "without a token, a name that anybody can point here is not to be trusted.",
  };
}

export function isHandshake(request: Request): boolean {
  return request.headers.get("upgrade")?.toLowerCase() === "websocket";
}

/** Whether a request brings the token as a bearer; true where there is none to bring. */
export function hasBearer(request: Request, token: string | undefined): boolean {
  if (token === undefined) return true;
  const [, given] = /^Bearer +(.+)$/i.exec(request.headers.get("authorization") ?? "") ?? [];
  return given !== undefined && isSameToken(given.trim(), token);
}

/** Compares in constant time. Hashed first: the comparison needs equal lengths, and must not reveal the right one's. */
export function isSameToken(given: string, expected: string): boolean {
  const digest = (token: string) => createHash("sha256").update(token).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
