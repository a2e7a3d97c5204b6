/** Settings of what the agent shows of its state. @module */

import type { Check } from "../settings/checks.ts";
import { flag } from "../settings/checks.ts";
import { FLAG, optional, setting, type ValuesOf } from "../settings/definition.ts";
import { isLoopback } from "../settings/peers.ts";
import { withoutBrackets } from "../urls.ts";

/** A place to listen at. */
export interface ListenAddress {
  /** A name or an address; one of IPv6 without brackets. */
  readonly hostname: string;
  /** 0: picked by the system. */
  readonly port: number;
}

/** A host and a port, as `127.0.0.1:9464` or `[::1]:9464`. */
const address: Check<string> = (given) => {
  const [, port] = /^(?:\[[\da-f:.]+\]|[^\s:/?#@[\]]+):(\d{1,5})$/i.exec(given) ?? [];
  return port !== undefined && Number(port) < 65_536 && URL.canParse(`http://${given}`) ? given : undefined;
};

/** The parts of an address that the check of STATUS_ADDRESS has let through. */
export function listenAddress(given: string): ListenAddress {
  const at = given.lastIndexOf(":");
  return { hostname: withoutBrackets(given.slice(0, at)), port: Number(given.slice(at + 1)) };
}

/** Where metrics and health are served. */
export const STATUS_SETTINGS = {
  STATUS_ADDRESS: optional({
    meaning:
      "Address at which the agent serves `/metrics` for Prometheus, `/healthz` and `/readyz`; 127.0.0.1:9464 is the usual one",
    expected: "a host and a port, such as 127.0.0.1:9464",
    check: address,
    conflict: ({ STATUS_ADDRESS, STATUS_EXPOSE }, { inTee }) =>
      inTee && STATUS_EXPOSE !== true && typeof STATUS_ADDRESS === "string" &&
        !isLoopback(new URL(`http://${STATUS_ADDRESS}`), { inTee })
        ? `STATUS_ADDRESS: in a TEE others than 127.0.0.1 reach ${STATUS_ADDRESS}: choose 127.0.0.1, or set STATUS_EXPOSE=true if they are meant to`
        : undefined,
  }),
  STATUS_EXPOSE: setting({
    meaning: "In a TEE, whether `STATUS_ADDRESS` may be one that others can reach: they see counts and times, no texts",
    expected: FLAG,
    check: flag,
    default: "false",
  }),
};

/** The checked values of {@linkcode STATUS_SETTINGS}. */
export type StatusSettings = ValuesOf<typeof STATUS_SETTINGS>;
