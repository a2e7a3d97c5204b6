/** Sealed entries: only the private key opens them, each in its own place, and their length is known beforehand. @module */

import { assertEquals, assertFalse, assertRejects } from "@std/assert";
import fc from "fast-check";
import { Buffer } from "node:buffer";
import { generateKeyPairSync } from "node:crypto";
import { FatalError } from "../../src/errors.ts";
import { ClosedError, createOpener, createOutputSeal } from "../../src/journal/sealed_entries.ts";
import { entryOf } from "../../src/wire.ts";
import { answer, failure } from "../support/events.ts";
import { anOutcome } from "./responses_fixture.ts";

const recorded = (outcome: Parameters<typeof entryOf>[0]) => ({ seq: 1, ...entryOf(outcome) });

/** A pair of keys as an operator makes them. */
function makeKeys() {
  const { publicKey, privateKey } = generateKeyPairSync("x25519");
  return {
    x: publicKey.export({ format: "jwk" }).x!,
    pem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    jwk: JSON.stringify(privateKey.export({ format: "jwk" })),
  };
}

Deno.test("what is sealed is opened by the private key in either form, byte for byte", async () => {
  const { x, pem, jwk } = makeKeys();
  const seal = await createOutputSeal(x);
  for (const opener of [await createOpener(pem), await createOpener(jwk)]) {
    for (const outcome of [answer("a", "the answer"), failure("b")]) {
      const { text } = await seal.seal(recorded(outcome));
      assertFalse(text.includes("the answer") || text.includes("no model"));
      const { queryId, timestamp, agentId, sealed } = JSON.parse(text);
      assertEquals({ queryId, timestamp, agentId }, {
        queryId: outcome.queryId,
        timestamp: outcome.timestamp,
        agentId: outcome.agentId,
      });
      assertEquals(sealed.split(".").length, 5);
      assertEquals(await opener.open(JSON.parse(text)), entryOf(outcome).text);
    }
  }
});

Deno.test("the length of a sealed entry, and all but its letters, are known before it is sealed", async () => {
  const seal = await createOutputSeal(makeKeys().x);
  await fc.assert(
    fc.asyncProperty(anOutcome, async (outcome) => {
      const expected = Buffer.from(seal.expectedText(recorded(outcome)));
      const text = Buffer.from((await seal.seal(recorded(outcome))).text);
      assertEquals(text.length, expected.length);
      for (const [index, byte] of expected.entries()) if (byte !== 0) assertEquals(text[index], byte);
    }),
    { numRuns: 50 },
  );
});

Deno.test("another key, a change and another entry's text are each told for what they are", async () => {
  const { x, pem } = makeKeys(), seal = await createOutputSeal(x), opener = await createOpener(pem);
  const entry = JSON.parse((await seal.seal(recorded(answer("a")))).text);
  const closed = (change: object, message: string, by = opener) =>
    assertRejects(() => by.open({ ...entry, ...change }), ClosedError, message);
  await closed({}, "it was sealed for another key", await createOpener(makeKeys().pem));
  await closed({ queryId: "b" }, "the entry of another event");
  await closed({ sealed: entry.sealed.slice(0, -3) + "abc" }, "damaged");
  await closed({ sealed: "nonsense" }, "damaged");
  await closed({ sealed: "" }, "damaged");
  assertEquals(await opener.open(JSON.parse(entryOf(answer("a")).text)), undefined);
  assertEquals(await opener.open(null), undefined);
});

Deno.test("a text that is no entry, and that anybody may have sealed for the public key, is told of and not opened", async () => {
  const { x, pem } = makeKeys();
  const seal = await createOutputSeal(x), opener = await createOpener(pem);
  const nested = `${'{"0":'.repeat(20_000)}1${"}".repeat(20_000)}`;
  for (const text of ["no JSON", "null", "7", '["a"]', `{"queryId":"a","x":${nested}}`]) {
    const sealed = JSON.parse((await seal.seal({ ...recorded(answer("a")), text })).text);
    await assertRejects(() => opener.open(sealed), ClosedError, "what was sealed is no entry");
  }
});

Deno.test("a key that can't be used is refused with 78, and nothing of it is told", async () => {
  const { exitCode } = await assertRejects(() => createOutputSeal("A".repeat(43)), FatalError, "AGENT_OUTPUT_KEY");
  assertEquals(exitCode, 78);
  const { publicKey } = generateKeyPairSync("x25519");
  for (const text of ["", "SECRET", "{SECRET", JSON.stringify(publicKey.export({ format: "jwk" }))]) {
    const error = await assertRejects(() => createOpener(text), FatalError, "no private X25519 key");
    assertEquals([error.exitCode, error.message.includes("SECRET")], [78, false]);
  }
});
