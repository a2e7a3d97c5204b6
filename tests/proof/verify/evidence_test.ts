/** Evidence by the platform of a fake Intel: what is proved, and every way in which it is not. @module */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { encodeClaims, toBase64Url } from "../../../src/proof/evidence.ts";
import { verifyEvidence } from "../../../src/proof/verify/evidence.ts";
import type { Collateral } from "../../../src/proof/verify/collateral.ts";
import { isIdentified, type Policy } from "../../../src/proof/verify/policy.ts";
import { CLAIMS, eventLogOf, evidenceOf, policyOf, REGISTERS } from "../../support/evidence.ts";
import { type FakeIntel, fakeIntel, type FakeOptions } from "../../support/fake_intel.ts";

const DAY_MS = 86_400_000;
const intel = await fakeIntel();
const evidence = await evidenceOf(intel);

/** The names of the reasons for which evidence is refused. */
function refusals(value: unknown, policy: Policy): string[] {
  return verifyEvidence(value, policy).reasons.map(({ code }) => code);
}

Deno.test("evidence of a genuine platform with the expected measurements is proved", () => {
  const verdict = verifyEvidence(evidence, policyOf(intel));
  assertEquals(verdict.reasons, []);
  assertEquals(verdict.proved, true);
  assertEquals(verdict.warnings, []);
  assertEquals(verdict.claims, CLAIMS);
  assertEquals(verdict.quote?.platform, "tdx");
  assertEquals(verdict.quote?.status, "UpToDate");
  assertEquals(verdict.quote?.measurements.mrtd, REGISTERS.mrtd.toHex());
});

Deno.test("a mock is refused by Intel's root, and so is a quote by another root", async () => {
  const { root: _, ...withoutRoot } = policyOf(intel);
  assertEquals(refusals(evidence, withoutRoot), ["certificate"]);
  const other = await fakeIntel();
  assertEquals(refusals(evidence, policyOf(intel, { root: other.root })), ["certificate"]);
});

Deno.test("without collateral nothing is proved, and that is said", () => {
  assertEquals(refusals(evidence, policyOf(intel, { collaterals: [] })), ["collateral-missing"]);
});

Deno.test("of several collaterals the one that fits the platform counts", async () => {
  const other = await fakeIntel();
  assertEquals(refusals(evidence, policyOf(intel, { collaterals: [other.collateral, intel.collateral] })), []);
});

Deno.test("of several collaterals that refuse a quote, the reason of the one about its platform is told", async () => {
  const sgx = JSON.parse(Deno.readTextFileSync(new URL("../vectors/sgx_quote_collateral.json", import.meta.url)));
  const old = await intel.listUntil("platforms", intel.nowMs - DAY_MS);
  const revoked = await fakeIntel({ revoked: ["platform"] }), invalid = await fakeIntel({ status: "Revoked" });
  const outdated = { ...revoked.collateral, pck_crl: await revoked.listUntil("platforms", intel.nowMs - DAY_MS) };
  const elsewhere = (text: string) => text.replace(/"fmspc":"\w+"/, '"fmspc":"000000000000"');
  const cases: [FakeIntel, Collateral[], string][] = [
    [revoked, [revoked.collateral], "revoked"],
    [revoked, [sgx, revoked.collateral], "revoked"],
    [revoked, [revoked.collateral, sgx], "revoked"],
    [revoked, [outdated, revoked.collateral], "revoked"],
    [invalid, [sgx, invalid.collateral], "quote"],
    [intel, [sgx, { ...intel.collateral, pck_crl: old }], "crl"],
    // Of another platform: its list is valid, so that it gets further.
    [intel, [changed(elsewhere), { ...intel.collateral, pck_crl: old }], "crl"],
    [intel, [sgx, changed(elsewhere)], "collateral"],
    [intel, [changed(() => "{"), sgx], "collateral"],
  ];
  for (const [of, collaterals, code] of cases) {
    assertEquals(refusals(await evidenceOf(of), policyOf(of, { collaterals })), [code]);
  }
});

/** The collateral with another TCB info, which nobody signed. */
function changed(change: (tcbInfo: string) => string): Collateral {
  return { ...intel.collateral, tcb_info: change(intel.collateral.tcb_info) };
}

Deno.test("a list of revoked certificates that is missing, unreadable, forged or expired is refused", async () => {
  const expired = intel.nowMs - DAY_MS;
  for (const [field, which] of [["root_ca_crl", "root"], ["pck_crl", "platforms"]] as const) {
    const other = which === "root" ? "pck_crl" : "root_ca_crl";
    const lists = {
      unreadable: "00ff",
      forged: await intel.forgedList(which),
      expired: await intel.listUntil(which, expired),
      "of another issuer": intel.collateral[other],
    };
    for (const [what, list] of Object.entries(lists)) {
      const collaterals = [{ ...intel.collateral, [field]: list }];
      assertEquals(refusals(evidence, policyOf(intel, { collaterals })), ["crl"], `${field} ${what}`);
    }
  }
});

Deno.test("a platform, an authority or a signer that was revoked is refused", async () => {
  for (const name of ["platform", "authority", "signer"] as const) {
    const revoking = await fakeIntel({ revoked: [name] });
    assertEquals(refusals(await evidenceOf(revoking), policyOf(revoking)), ["revoked"], name);
  }
});

Deno.test("TCB info that a platform's own certificate signed is refused", async () => {
  const forging = await fakeIntel({ signerOfPlatform: true });
  assertEquals(refusals(await evidenceOf(forging), policyOf(forging)), ["certificate"]);
});

Deno.test("a platform that is not UpToDate is refused, unless its state is named", async () => {
  const cases: [FakeOptions, string][] = [
    [{ status: "OutOfDate" }, "OutOfDate"],
    [{ status: "SWHardeningNeeded" }, "SWHardeningNeeded"],
    [{ moduleStatus: "OutOfDate" }, "OutOfDate"],
  ];
  for (const [options, status] of cases) {
    const old = await fakeIntel(options), shown = await evidenceOf(old);
    assertEquals(refusals(shown, policyOf(old)), ["tcb-status"]);
    assertEquals(refusals(shown, policyOf(old, { acceptedStatuses: new Set([status]) })), []);
    assertEquals(refusals(shown, policyOf(old, { acceptedStatuses: new Set(["ConfigurationNeeded"]) })), [
      "tcb-status",
    ]);
  }
});

Deno.test("a revoked state is refused even where it is named", async () => {
  const revoked = await fakeIntel({ status: "Revoked" });
  const policy = policyOf(revoked, { acceptedStatuses: new Set(["Revoked"]) });
  assertEquals(refusals(await evidenceOf(revoked), policy), ["quote"]);
});

Deno.test("collateral that was changed, or is not valid at the time, is refused", () => {
  for (const field of ["tcb_info", "qe_identity"] as const) {
    const changed = intel.collateral[field].replace("UpToDate", "OutOfDate");
    const collaterals = [{ ...intel.collateral, [field]: changed }];
    assertEquals(refusals(evidence, policyOf(intel, { collaterals })), ["collateral"], field);
    const broken = [{ ...intel.collateral, [field]: "{" }];
    assertEquals(refusals(evidence, policyOf(intel, { collaterals: broken })), ["collateral"], field);
  }
  for (const days of [-16, 16]) {
    const [code] = refusals(evidence, policyOf(intel, { nowMs: intel.nowMs + days * DAY_MS }));
    assertEquals(code, "crl");
  }
});

Deno.test("a quote with one bit changed is refused, whichever part it is in", () => {
  const quote = Uint8Array.fromBase64(evidence.quote, { alphabet: "base64url" });
  // Header, MRTD, RTMR3, report data, the quote's signature, its key, the QE's report, the platform's certificate.
  for (const at of [20, 190, 530, 600, 640, 710, 800, 1500]) {
    const changed = quote.slice();
    changed[at]! ^= 1;
    const text = changed.toBase64({ alphabet: "base64url", omitPadding: true });
    const verdict = verifyEvidence({ ...evidence, quote: text }, policyOf(intel));
    assertEquals(verdict.proved, false, `byte ${at}`);
    assertEquals(verdict.quote, undefined, `byte ${at}`);
  }
  for (const length of [1, 47, 48, 631, 700, 1200, quote.length - 1]) {
    const text = quote.subarray(0, length).toBase64({ alphabet: "base64url", omitPadding: true });
    assertEquals(verifyEvidence({ ...evidence, quote: text }, policyOf(intel)).proved, false, `${length} bytes`);
  }
});

Deno.test("a quote whose certificates have names that can't be read is refused, and nothing is thrown", () => {
  const quote = Uint8Array.fromBase64(evidence.quote, { alphabet: "base64url" });
  const text = new TextDecoder("latin1").decode(quote);
  const [block] = /(?<=-----BEGIN CERTIFICATE-----)[^-]+/.exec(text)!;
  const der = Uint8Array.fromBase64(block.replaceAll(/\s/g, ""));
  // 2.5.4.3, a common name: of the issuer, then of the subject. Two bytes further on stands the name.
  const names = der.keys().filter((at) => der.subarray(at, at + 3).toHex() === "550403").toArray();
  assertEquals(names.length, 2);
  for (const index of names) {
    for (const at of [3, 4, 5, 6]) {
      const changed = der.slice();
      changed[index + at] = 0xff;
      const pem = changed.toBase64().replaceAll(/.{64}/g, "$&\n");
      const spoiled = new TextEncoder().encode(`\n${pem}\n`.padEnd(block.length, "\n").slice(0, block.length));
      const bytes = quote.slice();
      bytes.set(spoiled, text.indexOf(block));
      const shown = { ...evidence, quote: bytes.toBase64({ alphabet: "base64url", omitPadding: true }) };
      assertEquals(refusals(shown, policyOf(intel)), ["certificate"], `byte ${index + at}`);
    }
  }
});

Deno.test("a machine that can be debugged from outside is refused", async () => {
  assertEquals(refusals(await evidenceOf(intel, { td: { debug: true } }), policyOf(intel)), ["quote"]);
});

Deno.test("a quote over other claims, or made for another purpose, is refused", async () => {
  const { text } = encodeClaims({ ...CLAIMS, agentId: "another" });
  assertEquals(refusals({ ...evidence, claims: text }, policyOf(intel)), ["report-data"]);
  const bare = new Uint8Array(await crypto.subtle.digest("SHA-512", encodeClaims(CLAIMS).bytes));
  assertEquals(refusals(await evidenceOf(intel, { td: { reportData: bare } }), policyOf(intel)), ["report-data"]);
});

Deno.test("another measurement is refused, and one of several expected ones is enough", () => {
  const other = new Map([["mrtd", new Set(["00".repeat(48)])]]);
  const { reasons } = verifyEvidence(evidence, policyOf(intel, { measurements: other }));
  assertEquals(reasons.map(({ code }) => code), ["measurement", "measurement-unnamed"]);
  assertStringIncludes(reasons[0]!.text, REGISTERS.mrtd.toHex());
  const either = new Map([...policyOf(intel).measurements]).set(
    "mrtd",
    new Set(["00".repeat(48), REGISTERS.mrtd.toHex()]),
  );
  assertEquals(refusals(evidence, policyOf(intel, { measurements: either })), []);
});

Deno.test("without an expected measurement of the platform nothing is proved", async () => {
  assertEquals(refusals(evidence, policyOf(intel, { measurements: new Map() })), ["measurement-unnamed"]);
  const pcr = new Map([["pcr0", new Set(["00".repeat(48)])]]);
  assertEquals(refusals(evidence, policyOf(intel, { measurements: pcr })), ["measurement-unnamed"]);
  const { text, rtmr3 } = eventLogOf([{ event: "compose-hash", payload: "ab".repeat(32) }, { event: "boot-mr-done" }]);
  const logged = await evidenceOf(intel, { td: { registers: { ...REGISTERS, rtmr3 } }, eventLog: text });
  const composeHash = "ab".repeat(32);
  assertEquals(refusals(logged, policyOf(intel, { measurements: new Map(), composeHash })), ["measurement-unnamed"]);
  assertEquals(refusals(evidence, policyOf(intel, { measurements: new Map(), requireMeasurement: false })), []);
});

Deno.test("where a system tells in RTMR3 what it runs, its own measurements are not enough, with a log of events or without", async () => {
  const composeHash = "ab".repeat(32);
  const { text, rtmr3 } = eventLogOf([{ event: "compose-hash", payload: composeHash }, { event: "boot-mr-done" }]);
  const td = { registers: { ...REGISTERS, rtmr3 } };
  const logged = await evidenceOf(intel, { td, eventLog: text }), unlogged = await evidenceOf(intel, { td });
  const { measurements } = policyOf(intel);
  for (const evidence of [logged, unlogged]) {
    const { reasons, notCompared } = verifyEvidence(evidence, policyOf(intel));
    assertEquals(reasons.map(({ code }) => code), ["measurement-unnamed"]);
    assertStringIncludes(reasons[0]!.text, "--compose-hash");
    assertEquals(notCompared, ["rtmr3"]);
    const unasked = verifyEvidence(evidence, policyOf(intel, { requireMeasurement: false }));
    assertEquals([unasked.proved, unasked.notCompared], [true, ["rtmr3"]]);
    const named = new Map([...measurements, ["rtmr3", new Set([rtmr3.toHex()])]]);
    assertEquals(refusals(evidence, policyOf(intel, { measurements: named })), []);
  }
  assertEquals(refusals(logged, policyOf(intel, { composeHash })), []);
  assertEquals(refusals(unlogged, policyOf(intel, { composeHash })), ["compose-hash"]);
});

Deno.test("measurements that don't say which system runs prove nothing, however right they are", () => {
  const { quote } = verifyEvidence(evidence, policyOf(intel));
  const all = new Map(Object.entries(quote!.measurements).map(([name, value]) => [name, new Set([value])]));
  for (const name of ["mrtd", "rtmr1", "rtmr2"]) {
    const measurements = new Map(all);
    measurements.delete(name);
    const verdict = verifyEvidence(evidence, policyOf(intel, { measurements }));
    assertEquals(verdict.reasons.map(({ code }) => code), ["measurement-unnamed"], name);
    assertStringIncludes(verdict.reasons[0]!.text, `name ${name} with --measurement too`);
    assertEquals(verdict.notCompared, [name]);
    const only = new Map([[name, all.get(name)!]]);
    assertEquals(refusals(evidence, policyOf(intel, { measurements: only })), ["measurement-unnamed"], name);
  }
  for (const name of ["rtmr0", "rtmr3", "mrseam", "mrowner", "mrownerconfig", "mrconfigid"]) {
    const only = new Map([[name, all.get(name)!]]);
    assertEquals(refusals(evidence, policyOf(intel, { measurements: only })), ["measurement-unnamed"], name);
  }
  assertEquals(refusals(evidence, policyOf(intel, { measurements: all })), []);
});

Deno.test("of SGX an enclave or a signer is named, of Nitro the image", () => {
  const named = (platform: string, ...names: string[]) =>
    isIdentified(new Map(names.map((name) => [name, new Set(["00"])])), platform);
  assertEquals([named("sgx", "mrenclave"), named("sgx", "mrsigner"), named("nitro", "pcr0")], [true, true, true]);
  assertEquals([named("sgx", "isvsvn", "isvprodid"), named("nitro", "pcr1", "pcr2", "pcr3", "pcr4", "pcr8")], [
    false,
    false,
  ]);
});

Deno.test("evidence without the nonce of the challenge is refused", async () => {
  const nonce = "a challenge of today";
  assertEquals(refusals(evidence, policyOf(intel, { nonce })), ["nonce"]);
  const answer = await evidenceOf(intel, { claims: { ...CLAIMS, eat_nonce: nonce } });
  assertEquals(refusals(answer, policyOf(intel, { nonce })), []);
  assertEquals(refusals(answer, policyOf(intel, { nonce: "another challenge" })), ["nonce"]);
});

Deno.test("evidence from outside of a TEE says so, and proves nothing", () => {
  const { text } = encodeClaims(CLAIMS);
  assertEquals(refusals({ format: "none", claims: text }, policyOf(intel)), ["no-tee"]);
});

Deno.test("what is not evidence is refused without a word of what went wrong inside", () => {
  const jwk = { ...CLAIMS.cnf.jwk, x: toBase64Url(new Uint8Array(32).fill(2)) };
  const noPoint = { format: "none", claims: encodeClaims({ ...CLAIMS, cnf: { jwk } }).text };
  for (
    const value of [undefined, null, 7, noPoint, "evidence", [], {}, { format: "tdx-quote" }, {
      ...evidence,
      claims: "e30",
    }]
  ) {
    assertEquals(refusals(value, policyOf(intel)), ["evidence-malformed"]);
  }
  assertEquals(refusals({ ...evidence, format: "sgx-quote" }, policyOf(intel)), ["quote"]);
  assertEquals(refusals({ ...evidence, format: "nitro" }, policyOf(intel)), ["quote"]);
});
