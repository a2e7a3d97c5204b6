/** The way out of an enclave or a company network: which proxy, if any, a connection goes through. @module */

import { BlockList, isIP } from "node:net";
import { decodePart, hostOf, withoutBrackets } from "../urls.ts";
import type { Log } from "../log.ts";
import { type Check, text } from "./checks.ts";
import { optional, type ValuesOf } from "./definition.ts";
import { isLoopback } from "./peers.ts";
import type { ProxyRelay } from "./proxy_relay.ts";

/** A proxy, as a URL: `http://host:port`, `vsock:3:8000`, `unix:/run/proxy.sock`; a bare `host:port` speaks HTTP. */
export const proxyUrl: Check<URL> = (given) => {
  const url = URL.parse(/^(vsock|unix):|:\/\//.test(given) ? given : `http://${given}`);
  if (!url || url.search !== "" || url.hash !== "") return undefined;
  switch (url.protocol) {
    case "http:":
    case "https:":
    case "socks5:":
    case "socks5h:":
      return url.hostname !== "" && /^\/?$/.test(url.pathname) ? url : undefined;
    case "vsock:":
      return /^\d+:\d+$/.test(url.pathname) && url.host === "" ? url : undefined;
    case "unix:":
      return url.pathname.startsWith("/") && url.host === "" ? url : undefined;
    default:
      return undefined;
  }
};

/** Settings of the way out, for every part that connects to somebody. */
export const PROXY_SETTINGS = {
  AGENT_PROXY: optional({
    meaning: "Proxy for every connection that leaves this machine; TLS goes through it end to end",
    expected: "an http://, https:// or socks5:// URL without a path, vsock:CID:PORT, or unix:PATH",
    check: proxyUrl,
    // The variables that other programs obey are refused in a TEE, where only a name given on purpose counts.
    // One that makes no sense is passed over, as by other programs: it was not set for this one.
    default: (given) => PROXY_VARIABLES.map(given).find((value) => value !== undefined && proxyUrl(value)),
    defaultText: "the one in `HTTPS_PROXY` or `ALL_PROXY`; in a TEE none",
    // Its user name and password: a wrong one can't be taken apart to show the rest.
    secret: true,
    connects: { when: ({ AGENT_PROXY }) => AGENT_PROXY !== undefined, isRelay: true },
  }),
  NO_PROXY: optional({
    meaning:
      "Hosts that `AGENT_PROXY` is not used for, with commas between them; `.example.org` for all in a domain, `10.0.0.0/8` for all in a network",
    expected: "a list of hosts",
    check: text,
    default: (given) => given("no_proxy"),
    fallbackNames: ["no_proxy"],
    defaultText: "what `no_proxy` says",
  }),
};

/** Variables that name a proxy for whatever program: Deno obeys them, so they are taken out of its environment. */
export const PROXY_VARIABLES = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] as const;

/** The checked values of {@linkcode PROXY_SETTINGS}. */
export interface ProxySettings extends ValuesOf<typeof PROXY_SETTINGS> {
  /** Where the way to a proxy begins that has no URL of its own: that of a relay. */
  readonly proxyRelay?: URL;
}

/** A proxy that a URL names. */
export type UrlProxy = Extract<Deno.Proxy, { readonly url: string }>;

/** Whether a proxy can be reached by a relay only: see `proxy_relay.ts`. */
export function needsRelay(proxy: URL): boolean {
  return proxy.protocol === "vsock:" || proxy.protocol === "unix:";
}

/** Start what leads to a proxy that has no URL of its own; undefined if AGENT_PROXY names no such proxy. */
export async function openRelay(
  { AGENT_PROXY: proxy }: ProxySettings,
  options: { log: Log },
): Promise<ProxyRelay | undefined> {
  if (!proxy || !needsRelay(proxy)) return undefined;
  const { startProxyRelay } = await import("./proxy_relay.ts");
  return startProxyRelay(proxy, options);
}

/**
 * The proxy for a connection to `url`, to hand to `Deno.createHttpClient`; undefined where it goes straight: without
 * AGENT_PROXY, to this machine, and to hosts that NO_PROXY names.
 *
 * @throws {Error} If the proxy needs a relay, and there is none.
 */
export function proxyFor(
  url: URL,
  { AGENT_PROXY: named, NO_PROXY: exceptions = "", proxyRelay }: ProxySettings,
): UrlProxy | undefined {
  if (!named || isLoopback(url, { inTee: false }) || isException(url, exceptions)) return undefined;
  if (needsRelay(named) && !proxyRelay) throw new Error("Cannot reach a proxy without a URL: no relay was started");
  const proxy = proxyRelay ?? named;
  const transport = proxy.protocol === "https:" ? "https" : proxy.protocol === "http:" ? "http" : "socks5";
  const basicAuth = { username: decodePart(proxy.username), password: decodePart(proxy.password) };
  return {
    transport,
    url: `${proxy.protocol}//${proxy.host}`,
    ...(basicAuth.username + basicAuth.password !== "" && { basicAuth }),
  };
}

/**
 * Whether a list such as `localhost,.example.org,10.0.0.5:8443,fd00::/8,*` names a URL's host: itself, or as its parent
 * domain, or as its network.
 *
 * @see https://www.gnu.org/software/emacs/manual/html_node/url/Proxies.html: there is no standard; this is what curl does.
 */
function isException(url: URL, list: string): boolean {
  const { hostname } = url;
  return list.toLowerCase().split(/[\s,]+/).some((entry) => {
    // A zone of IPv6 stands in no URL.
    if (entry === "" || entry.includes("%")) return false;
    if (entry === "*") return true;
    if (entry.includes("/")) return isInNetwork(withoutBrackets(hostname), entry);
    // Without brackets an address of IPv6 has no port.
    if (isIP(entry) === 6) return hostname === new URL(`http://[${entry}]`).hostname;
    const [, host = "", onPort] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
    if (onPort !== undefined && hostOf(url) !== `${hostname}:${onPort}`) return false;
    const domain = host.replace(/^\*?\./, "");
    return hostname === domain || hostname.endsWith(`.${domain}`);
  });
}

/** Whether an address is in a network such as `10.0.0.0/8`; a name is in none. */
function isInNetwork(address: string, network: string): boolean {
  const [, start = "", bits = ""] = /^(.+)\/(\d{1,3})$/.exec(network) ?? [], version = isIP(start);
  if (version === 0 || isIP(address) !== version || Number(bits) > (version === 4 ? 32 : 128)) return false;
  const family = version === 4 ? "ipv4" : "ipv6", list = new BlockList();
  list.addSubnet(start, Number(bits), family);
  return list.check(address, family);
}
