/** The real program, fed from a file. @module */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { event } from "../support/events.ts";
import { readEntries, startAgent } from "../support/agent.ts";
import { makeFolder } from "../support/folder.ts";

const SAMPLE = new URL("../../iexec_in/events.json", import.meta.url);

/** A folder with an `iexec_in` in it. */
function makeInput() {
  const folder = makeFolder();
  const path = `${folder.path}/iexec_in/events.json`;
  Deno.mkdirSync(`${folder.path}/iexec_in`);
  return {
    folder: folder.path,
    path,
    write: (text: string) => Deno.writeTextFileSync(path, text),
    writeEvents: (...ids: string[]) => Deno.writeTextFileSync(path, JSON.stringify(ids.map((id) => event(id)))),
    /** As editors and iExec do it. */
    replaceEvents(...ids: string[]) {
      Deno.writeTextFileSync(`${path}.tmp`, JSON.stringify(ids.map((id) => event(id))));
      Deno.renameSync(`${path}.tmp`, path);
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

Deno.test("file mode answers the sample events, one entry each, and goes on watching", async () => {
  await using input = makeInput();
  input.write(Deno.readTextFileSync(SAMPLE));
  await using agent = await startAgent(input);
  const entries = await agent.responses(3);
  // Two conversations: order holds within each.
  assertEquals(entries.map(({ queryId }) => queryId).sort(), ["event-001", "event-002", "event-003"]);
  for (const { response, agentId, timestamp } of entries) {
    assert(response !== undefined && response.length > 0);
    assertMatch(agentId, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert(timestamp > 1_700_000_000_000);
  }
  input.replaceEvents("later");
  assertEquals((await agent.responses(4)).at(-1)!.queryId, "later");
  assertEquals((await agent.stop()).code, 0);
});

Deno.test("file mode waits for a file that is not there yet", async () => {
  await using input = makeInput();
  await using agent = await startAgent(input);
  await agent.logged("{path} is not there: waiting for it");
  assertEquals(readEntries(`${input.folder}/iexec_out/responses.json`), []);
  input.writeEvents("q1");
  assertEquals((await agent.responses(1))[0]!.queryId, "q1");
});

Deno.test("file mode waits for a directory that is not there yet", async () => {
  await using folder = makeFolder();
  await using agent = await startAgent({ folder: folder.path, env: { EVENT_POLL_INTERVAL: "20" } });
  await agent.logged("{path} is not there: waiting for it");
  Deno.mkdirSync(`${folder.path}/iexec_in`);
  Deno.writeTextFileSync(`${folder.path}/iexec_in/events.json`, JSON.stringify([event("q1")]));
  assertEquals((await agent.responses(1))[0]!.queryId, "q1");
});

Deno.test("file mode leaves a half-written file alone until it is complete", async () => {
  await using input = makeInput();
  const whole = JSON.stringify([event("q1"), event("q2")]);
  input.write(whole.slice(0, 60));
  await using agent = await startAgent(input);
  await agent.logged("events file can't be read: what it held before stands, and it is read again when it changes");
  Deno.writeTextFileSync(input.path, whole.slice(60), { append: true });
  assertEquals((await agent.responses(2)).map(({ queryId }) => queryId), ["q1", "q2"]);
});

Deno.test("file mode refuses broken entries by name and answers the others", async () => {
  await using input = makeInput();
  input.write(
    JSON.stringify([
      event("q1"),
      { id: "no-query", timestamp: 1 },
      7,
      { ...event("q4"), timestamp: "now" },
      event("q5"),
    ]),
  );
  await using agent = await startAgent(input);
  assertEquals((await agent.responses(2)).map(({ queryId }) => queryId), ["q1", "q5"]);
  await agent.logged("event refused", { count: 3 });
  const refused = agent.log.filter(({ message }) => message === "event refused");
  assertEquals(refused.map(({ index, event, reason }) => ({ index, event, reason })), [
    { index: 1, event: "no-query", reason: "query: expected string, received undefined" },
    { index: 2, event: undefined, reason: "expected object, received number" },
    { index: 3, event: "q4", reason: "timestamp: expected number, received string" },
  ]);
});

Deno.test("a restart answers nothing a second time, and adds what came meanwhile", async () => {
  await using input = makeInput();
  input.writeEvents("q1", "q2");
  {
    await using agent = await startAgent(input);
    await agent.responses(2);
    await agent.stop();
  }
  input.replaceEvents("q1", "q2", "q3");
  await using agent = await startAgent(input);
  assertEquals((await agent.responses(3)).map(({ queryId }) => queryId), ["q1", "q2", "q3"]);
  // What it says of an answer may come after the answer.
  await agent.stop();
  assertEquals(agent.log.filter(({ message }) => message.startsWith("✅ Generated")).map(({ event }) => event), ["q3"]);
});

Deno.test("a kill -9 loses nothing: the next start answers what was left", async () => {
  await using input = makeInput();
  const ids = Array.from({ length: 200 }, (_, n) => `q${n}`);
  input.writeEvents(...ids);
  {
    await using agent = await startAgent(input);
    await agent.responses(1);
    agent.kill("SIGKILL");
    await agent.ended;
  }
  await using agent = await startAgent(input);
  const entries = await agent.responses(ids.length);
  assertEquals(entries.map(({ queryId }) => queryId).sort(), ids.toSorted());
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`${signal} ends the program with exit code 0`, async () => {
    await using input = makeInput();
    await using agent = await startAgent(input);
    await agent.logged("🚀 Agent started");
    agent.kill(signal);
    assertEquals((await agent.ended).code, 0);
  });
}

Deno.test("an output directory that can't be made ends the program with 74 and says what to do", async () => {
  await using input = makeInput();
  input.write("[]");
  await using agent = await startAgent({ ...input, env: { EVENT_OUTPUT_PATH: `${input.path}/out/responses.json` } });
  assertEquals((await agent.ended).code, 74);
  assertMatch(agent.lines.at(-1)!, /^agent: Cannot open .*events\.json\/out\/responses\.json: .*set EVENT_OUTPUT_PATH/);
});

Deno.test("a second agent on one state directory refuses to start, and the first goes on", async () => {
  await using input = makeInput();
  await using first = await startAgent(input);
  await first.logged("🚀 Agent started");
  await using second = await startAgent({ ...input, env: { EVENT_OUTPUT_PATH: "elsewhere/responses.json" } });
  assertEquals((await second.ended).code, 74);
  assertStringIncludes(second.lines.at(-1)!, "another agent has it open");
  input.writeEvents("q1");
  assertEquals((await first.responses(1))[0]!.queryId, "q1");
});

Deno.test("the second start says how many events were answered before, and an edited question is pointed out", async () => {
  await using input = makeInput();
  input.writeEvents("q1", "q2");
  {
    await using agent = await startAgent(input);
    await agent.responses(2);
    input.write(JSON.stringify([event("q1"), event("q2", "What is a workerpool?")]));
    const { event: id, level } = await agent.logged(({ message }) => message.includes("came with another query"));
    assertEquals([id, level], ["q2", "warn"]);
    await agent.stop();
  }
  await using agent = await startAgent(input);
  assertEquals((await agent.logged(({ message }) => message.includes("were answered before"))).count, 2);
  assertEquals(readEntries(`${input.folder}/iexec_out/responses.json`)!.length, 2);
});

Deno.test("agents of one character have ids of their own, which last, and AGENT_ID sets one", async () => {
  await using folder = makeFolder();
  const idOf = async (state: string, env: Record<string, string> = {}) => {
    await using agent = await startAgent({ folder: folder.path, env: { AGENT_STATE_DIR: state, ...env } });
    const { agent: id } = await agent.logged("🚀 Agent started");
    await agent.stop();
    return id;
  };
  const first = await idOf("a");
  assertEquals([await idOf("a"), await idOf("b") === first], [first, false]);
  const own = "11111111-2222-4333-8444-555555555555";
  assertEquals([await idOf("a", { AGENT_ID: own }), await idOf("a")], [own, first]);
});
