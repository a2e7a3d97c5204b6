/** The signer: one key, one chain, whichever thread signs. */

import { assert, assertEquals } from "@std/assert";
import { parseToken } from "../../src/proof/answer_token.ts";
import { trustedKey, verifyEntry } from "../../src/proof/entries.ts";
import { createSigner, type Signer } from "../../src/proof/signer.ts";
import { startSigningThread } from "../../src/proof/signing_thread.ts";
import type { Outcome, Signatures } from "../../src/wire.ts";
import { answer, event, failure } from "../support/events.ts";
import { assertChain } from "../support/proof.ts";

/** Sign outcomes until a thread of its own does it, and some more; returns them in the order of their signatures. */
async function signUntilThreaded(signer: Signer): Promise<(Outcome & Signatures)[]> {
  const signed: (Outcome & Signatures)[] = [];
  let left = 100, isThreaded = false;
  for (let round = 0; left > 0; round++) {
    for (let index = 0; index < 40; index++) {
      const outcome = index % 7 === 0 ? failure(`${round}-${index}`) : answer(`${round}-${index}`);
      const before = signed.length;
      signer.sign(outcome, event(outcome.queryId), (signatures) => signed.push({ ...outcome, ...signatures }));
      isThreaded ||= signed.length === before;
      if (isThreaded) left--;
    }
    signer.finish();
    // The thread starts when this one lets the machine.
    await new Promise((resolve) => setTimeout(resolve));
  }
  return signed;
}

Deno.test("under load a thread of its own signs, with the same key, and the chain goes on from one to the other and back", async () => {
  using signer = await createSigner({ busy: 8 });
  signer.follow(undefined);
  const signed = await signUntilThreaded(signer);
  assertEquals(assertChain(signed), [signer.kid]);
  const keys = new Map([trustedKey(signer.jwk, { agentId: "agent" })]);
  for (const outcome of signed) {
    const verdict = verifyEntry(outcome, { keys, event: event(outcome.queryId) });
    assert(verdict.ok, JSON.stringify(verdict));
  }
  // A thread that is gone: whatever it did not sign is signed here.
  signer[Symbol.dispose]();
  signer.sign(answer("last"), event("last"), (signatures) => signed.push({ ...answer("last"), ...signatures }));
  assertEquals(signer.finish()?.seq, signed.length);
  assertChain(signed);
});

Deno.test("chains are signed for too, whichever thread made the token", async () => {
  using signer = await createSigner({ busy: 8, eip712: true });
  const signed = await signUntilThreaded(signer);
  const { signerAddress } = await import("../../src/proof/eip712.ts");
  const keys = new Map([trustedKey(signer.jwk, { agentId: "agent", ethAddress: signer.ethAddress })]);
  for (const outcome of [signed[0]!, signed.at(-1)!]) {
    assert(outcome.eip712Signature !== undefined);
    assert(verifyEntry(outcome, { keys, event: event(outcome.queryId), signerAddress }).ok);
  }
});

Deno.test("a chain is followed from where it ended", async () => {
  using signer = await createSigner();
  signer.follow({ seq: 41, last: "A".repeat(43) });
  let signature = "";
  signer.sign(answer("a"), event("a"), (signatures) => signature = signatures.signature!);
  const token = parseToken(signature);
  assert(token.ok);
  assertEquals([token.value.claims.seq, token.value.claims.prev], [42, "A".repeat(43)]);
});

Deno.test("each start has a key of its own, which nothing that the signer shows gives away", async () => {
  const asked: unknown[][] = [];
  const { generateKey } = crypto.subtle;
  crypto.subtle.generateKey = ((...args: Parameters<typeof generateKey>) => {
    asked.push(args);
    return generateKey.apply(crypto.subtle, args);
  }) as typeof generateKey;
  try {
    using one = await createSigner();
    using other = await createSigner();
    assert(one.kid !== other.kid);
    assertEquals(asked, [["Ed25519", false, ["sign", "verify"]], ["Ed25519", false, ["sign", "verify"]]]);
    assertEquals(Object.keys(one.jwk).toSorted(), ["crv", "kty", "x"]);
    const values = Object.values(one).filter((value) => typeof value !== "function" && typeof value !== "string");
    assertEquals(values, [one.jwk]);
  } finally {
    crypto.subtle.generateKey = generateKey;
  }
});

Deno.test("a thread empties the array that brought it the key", () => {
  const key = new Uint8Array(48);
  using _thread = startSigningThread(key, "header.");
  assertEquals(key.length, 0);
});
