/** Attestation documents of AWS Nitro enclaves, by a fake AWS. @module */

import { assertEquals } from "@std/assert";
import { encodeClaims, type Quoted, reportData, toBase64Url } from "../../../src/proof/evidence.ts";
import { verifyEvidence } from "../../../src/proof/verify/evidence.ts";
import type { Policy } from "../../../src/proof/verify/policy.ts";
import { CLAIMS } from "../../support/evidence.ts";
import { type FakeDocument, fakeNitro } from "../../support/fake_nitro.ts";

const aws = await fakeNitro();
const PCR0 = new Uint8Array(48).fill(0xc0).toHex();
const POLICY: Policy = {
  nowMs: aws.nowMs,
  root: aws.root,
  collaterals: [],
  acceptedStatuses: new Set(),
  measurements: new Map([["pcr0", new Set([PCR0])]]),
  requireMeasurement: true,
};

async function evidenceOf(says: Partial<FakeDocument> = {}): Promise<Quoted> {
  const { bytes, text } = encodeClaims(CLAIMS);
  const document = await aws.document({ userData: reportData(bytes), ...says });
  return { format: "nitro", claims: text, quote: toBase64Url(document) };
}

function refusals(evidence: unknown, changes: Partial<Policy> = {}): string[] {
  return verifyEvidence(evidence, { ...POLICY, ...changes }).reasons.map(({ code }) => code);
}

Deno.test("a document of the expected image is proved, with COSE's tag or without", async () => {
  const { proved, quote, warnings } = verifyEvidence(await evidenceOf(), POLICY);
  assertEquals([proved, quote?.platform, quote?.measurements.pcr0, warnings], [true, "nitro", PCR0, []]);
  assertEquals(refusals(await evidenceOf({ tagged: true })), []);
});

Deno.test("its certificates are checked at its own time, since they live for hours; one from the future is refused", async () => {
  const later = aws.nowMs + 365 * 86_400_000;
  assertEquals(refusals(await evidenceOf(), { nowMs: later }), []);
  assertEquals(refusals(await evidenceOf({ timestamp: later }), { nowMs: later }), ["certificate"]);
  assertEquals(refusals(await evidenceOf({ timestamp: later })), ["quote"]);
});

Deno.test("a document by AWS's root alone is none of a fake one", async () => {
  const { root: _, ...withoutRoot } = POLICY;
  const { reasons } = verifyEvidence(await evidenceOf(), withoutRoot);
  assertEquals(reasons.map(({ code }) => code), ["certificate"]);
});

Deno.test("registers without PCR0 don't say which image runs", async () => {
  const zeros = new Set(["00".repeat(48)]);
  const measurements = new Map([["pcr3", zeros], ["pcr4", zeros], ["pcr8", zeros]]);
  assertEquals(refusals(await evidenceOf(), { measurements }), ["measurement-unnamed"]);
});

Deno.test("a debug enclave, whose measurements are zeros, is refused", async () => {
  assertEquals(refusals(await evidenceOf({ pcr0: new Uint8Array(48) })), ["quote"]);
});

Deno.test("another algorithm, another image, other user data, and a leaf that is an authority are refused", async () => {
  assertEquals(refusals(await evidenceOf({ algorithm: -7 })), ["quote"]);
  assertEquals(refusals(await evidenceOf({ pcr0: new Uint8Array(48).fill(1) })), ["measurement"]);
  assertEquals(refusals(await evidenceOf({ userData: new Uint8Array(64) })), ["report-data"]);
  assertEquals(refusals(await evidenceOf({ leafIsAuthority: true })), ["certificate"]);
});

Deno.test("certificates whose names or dates can't be read are refused, and nothing is thrown", async () => {
  const evidence = await evidenceOf();
  const document = Uint8Array.fromBase64(evidence.quote, { alphabet: "base64url" });
  const text = new TextDecoder("latin1").decode(document);
  const places = ["fake.enclave", "fake.region", "fake.nitro-enclaves"].flatMap((name) => [
    ...text.matchAll(new RegExp(name, "g")),
  ]);
  assertEquals(places.length > 4, true);
  for (const { index } of places) {
    for (const [at, byte] of [[0, 0xff], [-1, 0xff], [-2, 0x00], [-2, 0x1c], [-5, 0xff]] as const) {
      const changed = document.slice();
      changed[index + at] = byte;
      assertEquals(refusals({ ...evidence, quote: toBase64Url(changed) }), ["certificate"], `${index} ${at} ${byte}`);
    }
  }
});

Deno.test("a document with a bit changed anywhere, or cut off anywhere, is refused", async () => {
  const evidence = await evidenceOf();
  const document = Uint8Array.fromBase64(evidence.quote, { alphabet: "base64url" });
  const step = 37;
  for (let at = 0; at < document.length; at += step) {
    const changed = document.slice();
    changed[at]! ^= 1;
    const isSame = verifyEvidence({ ...evidence, quote: toBase64Url(changed) }, POLICY).proved;
    assertEquals(isSame, false, `byte ${at} of ${document.length}`);
    const cut = toBase64Url(document.subarray(0, Math.max(1, at)));
    assertEquals(verifyEvidence({ ...evidence, quote: cut }, POLICY).proved, false, `${at} bytes`);
  }
});
