/** The page shows in a real browser what agents have proved, and what came of their signatures. @module */

import { assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import axe from "axe-core";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import type { Quoted } from "../../../src/proof/evidence.ts";
import { parseClaims } from "../../../src/proof/evidence_parsing.ts";
import { browserTests } from "../../support/browser.ts";
import { type Client, connect } from "../../support/client.ts";
import { CLAIMS, evidenceOf, policyOf, REGISTERS } from "../../support/evidence.ts";
import { FAKE_CLOCK } from "../../support/fake_clock.ts";
import { type FakeIntel, fakeIntel } from "../../support/fake_intel.ts";
import { eventOf, pageUrl } from "../../support/page.ts";
import { startServer } from "../../support/server.ts";
import { signedAnswers } from "../../support/signed_answers.ts";

const testInBrowser = browserTests();

/** A server that trusts a fake Intel, and an agent of an enclave there with its answers. */
async function stage() {
  const intel = await fakeIntel();
  const { nowMs: _, ...policy } = policyOf(intel);
  const signed = await signedAnswers({ intel, count: 6 });
  const server = await startServer({
    events: [],
    proofPolicy: { ...policy, requireMeasurement: false },
    clock: FAKE_CLOCK,
  });
  return { intel, signed, server };
}

async function prove(agent: Client, { intel, evidence }: { intel: FakeIntel; evidence: Quoted }): Promise<void> {
  agent.send({ type: "auth", agentId: CLAIMS.agentId, timestamp: 1, attestation: evidence });
  const [, challenge] = await agent.received(2) as { nonce: string }[];
  const parsed = parseClaims(evidence.claims);
  if (!parsed.ok) throw new Error(parsed.reason);
  const claims = { ...parsed.value.claims, eat_nonce: challenge!.nonce };
  agent.send({ type: "attestation", ...await evidenceOf(intel, { claims }) });
}

async function barriers(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<AxeResults>("axe.run()");
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

function colourOf(page: Page, selector: string): Promise<string> {
  return page.evaluate<string>(`getComputedStyle(document.querySelector(${JSON.stringify(selector)})).color`);
}

for (const colorScheme of ["light", "dark"] as const) {
  testInBrowser(
    `${colorScheme}: an enclave's proof, signatures that hold and that don't, and a broken chain in red, stand up to axe-core`,
    async ({ open }) => {
      const { intel, signed, server } = await stage();
      await using _server = server;
      const page = await open(pageUrl(server), { colorScheme, bypassCSP: true });
      await using agent = await connect(server.url);
      await prove(agent, { intel, evidence: signed.evidence as Quoted });
      await page.getByText("Proved: its key is in a genuine TDX machine").waitFor();
      await page.getByText("What is proved").click();
      const facts = await page.locator(".proof-facts").innerText();
      for (const fact of [REGISTERS.mrtd.toHex(), CLAIMS.settings_sha256, CLAIMS.version]) {
        assertStringIncludes(facts, fact);
      }
      await using outsider = await connect(server.url);
      const { claims } = signed.evidence as Quoted;
      outsider.send({
        type: "auth",
        agentId: CLAIMS.agentId,
        timestamp: 1,
        attestation: { format: "none", claims },
      });
      await page.getByText("Not in a TEE").waitFor();
      await outsider[Symbol.asyncDispose]();
      await server.disconnected(1);
      await using client = await connect(server.url);
      client.send(...signed.events);
      await agent.received(8);
      const restored = await signedAnswers({ intel });
      const [first, , third, fourth, fifth] = signed.entries;
      agent.send({ type: "response", ...first }, { type: "response", ...third });
      agent.send({ type: "response", ...fourth, response: "Another answer." }, {
        type: "response",
        ...fifth,
        signature: undefined,
      });
      agent.send({ type: "response", ...restored.entries[2], queryId: "event-6" });
      const signatureOf = (question: string) => eventOf(page, question).locator(".signature");
      await signatureOf("Question 1?").getByText("Signature holds").waitFor();
      await signatureOf("Question 4?").getByText("Signature wrong").waitFor();
      await signatureOf("Question 5?").getByText("Not signed").waitFor();
      await signatureOf("Question 6?").getByText("Not by the key that its agent has proved").waitFor();
      await using again = await connect(server.url);
      await prove(again, { intel, evidence: restored.evidence as Quoted });
      await page.getByText("Proved: its key is in a genuine TDX machine").nth(1).waitFor();
      await agent[Symbol.asyncDispose]();
      await again.received(3);
      again.send({ type: "response", ...restored.entries[1] });
      await signatureOf("Question 2?").getByText("Chain broken").waitFor();
      const broken = page.locator(".proof-broken").filter({ hasText: "went back" });
      await broken.waitFor();
      const red = await colourOf(page, ".proof-broken:not([hidden])");
      for (const state of ["broken", "foreign", "wrong", "missing"]) {
        assertEquals(await colourOf(page, `.signature[data-state="${state}"]`), red, state);
      }
      assertNotEquals(await colourOf(page, '.signature[data-state="holds"]'), red);
      assertEquals(await barriers(page), []);
    },
  );
}
