import { assert, assertEquals } from "@std/assert";
import { calculateJwkThumbprint } from "jose";
import {
  type Claims,
  encodeClaims,
  type Evidence,
  isNonce,
  type PublicJwk,
  reportData,
  thumbprint,
  toBase64Url,
} from "../../src/proof/evidence.ts";
import { parseClaims, parseEvidence } from "../../src/proof/evidence_parsing.ts";

const jwk: PublicJwk = { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" };
const claims: Claims = {
  agentId: "5f0f2a0c-0000-4000-8000-000000000001",
  cnf: { jwk },
  iat: 1_700_000_000,
  version: "0.1.0 abcdef0",
  character_sha256: "a".repeat(64),
  settings_sha256: "b".repeat(64),
};

Deno.test("claims come back from their text as they were, with the bytes that the quote covers", () => {
  const full: Claims = { ...claims, eth_address: `0x${"aB".repeat(20)}`, eat_nonce: "nonce-of-the-server" };
  for (const one of [claims, full]) {
    const { bytes, text } = encodeClaims(one);
    assertEquals(parseClaims(text), { ok: true, value: { claims: one, bytes } });
  }
});

Deno.test("a key's name is its thumbprint as RFC 8037 computes it, whatever other members it has", async () => {
  assertEquals(thumbprint(jwk), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"); // RFC 8037, A.3
  assertEquals(thumbprint({ ...jwk, use: "sig" } as PublicJwk), await calculateJwkThumbprint(jwk));
});

Deno.test("report data has 64 bytes, and one other byte of the claims or of the tag gives others", () => {
  const bytes = new TextEncoder().encode("{}");
  assertEquals(
    reportData(bytes).toHex(),
    // printf 'agent-attestation-v1\0{}' | sha512sum
    "56465647355236891ad4ee6e47cbf72a585ac77c9e35feae453524d224744f4b" +
      "f6e9d8b6f838547d4874103534455beb9ca53725e298ee252ac4323b7d624bcd",
  );
  assert(reportData(new TextEncoder().encode("{ }")).toHex() !== reportData(bytes).toHex());
});

Deno.test("evidence with and without a quote has the right form; fields that it does not name are dropped", () => {
  const { text } = encodeClaims(claims);
  const quoted: Evidence = { format: "tdx-quote", claims: text, quote: "AAAA", event_log: "[]", vm_config: "{}" };
  assertEquals(parseEvidence({ ...quoted, more: 1 }), { ok: true, value: quoted });
  assertEquals(parseEvidence({ format: "none", claims: text, quote: "AAAA" }), {
    ok: true,
    value: { format: "none", claims: text },
  });
});

Deno.test("evidence of a wrong form is refused with the field that is wrong", () => {
  const { text } = encodeClaims(claims);
  const wrong: [unknown, RegExp][] = [
    [null, /object/],
    [{}, /format/],
    [{ format: "snp", claims: text, quote: "AAAA" }, /format/],
    [{ format: "tdx-quote", claims: text }, /quote/],
    [{ format: "tdx-quote", claims: text, quote: "AB" }, /quote.*base64url/], // stray bits
    [{ format: "tdx-quote", claims: text, quote: "AAA=" }, /quote.*base64url/],
    [{ format: "tdx-quote", claims: text, quote: "A+AA" }, /quote.*base64url/],
    [{ format: "none", claims: "" }, /claims/],
    [{ format: "none", claims: "A".repeat(20_000) }, /claims/],
  ];
  for (const [value, expected] of wrong) {
    const parsed = parseEvidence(value);
    assert(!parsed.ok && expected.test(parsed.reason), JSON.stringify([value, parsed]));
  }
});

Deno.test("claims of a wrong form are refused with the field that is wrong", () => {
  const text = (value: unknown) => encodeClaims(value as Claims).text;
  const wrong: [string, RegExp][] = [
    ["AA", /JSON/],
    [text(null), /object/],
    [text({ ...claims, cnf: { jwk: { ...jwk, crv: "X25519" } } }), /cnf/],
    [text({ ...claims, cnf: { jwk: { ...jwk, x: "AAAA" } } }), /cnf/],
    // 32 bytes that are no point of the curve.
    [text({ ...claims, cnf: { jwk: { ...jwk, x: toBase64Url(new Uint8Array(32).fill(2)) } } }), /cnf\.jwk.*Ed25519/],
    [text({ ...claims, settings_sha256: "B".repeat(64) }), /settings_sha256/],
    [text({ ...claims, eth_address: "0x12" }), /eth_address/],
    [text({ ...claims, eat_nonce: "short" }), /eat_nonce/],
    [text({ ...claims, eat_nonce: null }), /eat_nonce/],
    [text({ ...claims, iat: "now" }), /iat/],
  ];
  for (const [value, expected] of wrong) {
    const parsed = parseClaims(value);
    assert(!parsed.ok && expected.test(parsed.reason), JSON.stringify([value, parsed]));
  }
});

Deno.test("a nonce has 8 to 88 bytes of well-formed Unicode", () => {
  for (const good of ["12345678", "x".repeat(88), "ö".repeat(44)]) assert(isNonce(good), good);
  for (const bad of ["1234567", "x".repeat(89), "ö".repeat(45), "12345678\ud800", 12345678, null, undefined]) {
    assert(!isNonce(bad), String(bad));
  }
});
