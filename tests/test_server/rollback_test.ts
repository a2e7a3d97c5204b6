/** The test server notices an older state that was put back, whatever the clock of the agent says. @module */

import { assertEquals } from "@std/assert";
import { textDigest } from "../../src/proof/claims.ts";
import { createSigner, type Signer } from "../../src/proof/signer.ts";
import { createProofs, type ProofPolicy, type Proofs } from "../../src/test_server/proofs.ts";
import type { Signatures } from "../../src/wire.ts";
import { connect } from "../support/client.ts";
import { CLAIMS, evidenceOf, policyOf } from "../support/evidence.ts";
import { event } from "../support/events.ts";
import { FAKE_CLOCK } from "../support/fake_clock.ts";
import { fakeIntel } from "../support/fake_intel.ts";
import { type ServerUnderTest, startServer } from "../support/server.ts";
import { http } from "./agent_server.ts";
import { proveTo, withNonce } from "./proving.ts";

const intel = await fakeIntel();
const { nowMs: _, ...expected } = policyOf(intel);
const POLICY: ProofPolicy = { ...expected, requireMeasurement: false };
const { agentId } = CLAIMS;
/** By the agent's clock, in milliseconds since the epoch. */
const NOW_MS = 1_781_524_800_000, MINUTE_MS = 60_000;

function evidenceFor({ jwk }: Signer) {
  return evidenceOf(intel, { claims: { ...CLAIMS, cnf: { jwk } } });
}

/** A process of the agent that goes on behind this place of its chain, and the token there. */
async function processAt(seq: number, token = ""): Promise<Signer> {
  const signer = await createSigner();
  signer.follow({ seq, last: textDigest(token) });
  return signer;
}

/** Its next answer, to the event of this id. */
function answer(signer: Signer, id: string, timestamp: number) {
  const outcome = { queryId: id, response: `Answer to ${id}.`, timestamp, agentId };
  let signatures: Signatures = {};
  signer.sign(outcome, event(id), (made) => signatures = made);
  signer.finish();
  return { type: "response", ...outcome, ...signatures };
}

async function statesOf(server: ServerUnderTest, ids: readonly string[]) {
  return await Promise.all(ids.map(async (id) => {
    const { answers } = await (await fetch(`${http(server)}/api/events/${id}`)).json();
    return answers.at(-1).signature.state;
  }));
}

/** The processes prove their keys one after the other, and each gives its answers. Returns what came of each event. */
async function run(
  processes: readonly { signer: Signer; answers: readonly ReturnType<typeof answer>[] }[],
): Promise<{ states: unknown[]; broken: unknown }> {
  await using server = await startServer({ events: [], proofPolicy: POLICY, clock: FAKE_CLOCK });
  let count = 0, broken: unknown;
  for (const { signer, answers } of processes) {
    await using agent = await connect(server.url);
    await proveTo(agent, { intel, evidence: await evidenceFor(signer) });
    await server.printed(`🛡️ Proved: the key ${signer.kid}`);
    await using asker = await connect(server.url);
    asker.send(...answers.map(({ queryId }) => event(queryId)));
    await agent.received(2 + answers.length);
    agent.send(...answers);
    await server.responses(count += answers.length);
    broken = (await (await fetch(`${http(server)}/api/agents`)).json()).agents.at(-1).broken;
    await agent[Symbol.asyncDispose]();
    await asker[Symbol.asyncDispose]();
  }
  const ids = new Set(processes.flatMap(({ answers }) => answers.map(({ queryId }) => queryId)));
  return { states: await statesOf(server, [...ids]), broken };
}

for (const backMs of [0, MINUTE_MS]) {
  const clock = backMs === 0 ? "goes on" : "was set back";
  Deno.test(`each answer of an older state by a later key is broken until it has caught up, where the clock ${clock}`, async () => {
    using one = await processAt(500);
    using two = await processAt(100);
    const { states, broken } = await run([
      { signer: one, answers: [answer(one, "a", NOW_MS), answer(one, "b", NOW_MS + 1)] },
      {
        signer: two,
        answers: [answer(two, "c", NOW_MS + 2 - backMs), answer(two, "d", NOW_MS + 3 - backMs)],
      },
    ]);
    assertEquals(states, ["holds", "holds", "broken", "broken"]);
    assertEquals(broken, "Its chain of answers went back: an older state was put back, or two agents have one id.");
  });
}

Deno.test("a later key that goes on in the chain holds though the clock was set back, and so do old answers, sent again or late", async () => {
  using one = await processAt(500);
  const [a, b, lost, d] = ["a", "b", "lost", "d"].map((id) => answer(one, id, NOW_MS));
  using two = await processAt(504, d!.signature);
  const { states, broken } = await run([
    { signer: one, answers: [a!, b!, d!] },
    { signer: two, answers: [answer(two, "e", NOW_MS - MINUTE_MS), b!, lost!, d!] },
  ]);
  assertEquals(states, ["holds", "holds", "holds", "holds", "holds"]);
  assertEquals(broken, undefined);
});

/** Challenge both keys before either answers, or one after the other; then the second goes back in the chain. */
async function challenged(how: "at once" | "in turn"): Promise<unknown> {
  const proofs = createProofs({ policy: POLICY, now: FAKE_CLOCK.now });
  using one = await processAt(500);
  using two = await processAt(100);
  const prove = async (signer: Signer, challenge: ReturnType<Proofs["challenge"]>) => {
    const evidence = await withNonce(await evidenceFor(signer), { intel, nonce: challenge.nonce });
    assertEquals((await proofs.check(evidence, { agentId, challenge })).isFresh, true);
  };
  const first = proofs.challenge(), second = how === "at once" ? proofs.challenge() : undefined;
  await prove(one, first);
  await prove(two, second ?? proofs.challenge());
  const judge = (frame: ReturnType<typeof answer>) =>
    proofs.judge(JSON.stringify(frame), event(frame.queryId), { agentId, mustSign: true })?.state;
  assertEquals(judge(answer(one, "a", NOW_MS)), "holds");
  return judge(answer(two, "b", NOW_MS - MINUTE_MS));
}

Deno.test("a key is later than another only where it was challenged after the other was proved", async () => {
  assertEquals([await challenged("in turn"), await challenged("at once")], ["broken", "holds"]);
});
