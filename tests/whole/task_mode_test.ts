/** The real program as an iExec task. @module */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { event } from "../support/events.ts";
import { readEntries, startAgent } from "../support/agent.ts";
import { makeFolder } from "../support/folder.ts";

/** A folder as iExec hands it to a task, and the environment that tells of it. */
function makeTask(files: Record<string, unknown>) {
  const folder = makeFolder();
  const input = `${folder.path}/iexec_in`, output = `${folder.path}/iexec_out`;
  Deno.mkdirSync(input);
  for (const [name, content] of Object.entries(files)) {
    Deno.writeTextFileSync(`${input}/${name}`, typeof content === "string" ? content : JSON.stringify(content));
  }
  return {
    folder: folder.path,
    output,
    env: {
      IEXEC_TASK_ID: "0xabc",
      IEXEC_IN: input,
      IEXEC_OUT: output,
      AGENT_STATE_DIR: `${folder.path}/state`,
    } as Record<string, string>,
    computed: () => JSON.parse(Deno.readTextFileSync(`${output}/computed.json`)),
    entries: () => readEntries(`${output}/responses.json`)!,
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

async function runToEnd(options: Parameters<typeof startAgent>[0]) {
  await using agent = await startAgent(options);
  const { code } = await agent.ended;
  return { code, stderr: agent.lines.join("\n") };
}

Deno.test("a task answers its input, points computed.json at the responses, and exits with 0", async () => {
  await using task = makeTask({ "events.json": [event("q1"), event("q2")] });
  assertEquals((await runToEnd(task)).code, 0);
  assertEquals(task.entries().map(({ queryId }) => queryId).sort(), ["q1", "q2"]);
  assertEquals(task.computed(), { "deterministic-output-path": `${task.output}/responses.json` });
  const files = [...Deno.readDirSync(task.output)].map(({ name }) => name);
  assertEquals(files.sort(), ["attestation.json", "computed.json", "responses.json"]);
});

Deno.test("--once does the same without iExec", async () => {
  await using task = makeTask({ "events.json": [event("q1")] });
  assertEquals((await runToEnd({ folder: task.folder, args: ["--once"] })).code, 0);
  assertEquals(task.entries().map(({ queryId }) => queryId), ["q1"]);
  assertEquals(task.computed(), { "deterministic-output-path": `${task.output}/responses.json` });
});

Deno.test("input files are read where there is no events.json", async () => {
  await using task = makeTask({ "a.json": [event("q1")], "b.json": [event("q1"), event("q2")] });
  const env = { ...task.env, IEXEC_INPUT_FILE_NAME_1: "a.json", IEXEC_INPUT_FILE_NAME_2: "b.json" };
  assertEquals((await runToEnd({ ...task, env })).code, 0);
  assertEquals(task.entries().map(({ queryId }) => queryId).sort(), ["q1", "q2"]);
});

Deno.test("an entry that is no event makes the task fail with 65, with the others answered and computed.json written", async () => {
  await using task = makeTask({ "events.json": [event("q1"), { id: "q2", query: "q" }, event("q3"), { query: "q" }] });
  const { code, stderr } = await runToEnd(task);
  assertEquals(code, 65);
  assertStringIncludes(stderr, "2 events of the input could not be answered");
  const errors = task.entries().map(({ queryId, error }) => `${queryId}: ${error}`).sort();
  assertEquals(errors, [
    "q1: undefined",
    "q2: refused: timestamp: missing",
    "q3: undefined",
  ]);
  // An entry without an id has no place in the responses.
  const computed = task.computed();
  assertEquals(computed["deterministic-output-path"], `${task.output}/responses.json`);
  assertMatch(
    computed["error-message"],
    /^2 events of the input could not be answered\nentry 3 of .*events\.json: id: missing/,
  );
});

Deno.test("what is wrong with entries that have no id is told in computed.json", async () => {
  await using task = makeTask({ "events.json": [event("q1"), { query: "no id", timestamp: 1 }, 7] });
  const { code, stderr } = await runToEnd(task);
  assertEquals(code, 65);
  assertEquals(task.computed()["error-message"].split("\n"), [
    "2 events of the input could not be answered",
    "entry 1 of events.json: id: missing",
    "entry 2 of events.json: expected object, received number",
  ]);
  assertStringIncludes(stderr, "  - entry 2 of events.json: expected object");
});

for (
  const [what, files, message] of [
    ["no input", {}, /events\.json is not there, and IEXEC_INPUT_FILE_NAME_1 names no other file/],
    ["broken input", { "events.json": '[{"id":' }, /Cannot read .*events\.json: not valid JSON/],
  ] as const
) {
  Deno.test(`${what} makes the task fail with 74, and computed.json says why`, async () => {
    await using task = makeTask(files);
    const { code, stderr } = await runToEnd(task);
    assertEquals(code, 74);
    assertMatch(stderr.split("\n").at(-1)!, message);
    const computed = task.computed();
    assertEquals(computed["deterministic-output-path"], task.output);
    assertMatch(computed["error-message"], message);
  });
}

Deno.test("a task that is started again after a kill answers what was left, nothing twice", async () => {
  const ids = Array.from({ length: 300 }, (_, n) => `q${n}`);
  await using task = makeTask({ "events.json": ids.map((id) => event(id)) });
  {
    await using agent = await startAgent(task);
    await agent.logged((entry) => entry.message.startsWith("✅ Generated"));
    agent.kill("SIGKILL");
    await agent.ended;
  }
  assertEquals((await runToEnd(task)).code, 0);
  assertEquals(task.entries().map(({ queryId }) => queryId).sort(), ids.toSorted());
  assertEquals(task.computed(), { "deterministic-output-path": `${task.output}/responses.json` });
});

Deno.test("a task that is told to stop before all is read ends with 65, and a further start answers the rest", async () => {
  const ids = Array.from({ length: 20_000 }, (_, n) => `q${n}`);
  await using task = makeTask({ "events.json": ids.map((id) => event(id)) });
  {
    await using agent = await startAgent(task);
    await agent.logged("📥 Processing new event: {event}");
    assertEquals((await agent.stop()).code, 65);
  }
  assertMatch(task.computed()["error-message"], /^the task was told to stop before all of its input was read$/);
  assert(task.entries().length < ids.length);
  assertEquals((await runToEnd(task)).code, 0);
  assertEquals(task.entries().map(({ queryId }) => queryId).sort(), ids.sort());
});

Deno.test("a task with settings that do not fit it is refused with 78", async () => {
  await using task = makeTask({ "events.json": [] });
  const socket = await runToEnd({ ...task, env: { ...task.env, USE_WEBSOCKET: "true" } });
  assertEquals(socket.code, 78);
  const outside = await runToEnd({ ...task, env: { ...task.env, EVENT_OUTPUT_PATH: `${task.folder}/elsewhere.json` } });
  assertEquals(outside.code, 78);
  assert(outside.stderr.includes("EVENT_OUTPUT_PATH"));
});

Deno.test("an argument that is none ends a task with 64, and computed.json says so", async () => {
  await using task = makeTask({ "events.json": [event("q1")] });
  const { code } = await runToEnd({ ...task, args: ["What is iExec?"] });
  assertEquals([code, task.computed()], [64, {
    "deterministic-output-path": task.output,
    "error-message": "Unexpected argument 'What is iExec?'. Call with --help to see what there is.",
  }]);
});

for (
  const [what, env] of [
    ["a wrong setting", { LOG_LEVEL: "loud" }],
    ["a variable that must not be set there", { SSLKEYLOGFILE: "keys" }],
  ] as const
) {
  Deno.test(`${what} ends a task with 78, and computed.json says why`, async () => {
    await using task = makeTask({ "events.json": [event("q1")] });
    const { code, stderr } = await runToEnd({ ...task, env: { ...task.env, ...env } });
    assertEquals(code, 78, stderr);
    const { "error-message": error, ...computed } = task.computed();
    assertEquals(computed, { "deterministic-output-path": task.output });
    assertStringIncludes(error, Object.keys(env)[0]!);
  });
}

Deno.test("--once with a wrong setting writes computed.json too, beside the responses", async () => {
  await using task = makeTask({ "events.json": [event("q1")] });
  const { code } = await runToEnd({ folder: task.folder, env: { LOG_LEVEL: "loud" }, args: ["--once"] });
  assertEquals(code, 78);
  assertStringIncludes(task.computed()["error-message"], "LOG_LEVEL");
});

Deno.test("a wrong setting outside a task leaves no computed.json", async () => {
  await using task = makeTask({ "events.json": [event("q1")] });
  assertEquals((await runToEnd({ folder: task.folder, env: { LOG_LEVEL: "loud" } })).code, 78);
  assertEquals([...Deno.readDirSync(task.output)].map(({ name }) => name), []);
});

Deno.test("a task with a file in the place of its output directory ends with 74 and a plain error", async () => {
  await using folder = makeFolder({ "iexec_in/events.json": [event("q1")], occupied: "no directory" });
  const env = { EVENT_OUTPUT_PATH: "occupied/responses.json" };
  const { code, stderr } = await runToEnd({ folder: folder.path, args: ["--once"], env });
  assertEquals(code, 74, stderr);
  assertMatch(stderr, /^agent: Cannot open .*occupied\/responses\.json/m);
  assertEquals(Deno.readTextFileSync(`${folder.path}/occupied`), "no directory");
});

Deno.test("a task whose output directory can't be made ends with 74 and a plain error", async () => {
  await using task = makeTask({ "events.json": [event("q1")] });
  Deno.writeTextFileSync(`${task.folder}/occupied`, "");
  const { code, stderr } = await runToEnd({ ...task, env: { ...task.env, IEXEC_OUT: `${task.folder}/occupied/out` } });
  assertEquals(code, 74, stderr);
  assertMatch(stderr.split("\n").at(-1)!, /^agent: Cannot .*occupied\/out/);
});
