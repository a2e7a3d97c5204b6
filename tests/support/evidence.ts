/** Evidence by a fake Intel's platform, and the policy of somebody who expects it. @module */

import { hash } from "node:crypto";
import { type Claims, encodeClaims, type Quoted, reportData, toBase64Url } from "../../src/proof/evidence.ts";
import type { Policy } from "../../src/proof/verify/policy.ts";
import type { FakeIntel, FakeTd } from "./fake_intel.ts";

/** Claims of an agent; the key is some 32 bytes. */
export const CLAIMS: Claims = {
  agentId: "6f0a4b52-3c1e-4d7a-9b65-2e8d1f7c0a34",
  cnf: { jwk: { kty: "OKP", crv: "Ed25519", x: toBase64Url(new Uint8Array(32).fill(9)) } },
  iat: 1_781_524_800,
  version: "0.1.0 0123456789abcdef",
  character_sha256: "c".repeat(64),
  settings_sha256: "5".repeat(64),
};

/** Registers of the machine that is expected. */
export const REGISTERS = {
  mrtd: new Uint8Array(48).fill(0xd0),
  rtmr0: new Uint8Array(48).fill(0xa0),
  rtmr1: new Uint8Array(48).fill(0xa1),
  rtmr2: new Uint8Array(48).fill(0xa2),
} as const;

/** Evidence over claims. */
export async function evidenceOf(
  intel: FakeIntel,
  { claims = CLAIMS, td = {}, eventLog }: { claims?: Claims; td?: Partial<FakeTd>; eventLog?: string } = {},
): Promise<Quoted> {
  const { bytes, text } = encodeClaims(claims);
  const quote = await intel.quote({ reportData: reportData(bytes), registers: REGISTERS, ...td });
  return {
    format: "tdx-quote",
    claims: text,
    quote: toBase64Url(quote),
    ...(eventLog !== undefined && { event_log: eventLog }),
  };
}

/** A policy that the evidence fulfils. */
export function policyOf(intel: FakeIntel, changes: Partial<Policy> = {}): Policy {
  const expected = [["mrtd", REGISTERS.mrtd], ["rtmr1", REGISTERS.rtmr1], ["rtmr2", REGISTERS.rtmr2]] as const;
  return {
    nowMs: intel.nowMs,
    collaterals: [intel.collateral],
    root: intel.root,
    acceptedStatuses: new Set(),
    measurements: new Map(expected.map(([name, bytes]) => [name, new Set([bytes.toHex()])])),
    requireMeasurement: true,
    ...changes,
  };
}

/** An event of dstack's log. */
export interface FakeLogEvent {
  readonly event: string;
  /** In hexadecimal digits. */
  readonly payload?: string;
  /** 1: its digest is over bytes; 2: over JSON; default 1. */
  readonly form?: 1 | 2;
}

/** A log of events in RTMR3, as dstack's guest agent writes it, and the register that it leads to. */
export function eventLogOf(events: readonly FakeLogEvent[]): { text: string; rtmr3: Uint8Array } {
  let rtmr3: Uint8Array = new Uint8Array(48);
  const log = events.map(({ event, payload = "", form = 1 }) => {
    const type = 0x08000001;
    const content = form === 1
      ? [Uint8Array.of(1, 0, 0, 8), new TextEncoder().encode(`:${event}:`), Uint8Array.fromHex(payload)]
      : [new TextEncoder().encode(JSON.stringify({ name: event, payload, type }))];
    const digest = sha384(content);
    rtmr3 = sha384([rtmr3, digest]);
    return { imr: 3, event_type: type, digest: digest.toHex(), event, event_payload: payload };
  });
  return { text: JSON.stringify(log), rtmr3 };
}

function sha384(parts: readonly Uint8Array[]): Uint8Array {
  const whole = Uint8Array.from(parts.flatMap((part) => [...part]));
  return Uint8Array.from(hash("sha384", whole, "buffer"));
}
