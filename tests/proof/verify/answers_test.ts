/** Signed answers checked one after the other: what is missing between them, and what is told of a chain that goes back. @module */

import { assertEquals } from "@std/assert";
import { textDigest } from "../../../src/proof/claims.ts";
import { createSigner, type Signer } from "../../../src/proof/signer.ts";
import { checkAnswers } from "../../../src/proof/verify/answers.ts";
import type { EvidenceVerdict } from "../../../src/proof/verify/evidence.ts";
import { CLAIMS } from "../../support/evidence.ts";

/** An entry that a key signed as of an agent. */
type Entry = Readonly<Record<string, unknown>> & { readonly signature: string };

/** A key of an agent, proved by its evidence, that signs one answer after the other. */
async function makeKey(agentId: string) {
  const signer = await createSigner();
  const evidence = {
    proved: true,
    reasons: [],
    warnings: [],
    claims: { ...CLAIMS, agentId, cnf: { jwk: signer.jwk } },
  } as EvidenceVerdict;
  return {
    evidence,
    say: (seq: number, after?: Entry, timestamp = 1_000 + seq) => say(signer, { agentId, seq, after, timestamp }),
  };
}

function say(
  signer: Signer,
  { agentId, seq, after, timestamp }: { agentId: string; seq: number; after: Entry | undefined; timestamp: number },
): Entry {
  signer.follow(after && { seq: seq - 1, last: textDigest(after.signature) });
  const outcome = { queryId: `${agentId} ${seq}`, response: "Yes.", timestamp, agentId };
  let entry: Entry | undefined;
  signer.sign(outcome, { id: outcome.queryId, query: "?", timestamp }, ({ signature = "" }) => {
    entry = { ...outcome, signature };
  });
  signer.finish();
  return entry!;
}

const [one, two] = [await makeKey("one"), await makeKey("two")];
/** Places 1 to 8, of which 3, 4 and 6 were signed while the state was run under another id. */
const places: Entry[] = [];
for (const seq of [1, 2, 3, 4, 5, 6, 7, 8]) {
  places.push(([3, 4, 6].includes(seq) ? two : one).say(seq, places.at(-1)));
}

/** How many answers are missing in all, of those at the places that are given. */
function missing(entries: readonly Entry[]): number {
  const check = checkAnswers([one.evidence, two.evidence]);
  return entries.map(check).reduce((sum, { missing }) => sum + missing, 0);
}

/** Why each of the entries is refused, and how many warnings there are. */
function check(entries: readonly Entry[], evidence: readonly EvidenceVerdict[]) {
  const verdicts = entries.map(checkAnswers(evidence));
  return {
    codes: verdicts.map(({ reasons }) => reasons.map(({ code }) => code)),
    warnings: verdicts.filter(({ warning }) => warning !== undefined).length,
  };
}

const at = (...seqs: readonly number[]) => seqs.map((seq) => places[seq - 1]!);

Deno.test("nothing is missing where a state was run under another id in between", () => {
  assertEquals(missing(places), 0);
});

Deno.test("what is missing between answers of two ids is told of", () => {
  assertEquals(missing(at(1, 2, 5)), 2);
  assertEquals(missing(at(1, 2, 3, 5)), 1);
  assertEquals(missing(at(1, 2, 4, 5)), 1);
  assertEquals(missing(at(1, 2, 3, 4, 5, 8)), 2);
});

Deno.test("the answers of an agent of its own don't stand for missing ones", () => {
  const apart = [two.say(1)];
  for (const seq of [2, 3, 4, 5]) apart.push(two.say(seq, apart.at(-1)));
  assertEquals(missing([...at(1, 2), ...apart, ...at(5)]), 2);
});

Deno.test("a new key that goes back is a rollback by its time, and a warning where the clock was set back too", async () => {
  const before = await makeKey("agent"), after = await makeKey("agent");
  const evidence = [before.evidence, after.evidence], [start] = at(1);
  const first = before.say(500, start, 10_000), later = [first, before.say(501, first, 11_000)];
  const back = (timeMs: number) => {
    const again = after.say(101, start, timeMs);
    return [again, after.say(102, again, timeMs + 1_000)];
  };
  const honest = check([...later, ...back(12_000)], evidence);
  assertEquals(honest, { codes: [[], [], ["rollback"], []], warnings: 0 });
  const setBack = check([...later, ...back(9_000)], evidence);
  assertEquals(setBack, { codes: [[], [], [], []], warnings: 1 });
  const sorted = check([...back(9_000), ...later], evidence);
  assertEquals(sorted, { codes: [[], [], [], []], warnings: 0 });
});

Deno.test("an answer that comes late by a key that was there before is no reason for a warning", () => {
  assertEquals(check(at(1, 7, 2, 8, 5), [one.evidence]).warnings, 0);
});
