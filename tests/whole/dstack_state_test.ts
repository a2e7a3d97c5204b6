/** The real program whose state is sealed with a key from dstack. @module */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { isInFiles, readEntries, startAgent } from "../support/agent.ts";
import { makeFolder } from "../support/folder.ts";
import { type GuestAnswer, startGuestAgent } from "../support/guest_agent.ts";

const FROM_DSTACK = { AGENT_STATE_KEY: "dstack", AGENT_DSTACK_SOCKET: "dstack.sock" };
const event = (id: string) => ({ id, query: `What is iExec, CANARY-${id}?`, timestamp: 1 });

/** Runs `--once` to its end. */
async function once(folder: string, env: Record<string, string>, args = ["--once"]) {
  await using agent = await startAgent({ folder, args, env });
  const { code, stdout } = await agent.ended;
  return { code, stdout, said: agent.lines.join("\n") };
}

function ask(folder: string, id: string): void {
  Deno.writeTextFileSync(`${folder}/iexec_in/events.json`, JSON.stringify([event(id)]));
}

Deno.test("a state that is sealed with dstack's key is readable with that key alone, and no text of it in its files", async () => {
  await using folder = makeFolder({ "iexec_in/events.json": [event("q1")] });
  await using guest = await startGuestAgent({ socketPath: `${folder.path}/dstack.sock` });
  assertEquals((await once(folder.path, FROM_DSTACK)).code, 0);
  ask(folder.path, "q2");
  assertEquals((await once(folder.path, FROM_DSTACK)).code, 0);
  assertEquals(readEntries(`${folder.path}/iexec_out/responses.json`)?.map(({ queryId }) => queryId), ["q1", "q2"]);
  assert(!isInFiles(`${folder.path}/.agent`, "CANARY"));
  const keyRequest = {
    method: "/GetKey",
    body: { path: "agent/state-key/v1", purpose: "agent-state-key", algorithm: "ed25519" },
  };
  assertEquals(await guest.asked(2), [keyRequest, keyRequest]);
  const before = Deno.readFileSync(`${folder.path}/.agent/agent.db`);
  for (const AGENT_STATE_KEY of ["00".repeat(32), ""]) {
    const { code, said } = await once(folder.path, { AGENT_STATE_KEY });
    assertEquals(code, 78);
    assertMatch(said, AGENT_STATE_KEY ? /is not the key it was sealed with/ : /it is sealed/);
  }
  assertEquals(Deno.readFileSync(`${folder.path}/.agent/agent.db`), before);
});

Deno.test("--check asks dstack for the key, and shows where it comes from but not what it is", async () => {
  await using folder = makeFolder({ "iexec_in/events.json": [event("q1")] });
  await using _guest = await startGuestAgent({ socketPath: `${folder.path}/dstack.sock` });
  const { code, stdout } = await once(folder.path, FROM_DSTACK, ["--check"]);
  assertEquals(code, 0);
  assertStringIncludes(stdout, '"AGENT_STATE_KEY":"dstack"');
  assertStringIncludes(stdout, "state: usable (.agent, sealed with AGENT_STATE_KEY)");
});

Deno.test("a guest agent that gives no key, or another one, ends the agent, and the state stays as it is", async () => {
  await using folder = makeFolder({ "iexec_in/events.json": [event("q1")] });
  {
    await using _guest = await startGuestAgent({ socketPath: `${folder.path}/dstack.sock` });
    assertEquals((await once(folder.path, FROM_DSTACK)).code, 0);
  }
  const before = Deno.readFileSync(`${folder.path}/.agent/agent.db`);
  const answers: [GuestAnswer | undefined, number, RegExp][] = [
    ["400", 69, /AGENT_STATE_KEY=dstack: dstack at dstack\.sock gives no key: GetKey was answered with 400/],
    ["other form", 69, /gives no key: GetKey was answered in another form/],
    ["other app", 78, /AGENT_STATE_KEY is not the key it was sealed with/],
    [undefined, 69, /gives no key: cannot be reached/],
  ];
  ask(folder.path, "q2");
  for (const [answer, expected, message] of answers) {
    const socketPath = `${folder.path}/dstack.sock`;
    await using _guest = answer && await startGuestAgent({ socketPath, answers: [answer] });
    const { code, said } = await once(folder.path, FROM_DSTACK);
    assertEquals(code, expected, said);
    assertMatch(said, message);
    assert(!said.includes("CANARY"));
  }
  assertEquals(Deno.readFileSync(`${folder.path}/.agent/agent.db`), before);
  assertEquals(readEntries(`${folder.path}/iexec_out/responses.json`)?.length, 1);
});

for (
  const [what, args, expected, said] of [
    ["an agent", [], 0, "👋 Agent stopped"],
    ["a task", ["--once"], 65, "Stopped before anything was done"],
  ] as const
) {
  Deno.test(`${what} that is told to stop while dstack gives no key ends with ${expected}, and it is no bug`, async () => {
    await using folder = makeFolder({ "iexec_in/events.json": [event("q1")] });
    await using guest = await startGuestAgent({ socketPath: `${folder.path}/dstack.sock`, answers: ["hang"] });
    await using agent = await startAgent({ folder: folder.path, env: FROM_DSTACK, args });
    await guest.asked(1);
    assertEquals((await agent.stop()).code, expected);
    const lines = agent.lines.join("\n");
    assertStringIncludes(lines, said);
    assert(!lines.includes("bug"), lines);
  });
}
