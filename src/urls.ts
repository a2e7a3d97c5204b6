/** URLs: the port and the encryption that a scheme implies, and how a URL may be shown. @module */

import { isIP } from "node:net";

/**
 * Schemes that the agent connects over: the port that a URL may leave out, and whether the connection is encrypted.
 * A scheme that is not listed counts as plaintext.
 */
const SCHEMES: Readonly<Record<string, { readonly port: number; readonly isEncrypted: boolean }>> = {
  ws: { port: 80, isEncrypted: false },
  wss: { port: 443, isEncrypted: true },
  http: { port: 80, isEncrypted: false },
  https: { port: 443, isEncrypted: true },
  redis: { port: 6379, isEncrypted: false },
  rediss: { port: 6379, isEncrypted: true },
  amqp: { port: 5672, isEncrypted: false },
  amqps: { port: 5671, isEncrypted: true },
  nats: { port: 4222, isEncrypted: false },
  tls: { port: 4222, isEncrypted: true },
  socks5: { port: 1080, isEncrypted: false },
  socks5h: { port: 1080, isEncrypted: false },
};

/** The scheme of a URL, without its colon. */
export function schemeOf({ protocol }: URL): string {
  return protocol.slice(0, -1);
}

/** Whether nobody on the way can read what goes to `url`. */
export function isEncrypted(url: URL): boolean {
  return SCHEMES[schemeOf(url)]?.isEncrypted ?? false;
}

/** The scheme that encrypts what `url`'s scheme leaves in plaintext, such as `wss` for `ws`; undefined if none is known. */
export function encryptedScheme(url: URL): string | undefined {
  const scheme = schemeOf(url) === "nats" ? "tls" : `${schemeOf(url)}s`;
  return SCHEMES[scheme]?.isEncrypted ? scheme : undefined;
}

/** Host and port, also where the URL leaves out the port of its scheme. */
export function hostOf(url: URL): string {
  return `${url.hostname}:${url.port || SCHEMES[schemeOf(url)]?.port}`;
}

/** A host's name without the brackets that an address of IPv6 has in a URL. */
export function withoutBrackets(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, "");
}

/** A URL that may be shown: user name, password and query are left out, since they often carry secrets. */
export function publicUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname === "/" ? "" : url.pathname}`;
}

/** A part of a URL as a person would write it: without percent signs that stand for other characters. */
export function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // A lone % stands for itself.
    return part;
  }
}

/**
 * Whether nobody else can point a `Host` header's name at this machine (DNS rebinding): an IP address, `localhost`, a
 * name without a dot, which nobody can own, or the one that is listened on.
 */
export function isUnclaimable(host: string, listeningOn: string): boolean {
  const authority = `http://${host}`;
  if (!URL.canParse(authority)) return false;
  const name = withoutBrackets(new URL(authority).hostname);
  return isIP(name) !== 0 || !name.includes(".") || name.endsWith(".localhost") || name === listeningOn.toLowerCase();
}
