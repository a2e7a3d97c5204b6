/** The signer: one key, one chain, whichever thread signs, and whatever happens to the other one. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { parseToken } from "../../src/proof/token_parsing.ts";
import { trustedKey, verifyEntry } from "../../src/proof/entries.ts";
import { createSigner, type Signer } from "../../src/proof/signer.ts";
import { type SigningThread, startSigningThread } from "../../src/proof/signing_thread.ts";
import type { Outcome, Signatures } from "../../src/wire.ts";
import { answer, event, failure } from "../support/events.ts";
import { assertChain } from "../support/proof.ts";

type Options = Parameters<typeof startSigningThread>[1];

/** A signer that wants its thread at the fourth outcome, and what it signed, in order. */
async function startSigner({ eip712 = false, thread = {} }: { eip712?: boolean; thread?: Partial<Options> } = {}) {
  let started: SigningThread | undefined, lost = 0;
  const ordered: number[] = [];
  const signer = await createSigner({
    eip712,
    busy: 4,
    onThreadLost: () => lost++,
    loadThread: () =>
      Promise.resolve({
        startSigningThread(key, options) {
          const real = startSigningThread(key, { ...options, ...thread });
          const order: SigningThread["order"] = (given) => {
            ordered.push(given.facts.length);
            real.order(given);
          };
          return started = { ...real, order };
        },
      }),
  });
  signer.follow(undefined);
  const signed: (Outcome & Signatures)[] = [];
  let asked = 0;
  return {
    signer,
    signed,
    /** How many outcomes each order to the thread had. */
    ordered,
    lost: () => lost,
    /** Sign so many more. Returns how many of them were signed at once. */
    sign(count: number): number {
      const before = signed.length;
      for (let index = 0; index < count; index++) {
        const id = `${asked++}`, outcome = index % 7 === 0 ? failure(id) : answer(id);
        signer.sign(outcome, event(id), (signatures) => signed.push({ ...outcome, ...signatures }));
      }
      return signed.length - before;
    },
    /** Wait until its thread is in this state. */
    async until(state: ReturnType<SigningThread["state"]>) {
      while (started?.state() !== state) await new Promise((resolve) => setTimeout(resolve, 5));
    },
    [Symbol.dispose]: () => signer[Symbol.dispose](),
  };
}

/** Assert that all of it is one chain by one key, and that each signature holds. */
function assertSigned(signer: Signer, signed: readonly (Outcome & Signatures)[], count: number): void {
  assertEquals(signed.length, count);
  assertEquals(assertChain(signed), [signer.kid]);
  const keys = new Map([trustedKey(signer.jwk, { agentId: "agent" })]);
  for (const outcome of signed) {
    const verdict = verifyEntry(outcome, { keys, event: event(outcome.queryId) });
    assert(verdict.ok, JSON.stringify(verdict));
  }
}

/** A worker that runs this text in place of the signing thread's program. */
function workerOf(program: string): () => Worker {
  return () => new Worker(`data:text/javascript,${encodeURIComponent(program)}`, { type: "module" });
}

Deno.test("under load a thread of its own signs with the same key, and the chain goes on from one to the other and back", async () => {
  using started = await startSigner();
  const { signer, signed } = started;
  assertEquals(started.sign(3), 3);
  signer.finish();
  started.sign(100);
  signer.finish();
  await started.until("ready");
  assertEquals(started.sign(150), 0);
  signer.advance();
  assert(signed.length > 103 && signed.length < 253, "some of them, in order");
  assertEquals(started.sign(10), 0);
  signer.finish();
  assertSigned(signer, signed, 263);
  // Without its thread it signs what it is asked to.
  started.sign(5);
  signer[Symbol.dispose]();
  started.sign(5);
  assertEquals(signer.finish()?.seq, 273);
  assertSigned(signer, signed, 273);
  assertEquals(started.lost(), 0);
});

Deno.test("told that all is soon needed, the thread begins with what it was not given yet", async () => {
  using started = await startSigner();
  const { signer, signed, ordered } = started;
  signer.start();
  started.sign(10);
  signer.start();
  signer.finish();
  await started.until("ready");
  assertEquals(ordered, [], "there was no thread");
  started.sign(70);
  assertEquals(ordered, [64]);
  signer.start();
  signer.start();
  assertEquals(ordered, [64, 6]);
  started.sign(3);
  assertEquals(signed.length, 10);
  signer.finish();
  assertEquals(ordered, [64, 6, 3]);
  assertSigned(signer, signed, 83);
});

Deno.test("where load is expected the thread is there before it, and does not hold up the few that come alone", async () => {
  using started = await startSigner();
  const { signer, signed, ordered } = started;
  signer.expectLoad();
  await started.until("ready");
  for (const count of [1, 16]) {
    started.sign(count);
    signer.start();
    signer.finish();
  }
  assertEquals(ordered, []);
  assertSigned(signer, signed, 17);
  started.sign(17);
  signer.start();
  assertEquals(ordered, [17]);
  // It is at work.
  started.sign(1);
  signer.start();
  assertEquals(ordered, [17, 1]);
  signer.finish();
  assertSigned(signer, signed, 35);
  started.sign(10);
  signer.advance();
  assertEquals(started.sign(70), 0);
  assertEquals(ordered, [17, 1, 64]);
  signer.finish();
  assertSigned(signer, signed, 115);
});

Deno.test("whatever mix of few and many is signed, advanced and finished, the thread's end among it: one chain, in order", async () => {
  const aSign = fc.record({
    what: fc.constant("sign" as const),
    count: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 60, max: 150 })),
  });
  const aCall = fc.record({ what: fc.constantFrom("start", "advance", "finish", "turn") });
  const anEnd = fc.record({ what: fc.constant("dispose" as const) });
  const steps = fc.array(
    fc.oneof({ arbitrary: aSign, weight: 9 }, { arbitrary: aCall, weight: 9 }, { arbitrary: anEnd, weight: 1 }),
    { maxLength: 40 },
  );
  await fc.assert(
    fc.asyncProperty(steps, fc.boolean(), async (steps, isReady) => {
      using started = await startSigner();
      const { signer, signed } = started;
      if (isReady) {
        signer.expectLoad();
        await started.until("ready");
      }
      let asked = 0;
      for (const step of steps) {
        if ("count" in step) {
          asked += step.count;
          started.sign(step.count);
        } else if (step.what === "start") signer.start();
        else if (step.what === "advance") signer.advance();
        else if (step.what === "finish") assertEquals(signer.finish()?.seq ?? 0, asked);
        else if (step.what === "dispose") signer[Symbol.dispose]();
        else await new Promise((resolve) => setTimeout(resolve));
      }
      signer.finish();
      if (asked > 0) assertSigned(signer, signed, asked);
    }),
    { numRuns: 60 },
  );
});

Deno.test("chains are signed for too, whichever thread made the token", async () => {
  using started = await startSigner({ eip712: true });
  const { signer, signed } = started;
  started.sign(4);
  signer.finish();
  await started.until("ready");
  assertEquals(started.sign(4), 0);
  signer.finish();
  const { signerAddress } = await import("../../src/proof/eip712.ts");
  const keys = new Map([trustedKey(signer.jwk, { agentId: "agent", ethAddress: signer.ethAddress })]);
  for (const outcome of signed) {
    assert(outcome.eip712Signature !== undefined);
    assert(verifyEntry(outcome, { keys, event: event(outcome.queryId), signerAddress }).ok);
  }
});

const READY = "Atomics.store(new Int32Array(data.shared), 0, 1)";
/** Threads that do not work, by what is wrong with them. */
const BROKEN: Record<string, { thread: Partial<Options>; state: ReturnType<SigningThread["state"]> }> = {
  "can't be started": {
    thread: {
      start: () => {
        throw new Error("no thread");
      },
    },
    state: "failed",
  },
  "ends with an error at once": { thread: { start: workerOf("missing()") }, state: "failed" },
  "never gets ready": { thread: { start: workerOf("onmessage = () => {}") }, state: "starting" },
  "makes no tokens": {
    thread: { start: workerOf(`onmessage = ({ data }) => ${READY}`), patienceMs: 1 },
    state: "ready",
  },
  "says that it failed": {
    thread: {
      start: workerOf(`onmessage = ({ data }) => {
        const counters = new Int32Array(data.shared);
        data.port.onmessage = () => { Atomics.store(counters, 0, 2); Atomics.notify(counters, 1); };
        ${READY};
      }`),
    },
    state: "ready",
  },
  "makes tokens for its first order alone": {
    thread: {
      // The real program, whose messages from the second on are lost.
      start: () => {
        const url = new URL("../../src/proof/signing_program.ts", import.meta.url).href;
        return workerOf(`await import("${url}"); const begin = onmessage;
          onmessage = ({ data }) => {
            const { port1, port2 } = new MessageChannel();
            let orders = 0;
            data.port.onmessage = ({ data }) => { if (orders++ === 0) port1.postMessage(data); };
            port1.onmessage = (message) => data.port.postMessage(message.data);
            begin({ data: { ...data, port: port2 } });
          };
          postMessage("started");`)();
      },
      patienceMs: 200,
    },
    state: "ready",
  },
};

for (const [what, { thread, state }] of Object.entries(BROKEN)) {
  Deno.test(`a thread that ${what} loses nothing: the main thread signs, and says once that it has to`, async () => {
    using started = await startSigner({ thread });
    const { signer, signed } = started;
    started.sign(10);
    signer.finish();
    if (what !== "can't be started") await started.until(state);
    for (let round = 0; round < 3; round++) {
      started.sign(100);
      signer.finish();
      await new Promise((resolve) => setTimeout(resolve));
    }
    assertSigned(signer, signed, 310);
    assertEquals(started.lost(), state === "starting" ? 0 : 1);
  });
}

Deno.test("a chain is followed from where it ended", async () => {
  using signer = await createSigner();
  signer.follow({ seq: 41, last: "A".repeat(43) });
  let signature = "";
  signer.sign(answer("a"), event("a"), (signatures) => signature = signatures.signature!);
  const token = parseToken(signature);
  assert(token.ok);
  assertEquals([token.value.claims.seq, token.value.claims.prev], [42, "A".repeat(43)]);
});

Deno.test("each start has a key of its own, which WebCrypto exports to nobody, and nothing that the signer shows gives away", async () => {
  const { generateKey } = crypto.subtle;
  const made: CryptoKeyPair[] = [];
  crypto.subtle.generateKey = (async (...args: Parameters<typeof generateKey>) => {
    const pair = await generateKey.apply(crypto.subtle, args) as unknown as CryptoKeyPair;
    made.push(pair);
    return pair;
  }) as unknown as typeof generateKey;
  try {
    using one = await createSigner();
    using other = await createSigner();
    assert(one.kid !== other.kid);
    for (const { privateKey } of made) {
      assertEquals([privateKey.extractable, privateKey.usages], [false, ["sign"]]);
      for (const format of ["pkcs8", "raw-seed", "raw-private"]) {
        // Deno 2.7.11 knows the first one alone.
        await assertRejects(() => crypto.subtle.exportKey(format as "pkcs8", privateKey));
      }
      await assertRejects(() => crypto.subtle.exportKey("jwk", privateKey), DOMException);
    }
    assertEquals(Object.keys(one.jwk).toSorted(), ["crv", "kty", "x"]);
    const values = Object.values(one).filter((value) => typeof value !== "function" && typeof value !== "string");
    assertEquals(values, [one.jwk]);
  } finally {
    crypto.subtle.generateKey = generateKey;
  }
});
