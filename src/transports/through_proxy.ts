/** Whether the clients of brokers go through AGENT_PROXY; how they do is loaded only where they do. @module */

import type { Duplex } from "node:stream";
import { EXIT, FatalError } from "../errors.ts";
import { proxyFor, type ProxySettings } from "../settings/proxy.ts";
import { hostOf, isEncrypted, publicUrl } from "../urls.ts";

/** Opens a stream that leads to a host; `host` as in a URL, without brackets. */
export type OpenTunnel = (to: { host: string; port: number }) => Promise<Duplex>;

/**
 * The tunnel through AGENT_PROXY to each of `urls`; none where they are connected to straight.
 *
 * @throws {FatalError} 78, for what the proxy could read along, and where some go through it and others don't.
 */
export function tunnelTo(urls: readonly URL[], settings: ProxySettings): { readonly openTunnel?: OpenTunnel } {
  const proxies = urls.map((url) => proxyFor(url, settings));
  const [proxy] = proxies;
  if (proxies.every((each) => each === undefined)) return {};
  const shown = urls.map(publicUrl).join(",");
  if (!proxy || proxies.includes(undefined)) {
    throw new FatalError(`NO_PROXY: expected to name all of ${shown} or none of them`, EXIT.settings);
  }
  if (!urls.every(isEncrypted)) {
    throw new FatalError(
      `${shown} would go through AGENT_PROXY in plaintext: use a scheme that is encrypted (amqps, rediss, tls), ` +
        "or name the host in NO_PROXY to connect to it straight",
      EXIT.settings,
    );
  }
  return { openTunnel: async (to) => await (await import("./tunnel.ts")).openSocket(proxy, to) };
}

/** Host and port of a URL, as a tunnel is asked for them. */
export function addressOf(url: URL): { host: string; port: number } {
  return { host: url.hostname.replace(/^\[|\]$/g, ""), port: Number(hostOf(url).split(":").at(-1)) };
}
