/** From an agent in a fake Nitro enclave to a verified file of answers, with nothing in between but the files. @module */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { verifyResponses } from "../../src/program/verify.ts";
import { startAgent } from "../support/agent.ts";
import { fakeNitro } from "../support/fake_nitro.ts";
import { makeFolder } from "../support/folder.ts";

const EVENTS = [
  { id: "q1", query: "What is iExec?", timestamp: 1_700_000_000_000, metadata: { nonce: "asked today" } },
  { id: "q2", query: "What is a workerpool?", timestamp: 1_700_000_000_001 },
];

/** What verifying prints, and its exit code. */
function verify(args: readonly string[]): { code: number; text: string } {
  let text = "";
  const write = (part: string) => void (text += part);
  const code = verifyResponses(args, { write, writeError: write, now: Date.now });
  return { code, text };
}

Deno.test("what an agent leaves beside its answers proves them, and no answer that was changed", async () => {
  const aws = await fakeNitro();
  await using sidecar = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const asked = new URL(request.url).searchParams.get("user_data") ?? "";
    return new Response(Uint8Array.from(await aws.document({ userData: Uint8Array.fromHex(asked) })));
  });
  await using folder = makeFolder({ "iexec_in/events.json": EVENTS, "root.pem": aws.rootPem });
  await using agent = await startAgent({
    folder: folder.path,
    args: ["--once"],
    env: {
      TEE: "required",
      AGENT_QUOTE_SOURCE: "http",
      AGENT_QUOTE_URL: `http://127.0.0.1:${sidecar.addr.port}/attestation/raw`,
    },
  });
  assertEquals((await agent.ended).code, 0, agent.lines.join("\n"));
  const responses = `${folder.path}/iexec_out/responses.json`;
  const args = [
    responses,
    ...["--root", `${folder.path}/root.pem`, "--at", new Date(aws.nowMs).toISOString()],
    ...["--measurement", `pcr0=${"c0".repeat(48)}`, "--events", `${folder.path}/iexec_in/events.json`],
  ];
  const { code, text } = verify(args);
  assertEquals(code, 0, text);
  assertStringIncludes(text, "All 2 entries are proved.");
  const entries = JSON.parse(Deno.readTextFileSync(responses));
  entries[1].response = `${entries[1].response} `;
  Deno.writeTextFileSync(responses, JSON.stringify(entries));
  const changed = verify(args);
  assertEquals(changed.code, 1);
  assertStringIncludes(changed.text, "its response is not the one that was signed [response]");
});
