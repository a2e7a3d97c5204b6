/** The peers that the settings make the agent connect to, and what must not go there in plaintext. @module */

import { encryptedScheme, isEncrypted, schemeOf } from "../urls.ts";
import type { SettingsTable, SettingValues } from "./definition.ts";

/** A peer that the agent connects to. */
export interface Peer {
  /** The setting that names it. */
  readonly setting: string;
  readonly url: URL;
  /** What is sent there in confidence, as the subject of a sentence; absent if nothing is. */
  readonly secret?: string;
  /** Whether it only passes on what is encrypted for somebody else. */
  readonly isRelay?: boolean;
}

/** All peers that the settings make the agent connect to. A wrong setting has no value, and so names no peer. */
export function peersOf(table: SettingsTable, values: SettingValues): Peer[] {
  return Object.entries(table).flatMap(([setting, { connects }]): Peer[] => {
    if (!connects?.when(values)) return [];
    const urls = [values[setting]].flat().filter((value) => value instanceof URL);
    return urls.map((url) => {
      const isInUrl = url.username !== "" || url.password !== "";
      const secret = connects.secrets?.find((name) => values[name] !== undefined) ??
        (isInUrl ? "the user name or password in it" : undefined);
      return { setting, url, ...(secret !== undefined && { secret }), ...(connects.isRelay && { isRelay: true }) };
    });
  });
}

/**
 * Whether a URL leads nowhere but to this machine: an address in 127.0.0.0/8, or ::1. The name `localhost` counts outside
 * of a TEE only; inside, the host writes the file that says which address it has.
 */
export function isLoopback({ hostname }: URL, { inTee }: { inTee: boolean }): boolean {
  // The URL parser has normalized every spelling of an address to these, including IPv4 addresses in IPv6's notation.
  if (/^127\.\d+\.\d+\.\d+$|^\[::1\]$|^\[::ffff:7f[\da-f]{2}:[\da-f]{1,4}\]$/.test(hostname)) return true;
  return !inTee && /^(.+\.)?localhost\.?$/.test(hostname);
}

/**
 * A line for each peer that data would go to in plaintext and must not: in a TEE all data, elsewhere secrets. Only schemes
 * that are known to be encrypted pass.
 */
export function plaintextProblems(peers: readonly Peer[], { inTee }: { inTee: boolean }): string[] {
  return peers.flatMap(({ setting, url, secret, isRelay }) => {
    // A local socket, such as a proxy's, crosses no network.
    if (isEncrypted(url) || isLoopback(url, { inTee }) || url.host === "") return [];
    if ((!inTee || isRelay) && secret === undefined) return [];
    const scheme = schemeOf(url), encrypted = encryptedScheme(url);
    const remedy = encrypted ? `use ${encrypted}://` : "use a scheme that is encrypted";
    const loopback = url.hostname === "localhost" ? ", or 127.0.0.1 for a peer in the same enclave" : "";
    return [
      inTee && !isRelay
        ? `${setting}: in a TEE nothing goes over ${scheme}:// to ${url.host}, where the host could read it: ${remedy}${loopback}`
        : `${setting}: ${secret} would go over ${scheme}:// to ${url.host}, for everybody on the way to read: ${remedy}, or leave the secret out`,
    ];
  });
}
