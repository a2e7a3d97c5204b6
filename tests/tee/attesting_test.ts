/** The evidence of a process: of its start and of challenges, with at most one quote in ten seconds. @module */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { FatalError } from "../../src/errors.ts";
import { type Claims, type Evidence, reportData } from "../../src/proof/evidence.ts";
import { parseClaims, parseEvidence } from "../../src/proof/evidence_parsing.ts";
import { startAttesting } from "../../src/tee/attesting.ts";
import { QuoteError, type QuoteRequest, type QuoteSource } from "../../src/tee/sources/source.ts";
import { keptLog } from "../support/kept_log.ts";
import { allSettled, manualClock } from "../support/manual_clock.ts";

const CLAIMS = {
  agentId: "5f0f2a0c-0000-4000-8000-000000000001",
  cnf: { jwk: { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" } },
  version: "0.1.0 abcdef0",
  character_sha256: "a".repeat(64),
  settings_sha256: "b".repeat(64),
} as const;
const never = new AbortController().signal;
const nonce = (n: number) => `nonce-${String(n).padStart(4, "0")}`;

/** A source whose quotes are the report data; each of `failures` takes the place of one. */
function scripted(failures: readonly (QuoteError | undefined)[] = []) {
  const asked: QuoteRequest[] = [];
  const source: QuoteSource = {
    name: "a source",
    quote(request) {
      const failure = failures[asked.length];
      asked.push(request);
      if (failure) return Promise.reject(failure);
      const quote = request.data.toBase64({ alphabet: "base64url", omitPadding: true });
      return Promise.resolve({ format: "tdx-quote", quote });
    },
  };
  return { asked, source };
}

async function start(options: { source?: QuoteSource; requiredBy?: string } = {}) {
  const clock = manualClock(), { lines, log } = keptLog(clock);
  const { source, requiredBy } = options;
  const starting = startAttesting({ source, requiredBy, claims: CLAIMS, clock, log }, never);
  starting.catch(() => {}); // awaited below
  await clock.advance(60_000);
  return { clock, lines, attesting: await starting };
}

/** The claims of evidence, whose quote, if it has one, covers them. */
function claimsOf(evidence: Evidence): Claims {
  assert(parseEvidence(evidence).ok);
  const parsed = parseClaims(evidence.claims);
  assert(parsed.ok);
  const { claims, bytes } = parsed.value;
  if (evidence.format !== "none") {
    assertEquals(Uint8Array.fromBase64(evidence.quote, { alphabet: "base64url" }), reportData(bytes));
  }
  return claims;
}

function evidenceIn(answer: { evidence: Evidence } | { error: string }): Evidence {
  assert("evidence" in answer, JSON.stringify(answer));
  return answer.evidence;
}

Deno.test("the quote of the start covers claims without a nonce, with the time in seconds", async () => {
  const { asked, source } = scripted();
  const { attesting } = await start({ source });
  using _ = attesting;
  assertEquals(claimsOf(attesting.evidence), { ...CLAIMS, iat: 1_700_000_000 });
  assertEquals(attesting.evidence.format, "tdx-quote");
  assertEquals(asked.map(({ nonce }) => nonce), [undefined]);
});

Deno.test("without a source the evidence says none, and so does each challenge, at once", async () => {
  const { attesting } = await start();
  using _ = attesting;
  assertEquals(attesting.evidence.format, "none");
  assertEquals(claimsOf(attesting.evidence).eat_nonce, undefined);
  for (let n = 0; n < 100; n++) {
    const evidence = evidenceIn(await attesting.challenge(nonce(n)));
    assertEquals([evidence.format, claimsOf(evidence).eat_nonce], ["none", nonce(n)]);
  }
});

Deno.test("a challenge gets a quote over claims with its nonce, and the source is told the nonce", async () => {
  const { asked, source } = scripted();
  const { attesting } = await start({ source });
  using _ = attesting;
  assertEquals(claimsOf(evidenceIn(await attesting.challenge(nonce(1)))).eat_nonce, nonce(1));
  assertEquals(asked.map(({ nonce }) => nonce), [undefined, nonce(1)]);
});

Deno.test("a hundred challenges at once cost one quote, and one more after ten seconds, for the newest", async () => {
  const { asked, source } = scripted();
  const { clock, attesting } = await start({ source });
  using _ = attesting;
  const answers = Array.from({ length: 100 }, (_, n) => attesting.challenge(nonce(n)));
  assertEquals(claimsOf(evidenceIn(await answers[0]!)).eat_nonce, nonce(0));
  for (const answer of answers.slice(1, -1)) {
    assertEquals(await answer, { error: "a newer challenge came before this one was answered" });
  }
  await clock.advance(9_999);
  assertEquals(asked.length, 2);
  await clock.advance(1);
  assertEquals(claimsOf(evidenceIn(await answers.at(-1)!)).eat_nonce, nonce(99));
  assertEquals(asked.length, 3);
});

Deno.test("challenges over a minute, two a second, cost a quote in ten seconds, and none is left without an answer", async () => {
  const { asked, source } = scripted();
  const { clock, attesting } = await start({ source });
  using _ = attesting;
  const answers: Promise<unknown>[] = [];
  for (let n = 0; n < 120; n++) {
    answers.push(attesting.challenge(nonce(n)));
    await clock.advance(500);
  }
  assert(asked.length <= 1 + 7, `${asked.length} quotes`);
  await clock.advance(10_000);
  assertEquals((await Promise.all(answers)).length, 120);
});

Deno.test("the same nonce again gets the same evidence and costs nothing; after an error it is tried again", async () => {
  const { asked, source } = scripted([undefined, undefined, new QuoteError("busy", { isPassing: true })]);
  const { clock, attesting } = await start({ source });
  using _ = attesting;
  assertEquals(await attesting.challenge(nonce(1)), await attesting.challenge(nonce(1)));
  assertEquals(asked.length, 2);
  await clock.advance(10_000);
  assertEquals(await attesting.challenge(nonce(2)), { error: "there is no quote now: see the agent's log" });
  const again = attesting.challenge(nonce(2));
  await clock.advance(10_000);
  assertEquals(claimsOf(evidenceIn(await again)).eat_nonce, nonce(2));
});

Deno.test("a challenge that waits when the agent stops is told so, and later ones too", async () => {
  const { source } = scripted();
  const { attesting } = await start({ source });
  await attesting.challenge(nonce(1));
  const waiting = attesting.challenge(nonce(2));
  attesting[Symbol.dispose]();
  assertEquals(await waiting, { error: "the agent is shutting down" });
  assertEquals(await attesting.challenge(nonce(3)), { error: "the agent is shutting down" });
  await allSettled();
});

Deno.test("at the start a source that is not ready is asked again; one that refuses is not", async () => {
  const busy = new QuoteError("busy", { isPassing: true }), refused = new QuoteError("refused");
  const patient = scripted([busy, busy, busy]);
  const { attesting, lines } = await start({ source: patient.source, requiredBy: "TEE=required" });
  using _ = attesting;
  assertEquals([attesting.evidence.format, patient.asked.length], ["tdx-quote", 4]);
  assertEquals(lines.filter((line) => line.includes("it is asked again")).length, 3);
  const final = scripted([refused]);
  await assertRejects(() => start({ source: final.source, requiredBy: "TEE=required" }), FatalError);
  assertEquals(final.asked.length, 1);
});

Deno.test("a quote that is required and not to be had ends with 69; one that is not required leaves none", async () => {
  const refused = Array(9).fill(new QuoteError("no"));
  for (const options of [{}, { source: scripted(refused).source }]) {
    const error = await assertRejects(() => start({ ...options, requiredBy: "TEE=required" }), FatalError);
    assertEquals(error.exitCode, 69);
    assertMatch(error.message, /^TEE=required asks for a quote/);
  }
  const { attesting, lines } = await start({ source: scripted([new QuoteError("no")]).source });
  using _ = attesting;
  assertEquals(attesting.evidence.format, "none");
  assert(lines.some((line) => line.includes("no quote: the evidence says none")));
  // A source that works later serves challenges.
  assertEquals(evidenceIn(await attesting.challenge(nonce(1))).format, "tdx-quote");
});
