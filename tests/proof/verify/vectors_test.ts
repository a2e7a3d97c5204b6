/** Quotes of real machines, against Intel's own root. @module */

import { assertEquals, assertThrows } from "@std/assert";
import { type Collateral, parseCollaterals } from "../../../src/proof/verify/collateral.ts";
import { replayEventLog } from "../../../src/proof/verify/event_log.ts";
import { verifyNitro } from "../../../src/proof/verify/nitro.ts";
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

/** What dstack's guest agent said, and the registers of the quote in it. */
function dstackVector(name: string) {
  const said: { quote: string; event_log: string } = JSON.parse(Deno.readTextFileSync(new URL(name, VECTORS)));
  const quote = Uint8Array.fromHex(said.quote);
  const registers = [0, 1, 2, 3].map((
    index,
  ) => [`rtmr${index}`, quote.slice(376 + 48 * index, 424 + 48 * index).toHex()]);
  return { log: said.event_log, registers: Object.fromEntries(registers) as Record<string, string> };
}

// Each log tells the compose file's hash; the first twenty bytes of it are the app's id, where there is no other.
for (
  const [name, appId] of [
    ["dstack_full_log.json", "3763bc34552cf3a27ff71ad5f7a90471562a1a2d"],
    ["dstack_short_log.json", "86b0e55f2fa8e4fb69d890f14f54d5612707646e"],
  ] as const
) {
  Deno.test(`${name}: a real log leads to all four registers of its quote, and to none with an event changed`, () => {
    const { log, registers } = dstackVector(name);
    assertEquals(replayEventLog(log, registers).composeHash?.slice(0, 40), appId);
    const events: { imr: number; event: string; event_payload: string; digest: string }[] = JSON.parse(log);
    assertEquals(new Set(events.map(({ imr }) => imr)), new Set([0, 1, 2, 3]));
    for (const [index, event] of events.entries()) {
      const changes = event.imr === 3 ? { event: `${event.event}s` } : { digest: event.digest.replace(/^../, "ff") };
      const changed = JSON.stringify(events.with(index, { ...event, ...changes }));
      assertThrows(() => replayEventLog(changed, registers), Refusal, "", `event ${index + 1}`);
      if (event.event === "compose-hash") {
        assertThrows(() => replayEventLog(JSON.stringify(events.toSpliced(index, 1)), registers), Refusal);
      }
    }
    for (const register of Object.keys(registers)) {
      assertThrows(() => replayEventLog(log, { ...registers, [register]: "00".repeat(48) }), Refusal, "RTMR");
    }
  });
}

Deno.test("a real document of AWS Nitro is genuine by AWS's root, and by no other; a changed one is refused", () => {
  const document = Deno.readFileSync(new URL("nitro_document", VECTORS));
  const aws = makersRoot("nitro"), madeMs = Date.parse("2026-01-03T22:00:00Z");
  const facts = verifyNitro(document, { root: aws, nowMs: madeMs });
  assertEquals(facts.platform, "nitro");
  assertEquals(facts.measurements.pcr0?.slice(0, 16), "4b8d4cf2a99e05ce");
  const refuse = (bytes: Uint8Array, { root = aws, nowMs = madeMs } = {}) =>
    assertThrows(() => verifyNitro(bytes, { root, nowMs }), Refusal).code;
  assertEquals(refuse(document, { root }), "certificate");
  assertEquals(refuse(document, { nowMs: Date.parse("2026-01-01T00:00:00Z") }), "quote");
  for (const at of [200, 2_000, document.length - 1]) {
    const changed = document.slice();
    changed[at]! ^= 1;
    refuse(changed);
  }
});
