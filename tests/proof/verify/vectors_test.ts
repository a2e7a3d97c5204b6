/** Quotes of real machines, against Intel's own root. @module */

import { assertEquals, assertThrows } from "@std/assert";
import { type Collateral, parseCollaterals } from "../../../src/proof/verify/collateral.ts";
import { verifyQuote } from "../../../src/proof/verify/quote.ts";
import { makersRoot } from "../../../src/proof/verify/roots.ts";
import { Refusal } from "../../../src/proof/verify/verdict.ts";

const VECTORS = new URL("../vectors/", import.meta.url);
const root = makersRoot("tdx-quote");
const nowMs = Date.parse("2025-06-20T00:00:00Z");

function vector(name: string): { quote: Uint8Array; collateral: Collateral } {
  const parsed = parseCollaterals(JSON.parse(Deno.readTextFileSync(new URL(`${name}_collateral.json`, VECTORS))));
  if (!parsed.ok) throw new Error(parsed.reason);
  return { quote: Deno.readFileSync(new URL(name, VECTORS)), collateral: parsed.value[0]! };
}

/** Why a quote is refused. */
function refusal(quote: Uint8Array, collateral: Collateral, atMs = nowMs): string {
  return assertThrows(() => verifyQuote(quote, { collateral, root, nowMs: atMs }), Refusal).code;
}

Deno.test("a real TDX quote is genuine by Intel's root and collateral", () => {
  const { quote, collateral } = vector("tdx_quote");
  const facts = verifyQuote(quote, { collateral, root, nowMs });
  assertEquals([facts.platform, facts.status, facts.advisories], ["tdx", "UpToDate", []]);
  assertEquals(facts.measurements.mrtd, quote.slice(184, 232).toHex());
  assertEquals(facts.reportData, quote.slice(568, 632));
});

Deno.test("a real SGX quote is genuine, and Intel's doubts about its platform are told", () => {
  const { quote, collateral } = vector("sgx_quote");
  const facts = verifyQuote(quote, { collateral, root, nowMs });
  assertEquals([facts.platform, facts.status], ["sgx", "ConfigurationAndSWHardeningNeeded"]);
  assertEquals(facts.advisories, ["INTEL-SA-00289", "INTEL-SA-00615"]);
  assertEquals(facts.measurements.mrenclave, quote.slice(112, 144).toHex());
});

Deno.test("a real quote is refused with a bit changed, with another's collateral, and at another time", () => {
  const { quote, collateral } = vector("tdx_quote");
  const changed = quote.slice();
  changed[600]! ^= 1;
  assertEquals(refusal(changed, collateral), "quote");
  assertEquals(refusal(quote, vector("sgx_quote").collateral), "crl");
  assertEquals(refusal(quote, collateral, Date.parse("2025-06-01T00:00:00Z")), "crl");
  assertEquals(refusal(quote, collateral, Date.parse("2026-06-19T00:00:00Z")), "crl");
});

Deno.test("Intel's own lists of revoked certificates are refused with a bit changed", () => {
  const { quote, collateral } = vector("tdx_quote");
  for (const field of ["root_ca_crl", "pck_crl"] as const) {
    const list = Uint8Array.fromHex(collateral[field]);
    list[list.length - 1]! ^= 1;
    assertEquals(refusal(quote, { ...collateral, [field]: list.toHex() }), "crl", field);
  }
});
