/** dstack's log of events, replayed into the registers of a quote. @module */

import { assertEquals, assertMatch } from "@std/assert";
import { verifyEvidence } from "../../../src/proof/verify/evidence.ts";
import { eventLogOf, evidenceOf, type FakeLogEvent, policyOf, REGISTERS } from "../../support/evidence.ts";
import { fakeIntel } from "../../support/fake_intel.ts";

const intel = await fakeIntel();
const COMPOSE = "c0".repeat(32);
const LOG: readonly FakeLogEvent[] = [
  { event: "system-preparing" },
  { event: "app-id", payload: "a1".repeat(20) },
  { event: "compose-hash", payload: COMPOSE },
  { event: "instance-id", payload: "1d".repeat(20) },
  { event: "boot-mr-done" },
  { event: "system-ready" },
];

/** What becomes of a log, if the machine's RTMR3 is the one that `booted` leads to. */
async function check(booted: readonly FakeLogEvent[], { told = eventLogOf(booted).text, composeHash = COMPOSE } = {}) {
  const { rtmr3 } = eventLogOf(booted);
  const evidence = await evidenceOf(intel, { td: { registers: { ...REGISTERS, rtmr3 } }, eventLog: told });
  const verdict = verifyEvidence(evidence, policyOf(intel, { composeHash }));
  return { codes: verdict.reasons.map(({ code }) => code), composeHash: verdict.composeHash };
}

/** A log with the fields of its events changed. */
function edited(
  log: readonly FakeLogEvent[],
  edit: (event: Record<string, unknown>) => Record<string, unknown>,
): string {
  return JSON.stringify(JSON.parse(eventLogOf(log).text).map(edit));
}

Deno.test("a log that leads to RTMR3 tells the compose file's hash, in both forms of dstack's digests", async () => {
  assertEquals(await check(LOG), { codes: [], composeHash: COMPOSE });
  assertEquals(await check(LOG.map((event) => ({ ...event, form: 2 }))), { codes: [], composeHash: COMPOSE });
});

Deno.test("a log whose events come without digests is replayed from their contents", async () => {
  const told = edited(LOG, (event) => ({ ...event, digest: "" }));
  assertEquals(await check(LOG, { told }), { codes: [], composeHash: COMPOSE });
});

Deno.test("another compose hash than the expected one is refused", async () => {
  assertEquals((await check(LOG, { composeHash: "00".repeat(32) })).codes, ["compose-hash"]);
});

Deno.test("a log that was changed is refused: an event's payload, its name, its digest, its order, one left out", async () => {
  const [first, second, ...rest] = LOG as [FakeLogEvent, FakeLogEvent, ...FakeLogEvent[]];
  const logs = {
    payload: edited(
      LOG,
      (event) => event.event === "compose-hash" ? { ...event, event_payload: "00".repeat(32) } : event,
    ),
    name: edited(LOG, (event) => event.event === "app-id" ? { ...event, event: "apps-id" } : event),
    digest: edited(LOG, (event) => ({ ...event, digest: "ab".repeat(48) })),
    order: eventLogOf([second, first, ...rest]).text,
    "one left out": eventLogOf(rest).text,
    "no log": "[]",
    "not a log": "{",
    "another type": edited(LOG, (event) => ({ ...event, event_type: 1 })),
  };
  for (const [what, told] of Object.entries(logs)) {
    const { codes } = await check(LOG, { told });
    assertEquals(codes.at(-1), "compose-hash", what);
    if (what !== "no log") assertEquals(codes, ["event-log", "compose-hash"], what);
  }
});

Deno.test("a log with too many events, or with wrong ones, is refused in one short reason", async () => {
  const event = { imr: 3, event_type: 0x08000001, digest: "", event: "x", event_payload: "" };
  const logs: [unknown, string][] = [
    [Array(10_001).fill(event), "10001"],
    [Array(9_000).fill({}), "event 1 in the log"],
    [[{ ...event, event: "x".repeat(900_000), digest: "ab".repeat(48) }], "the digest of the event"],
    [{}, "no JSON array"],
  ];
  for (const [log, says] of logs) {
    const { reasons } = verifyEvidence(await evidenceOf(intel, { eventLog: JSON.stringify(log) }), policyOf(intel));
    assertEquals(reasons.map(({ code }) => code), ["event-log"]);
    assertMatch(reasons[0]!.text, new RegExp(says));
    assertEquals(reasons[0]!.text.length <= 501, true);
  }
});

Deno.test("a compose hash counts only before the boot is done, and only once", async () => {
  const late = [{ event: "boot-mr-done" }, { event: "compose-hash", payload: COMPOSE }];
  assertEquals(await check(late), { codes: ["compose-hash"], composeHash: undefined });
  const neverDone = [{ event: "compose-hash", payload: COMPOSE }];
  assertEquals(await check(neverDone), { codes: ["compose-hash"], composeHash: undefined });
  const twice = [{ event: "compose-hash", payload: "00".repeat(32) }, ...LOG];
  assertEquals((await check(twice)).codes, ["event-log", "compose-hash"]);
  const again = [...LOG, { event: "compose-hash", payload: "00".repeat(32) }];
  assertEquals(await check(again), { codes: [], composeHash: COMPOSE });
});

Deno.test("the firmware's events lead to their registers too, where the log has them", async () => {
  const { text, rtmr3 } = eventLogOf(LOG);
  const digest = new Uint8Array(48).fill(0xee);
  const rtmr1 = new Uint8Array(await crypto.subtle.digest("SHA-384", Uint8Array.of(...new Uint8Array(48), ...digest)));
  const firmware = { imr: 1, event_type: 0x80000008, digest: digest.toHex(), event: "", event_payload: "0102" };
  const eventLog = JSON.stringify([firmware, ...JSON.parse(text)]);
  const codes = async (registers: Record<string, Uint8Array>) => {
    const evidence = await evidenceOf(intel, { td: { registers: { ...REGISTERS, ...registers } }, eventLog });
    return verifyEvidence(evidence, policyOf(intel, { measurements: new Map(), requireMeasurement: false })).reasons
      .map(({ code }) => code);
  };
  assertEquals(await codes({ rtmr1, rtmr3 }), []);
  assertEquals(await codes({ rtmr3 }), ["event-log"]);
});
