import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { textDigest } from "../../src/proof/claims.ts";
import { type ChainLink, type ChainVerdict, watchChain } from "../../src/proof/chain.ts";

/** Tokens of one key, each after the one before; `after`: what the first one follows. */
function links(kid: string, count: number, after?: ChainLink): ChainLink[] {
  const made: ChainLink[] = [];
  for (let last = after; made.length < count;) {
    const seq = (last?.seq ?? 0) + 1;
    const prev = last && { prev: last.digest };
    last = { iss: "agent", kid, seq, ...prev, timestamp: 1_000 + seq, digest: textDigest(`${kid} ${seq}`) };
    made.push(last);
  }
  return made;
}

function verdicts(seen: readonly ChainLink[]): string[] {
  const chain = watchChain();
  return seen.map((link) => describe(chain.add(link)));
}

function describe(verdict: ChainVerdict): string {
  return verdict.state === "gap" ? `gap of ${verdict.missing}` : verdict.state;
}

Deno.test("a chain that goes on over restarts is whole, and copies are copies", () => {
  const first = links("a", 3), second = links("b", 2, first.at(-1));
  assertEquals(verdicts([...first, ...second, first[1]!, second[0]!]), ["ok", "ok", "ok", "ok", "ok", "copy", "copy"]);
});

Deno.test("a watcher that begins in the middle sees no fault, and counts what is missing later", () => {
  const all = links("a", 9);
  assertEquals(verdicts([all[3]!, all[4]!, all[8]!, all[5]!, all[7]!]), ["ok", "ok", "gap of 3", "late", "late"]);
});

Deno.test("an old state that is put back shows as a rollback, as long as the chain is behind, and at the seam", () => {
  const first = links("a", 5), second = links("b", 4, first[2]);
  assertEquals(verdicts([...first, ...second]), [
    "ok",
    "ok",
    "ok",
    "ok",
    "ok",
    "rollback",
    "rollback",
    "rollback",
    "ok",
  ]);
});

Deno.test("a state that was deleted shows as a rollback", () => {
  assertEquals(verdicts([...links("a", 2), ...links("b", 1)]), ["ok", "ok", "rollback"]);
  // The places that it takes were not seen: it is told by its time.
  const [first] = links("b", 1);
  assertEquals(verdicts([...links("a", 5).slice(3), { ...first!, timestamp: 2_000 }]), ["ok", "ok", "rollback"]);
});

Deno.test("a copy under a key from before the watcher began is late, not a rollback", () => {
  const old = links("a", 5), now = links("b", 3, old.at(-1));
  assertEquals(verdicts([...now, old[2]!]), ["ok", "ok", "ok", "late"]);
});

Deno.test("two tokens of one key at one place are a fork", () => {
  const [first, second] = links("a", 2) as [ChainLink, ChainLink];
  const other = { ...second, digest: textDigest("other") };
  assertEquals(verdicts([first, second, other]), ["ok", "ok", "fork"]);
  assertEquals(verdicts([first, { ...second, prev: textDigest("another") }]), ["ok", "fork"]);
});

Deno.test("whatever order the tokens of one chain come in, and however often, none is a fork or a rollback of its key", () => {
  const all = links("a", 8);
  fc.assert(fc.property(fc.array(fc.constantFrom(...all)), (seen) => {
    assertEquals(verdicts(seen).filter((verdict) => ["fork", "rollback"].includes(verdict)), []);
  }));
});

Deno.test("what is remembered is bounded: an older copy counts as late", () => {
  const all = links("a", 5), chain = watchChain({ remembered: 4 });
  for (const link of all) assertEquals(chain.add(link).state, "ok");
  assertEquals([chain.add(all[4]!).state, chain.add(all[0]!).state, chain.head], ["copy", "late", all[4]]);
});
