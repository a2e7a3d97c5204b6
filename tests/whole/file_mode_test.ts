/** The real program, fed from a file. @module */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { event } from "../support/events.ts";
import { EXECUTABLE, readEntries, startAgent } from "../support/agent.ts";
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
  const entries = await agent.responses(4);
  const errors = Object.fromEntries(entries.map(({ queryId, error }) => [queryId, error]));
  assertEquals(errors, {
    q1: undefined,
    "no-query": "refused: query: missing",
    q4: "refused: timestamp: expected number, received string",
    q5: undefined,
  });
  await agent.logged("event refused", { count: 3 });
  const refused = agent.log.filter(({ message }) => message === "event refused");
  assertEquals(refused.map(({ index, event, reason }) => ({ index, event, reason })), [
    { index: 1, event: "no-query", reason: "query: missing" },
    { index: 2, event: undefined, reason: "expected object, received number" },
    { index: 3, event: "q4", reason: "timestamp: expected number, received string" },
  ]);
});

Deno.test("a refused entry is told once in responses.json, also over a restart, and answered once it is mended", async () => {
  await using input = makeInput();
  input.write(JSON.stringify([{ id: "q1", question: "What is iExec?" }, event("q2")]));
  {
    await using agent = await startAgent(input);
    await agent.responses(2);
    await agent.stop();
  }
  await using agent = await startAgent(input);
  await agent.logged("event refused");
  input.writeEvents("q1", "q2");
  const entries = await agent.responses(3);
  assertEquals(
    entries.map(({ queryId, error }) => [queryId, error]).toSorted(),
    [
      ["q1", undefined],
      [
        "q1",
        "refused: query: missing (unknown field question: did you mean query?)",
      ],
      ["q2", undefined],
    ].toSorted(),
  );
});

Deno.test("an event in a file may leave its time out, or give it as ISO 8601", async () => {
  await using input = makeInput();
  input.write(JSON.stringify([
    { id: "q1", query: "What is iExec?" },
    { id: "q2", query: "What is iExec?", timestamp: "2026-01-31T08:30:00Z" },
  ]));
  await using agent = await startAgent(input);
  assertEquals((await agent.responses(2)).map(({ error }) => error), [undefined, undefined]);
});

Deno.test("lines that are appended to an .ndjson file are answered one by one", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/events.ndjson`;
  const append = (text: string) => Deno.writeTextFileSync(path, text, { append: true });
  append(`${JSON.stringify(event("q1"))}\n`);
  await using agent = await startAgent({ folder: folder.path, env: { EVENT_INPUT_PATH: path } });
  await agent.responses(1);
  append(`no event\n${JSON.stringify(event("q2"))}\n`);
  await agent.responses(2);
  const half = JSON.stringify(event("q3"));
  append(half.slice(0, 20));
  append(`${half.slice(20)}\n`);
  assertEquals((await agent.responses(3)).map(({ queryId }) => queryId), ["q1", "q2", "q3"]);
  const { line, reason } = await agent.logged("event refused");
  assertEquals([line, reason], [2, "not valid JSON at line 2 column 1"]);
});

Deno.test("files that are dropped into a directory are answered, one event or many each", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/inbox`;
  const drop = (name: string, text: string) => {
    // As whoever drops files does it: beside their place, then in one move.
    Deno.writeTextFileSync(`${folder.path}/${name}.tmp`, text);
    Deno.renameSync(`${folder.path}/${name}.tmp`, `${path}/${name}`);
  };
  Deno.mkdirSync(path);
  drop("1.json", JSON.stringify(event("q1"), null, 2));
  drop("2.json", JSON.stringify([event("q2"), event("q3")]));
  drop("notes.txt", "not for the agent");
  await using agent = await startAgent({ folder: folder.path, env: { EVENT_INPUT_PATH: path } });
  await agent.responses(3);
  drop("3.ndjson", `${JSON.stringify(event("q4"))}\n`);
  await agent.responses(4);
  drop("1.json", JSON.stringify([event("q1"), event("q5")]));
  assertEquals((await agent.responses(5)).map(({ queryId }) => queryId), ["q1", "q2", "q3", "q4", "q5"]);
  assertEquals(agent.log.filter(({ level }) => level === "warn"), []);
});

Deno.test("a FIFO or a device in the place of the events file is told, and holds nothing up", async () => {
  await using folder = makeFolder();
  Deno.mkdirSync(`${folder.path}/iexec_in`);
  Deno.symlinkSync("/dev/zero", `${folder.path}/iexec_in/events.json`);
  await using agent = await startAgent({ folder: folder.path, env: { EVENT_POLL_INTERVAL: "20" } });
  if (EXECUTABLE !== undefined) {
    // It may not go where the link leads, and says so before anything else.
    assertEquals((await agent.ended).code, 78);
    assertMatch(agent.lines.join("\n"), /EVENT_INPUT_PATH: .*which leads to "\/dev\/zero" by a link/);
    return;
  }
  const { reason } = await agent.logged((entry) => entry.message.startsWith("events file can't be read"));
  assertMatch(String(reason), /events\.json/);
  assertEquals((await agent.stop()).code, 0);
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

Deno.test("SIGUSR1 ends the program at once, with 138: no debugger is opened, and no event is lost", async () => {
  await using input = makeInput();
  {
    await using agent = await startAgent(input);
    await agent.logged("🚀 Agent started");
    input.writeEvents("q1");
    await agent.responses(1);
    agent.kill("SIGUSR1");
    assertEquals((await agent.ended).code, 138);
    assertEquals(agent.log.at(-1)?.message, "🛑 SIGUSR1 received: ending at once, before Deno opens a debugger");
    // Deno tells of a debugger on stderr.
    assertEquals(agent.lines.filter((line) => /debugger listening|chrome:\/\/inspect/i.test(line)), []);
  }
  input.writeEvents("q1", "q2");
  await using agent = await startAgent(input);
  assertEquals((await agent.responses(2)).map(({ queryId }) => queryId), ["q1", "q2"]);
});

Deno.test("an output directory that can't be made ends the program with 74 and says what to do", async () => {
  await using input = makeInput();
  input.write("[]");
  await using agent = await startAgent({ ...input, env: { EVENT_OUTPUT_PATH: `${input.path}/out/responses.json` } });
  assertEquals((await agent.ended).code, 74);
  assertMatch(
    agent.lines.at(-1)!,
    /^agent: Cannot open .*events\.json\/out\/responses\.json: a file stands where a directory is needed\. Set EVENT_OUTPUT_PATH/,
  );
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

Deno.test("the second start says how many events were answered before, and both point out an edited question", async () => {
  await using input = makeInput();
  const isEdited = ({ message }: { message: string }) => message.includes("came with another query");
  input.writeEvents("q1", "q2", "q3");
  {
    await using agent = await startAgent(input);
    await agent.responses(3);
    input.write(JSON.stringify([event("q1"), event("q2", "What is a workerpool?"), event("q3")]));
    const { event: id, level } = await agent.logged(isEdited);
    assertEquals([id, level], ["q2", "warn"]);
    await agent.stop();
  }
  await using agent = await startAgent(input);
  assertEquals((await agent.logged(({ message }) => message.includes("were answered before"))).count, 2);
  const { event: id, level } = await agent.logged(isEdited);
  assertEquals([id, level], ["q2", "warn"]);
  assertEquals(readEntries(`${input.folder}/iexec_out/responses.json`)!.length, 3);
});

Deno.test("a priority or a stream that does nothing is pointed out, once for each, without its value", async () => {
  await using input = makeInput();
  const asked = [{}, { priority: "normal", stream: false }, { priority: "HIGH", stream: "on" }, { priority: "urgent" }];
  input.write(JSON.stringify(asked.map((metadata, index) => ({ ...event(`q${index + 1}`), metadata }))));
  await using agent = await startAgent(input);
  await agent.responses(4);
  await agent.stop();
  const warnings = agent.log.filter(({ message }) => message.includes("has no effect unless"));
  assertEquals(warnings.map(({ field, value, event }) => [field, value, event]), [
    ["priority", '"high"', "q3"],
    ["stream", "true", "q3"],
  ]);
  assert(!agent.lines.some((line) => line.includes("HIGH")));
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
