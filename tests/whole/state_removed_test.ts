/** The real program whose state directory is removed or replaced while it runs. @module */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { type AgentUnderTest, startAgent } from "../support/agent.ts";
import { event } from "../support/events.ts";
import { makeFolder } from "../support/folder.ts";

const ask = (folder: string, ...ids: string[]) =>
  Deno.writeTextFileSync(`${folder}/iexec_in/events.json`, JSON.stringify(ids.map((id) => event(id))));

/** It ends with 74, and says what happened, to what, and what to do. */
async function assertLost(agent: AgentUnderTest, what: string) {
  const { code } = await agent.ended;
  const said = agent.lines.join("\n");
  assertEquals(code, 74, said);
  assertStringIncludes(said, "agent: The state was removed or replaced while the agent ran: ");
  assertStringIncludes(said, `/.agent/agent.db was open, and ${what}.`);
  assertStringIncludes(said, "Stop the agent before you remove, replace or unmount ");
  assertStringIncludes(said, "the next start would answer it again.");
}

/** An agent that has answered one event. */
async function startAnswered(folder: string) {
  Deno.mkdirSync(`${folder}/iexec_in`);
  ask(folder, "q1");
  const agent = await startAgent({ folder, env: { EVENT_POLL_INTERVAL: "20" } });
  await agent.responses(1);
  return agent;
}

Deno.test("an idle agent ends with 74 once its state is removed", async () => {
  await using folder = makeFolder();
  await using agent = await startAnswered(folder.path);
  Deno.removeSync(`${folder.path}/.agent`, { recursive: true });
  await assertLost(agent, "it is not there any more");
});

Deno.test("an agent that is told to stop after its state was removed ends with 74", async () => {
  await using folder = makeFolder();
  await using agent = await startAnswered(folder.path);
  Deno.removeSync(`${folder.path}/.agent`, { recursive: true });
  agent.kill("SIGTERM");
  await assertLost(agent, "it is not there any more");
});

Deno.test("a task whose state is removed before its end ends with 74", async () => {
  await using folder = makeFolder();
  Deno.mkdirSync(`${folder.path}/iexec_in`);
  ask(folder.path, "q1");
  // A socket that takes the question and never answers.
  using server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const env = {
    MODEL_BASE_URL: `http://127.0.0.1:${server.addr.port}/v1`,
    MODEL_NAME: "mute",
    AGENT_SHUTDOWN_GRACE: "0",
  };
  await using agent = await startAgent({ folder: folder.path, env, args: ["--once"] });
  await agent.logged("🚀 Agent started");
  Deno.renameSync(`${folder.path}/.agent`, `${folder.path}/moved`);
  await assertLost(agent, "it is not there any more");
});

Deno.test("an agent whose state was replaced by another agent's ends with 74 and leaves that one's alone", async () => {
  await using folder = makeFolder();
  await using agent = await startAnswered(folder.path);
  agent.kill("SIGSTOP");
  Deno.removeSync(`${folder.path}/.agent`, { recursive: true });
  await using other = await startAgent({ folder: folder.path, env: { EVENT_OUTPUT_PATH: "iexec_out/other.json" } });
  await other.logged("🚀 Agent started");
  agent.kill("SIGCONT");
  await assertLost(agent, "another file has taken its place");
  const names = [...Deno.readDirSync(`${folder.path}/.agent`)].map(({ name }) => name).sort();
  assertEquals(names, ["agent.db", "agent.db-wal", "alive"]);
  assertEquals((await other.stop()).code, 0);
});
