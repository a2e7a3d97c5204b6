/** Whether the clients of brokers go through AGENT_PROXY; how they do is loaded only where they do. @module */

import { EXIT, FatalError } from "../errors.ts";
import { proxyFor, type ProxySettings } from "../settings/proxy.ts";
import { hostOf, isEncrypted, publicUrl, withoutBrackets } from "../urls.ts";
import type { Tunnel } from "./tunnel.ts";

/** Opens a way to a host; `host` as in a URL, without brackets. */
export type OpenTunnel = (to: { host: string; port: number }) => Promise<Tunnel>;

/**
 * The tunnel through AGENT_PROXY to each of `urls`; none where they are connected to straight.
 *
 * @param options `ownCertificate`: name of the setting with the agent's own certificate, if it has one.
 * @throws {FatalError} 78, for what the proxy could read along, where some go through it and others don't, and where the
 * agent's certificate can't be shown.
 */
export function tunnelTo(
  urls: readonly URL[],
  settings: ProxySettings,
  { ownCertificate }: { ownCertificate?: string } = {},
): { readonly openTunnel?: OpenTunnel } {
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
  if (ownCertificate !== undefined && proxy.url.startsWith("https:") && !showsOwnInTls()) {
    throw new FatalError(
      `${ownCertificate}: Deno ${Deno.version.deno}, which runs this program, shows no certificate of its own through a ` +
        "proxy that is itself encrypted. Name the proxy as http:// or socks5://, log in with a password or a key instead, " +
        "or run from the sources with Deno 2.9.6.",
      EXIT.settings,
    );
  }
  return { openTunnel: async (to) => await (await import("./tunnel.ts")).openTunnel(proxy, to) };
}

/** Whether a certificate of the agent's own is shown by TLS that goes over TLS: Deno 2.7.11 shows none, 2.9.6 does. */
function showsOwnInTls(): boolean {
  return Deno.version.deno.localeCompare("2.9", "en", { numeric: true }) > 0;
}

/** Host and port of a URL, as a tunnel is asked for them. */
export function addressOf(url: URL): { host: string; port: number } {
  return { host: withoutBrackets(url.hostname), port: Number(hostOf(url).split(":").at(-1)) };
}
