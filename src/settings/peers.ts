/** Whom the settings make the agent talk to, and what may go there in the open. @module */

import type { SettingName, Settings } from "../program/settings.ts";

/** Somebody the agent connects to. */
export interface Peer {
  /** The setting that names it. */
  readonly setting: SettingName;
  readonly url: URL;
  /** What it is sent in confidence. */
  readonly secret?: string;
}

/** Everybody that the settings make the agent connect to; a setting that is wrong, and so missing, names nobody. */
export function peersOf(settings: Partial<Settings>): Peer[] {
  const { EVENT_TRANSPORT: transport, MODEL_PROVIDER: provider } = settings;
  const peers: Peer[] = [];
  if (transport === "websocket") peers.push(...peer("WEBSOCKET_URL", "WEBSOCKET_AUTH_TOKEN", settings));
  if (provider === "ollama") peers.push(...peer("OLLAMA_SERVER_URL", undefined, settings));
  if (provider === "openai") peers.push(...peer("OPENAI_BASE_URL", "OPENAI_API_KEY", settings));
  return peers;
}

/** The peer whose URL `setting` holds. `token`: the setting with what it is sent in confidence, if there is one. */
function peer(
  setting: "WEBSOCKET_URL" | "OLLAMA_SERVER_URL" | "OPENAI_BASE_URL",
  token: SettingName | undefined,
  settings: Partial<Settings>,
): Peer[] {
  const { [setting]: url } = settings;
  if (url === undefined) return [];
  const isTokenSet = token !== undefined && settings[token] !== undefined;
  const isInUrl = url.username !== "" || url.password !== "";
  const secret = isTokenSet ? token : isInUrl ? "the user name or password in it" : undefined;
  return [{ setting, url, ...(secret !== undefined && { secret }) }];
}

/**
 * Whether a URL leads nowhere but to this machine: an address in 127.0.0.0/8, or ::1. The name `localhost` counts outside
 * of a TEE only; inside, the host writes the file that says what it means.
 */
export function isLoopback({ hostname }: URL, { inTee }: { inTee: boolean }): boolean {
  // The URL parser has brought every spelling of an address to these, the ones that IPv6 has for IPv4's too.
  if (/^127\.\d+\.\d+\.\d+$|^\[::1\]$|^\[::ffff:7f[\da-f]{2}:[\da-f]{1,4}\]$/.test(hostname)) return true;
  return !inTee && /^(.+\.)?localhost\.?$/.test(hostname);
}

/** What would go over the network in the open and must not: a line for each peer, for the settings' errors. */
export function plaintextProblems(peers: readonly Peer[], { inTee }: { inTee: boolean }): string[] {
  return peers.flatMap(({ setting, url, secret }) => {
    const scheme = url.protocol.slice(0, -1);
    if (!/^(ws|http)$/.test(scheme) || isLoopback(url, { inTee })) return [];
    const remedy = `use ${scheme}s://`;
    const loopback = url.hostname === "localhost" ? ", or 127.0.0.1 for a peer in the same enclave" : "";
    if (inTee) {
      return [
        `${setting}: in a TEE nothing goes over ${scheme}:// to ${url.host}, where the host could read it: ${remedy}${loopback}`,
      ];
    }
    if (secret === undefined) return [];
    return [
      `${setting}: ${secret} would go over ${scheme}:// to ${url.host}, for everybody on the way to read: ${remedy}, or leave the secret out`,
    ];
  });
}
