/** The real program with a model server: what it is asked, and what becomes of events while it fails. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { event } from "../support/events.ts";
import { startAgent } from "../support/agent.ts";
import { type ModelServer, startModelServer } from "../support/model_server.ts";
import { startServer } from "../support/server.ts";
import { makeFolder } from "../support/folder.ts";
import { freePort } from "../support/ports.ts";

const KEY = "key-canary-31d0", PASSWORD = "password-canary-77";

/** Settings for an agent that asks `model`. */
function envFor(model: ModelServer, more: Record<string, string> = {}): Record<string, string> {
  const own: Record<string, string> = model.dialect === "ollama"
    ? { OLLAMA_SERVER_URL: model.url, OLLAMA_MODEL: "test-model" }
    : { OPENAI_BASE_URL: model.url, OPENAI_MODEL: "test-model" };
  return { MODEL_PROVIDER: model.dialect, EVENT_POLL_INTERVAL: "50", ...own, ...more };
}

/** Write the file of events whole, as its contract asks. */
function writeEvents(folder: string, events: readonly unknown[]): void {
  Deno.mkdirSync(`${folder}/iexec_in`, { recursive: true });
  Deno.writeTextFileSync(`${folder}/iexec_in/events.json.new`, JSON.stringify(events));
  Deno.renameSync(`${folder}/iexec_in/events.json.new`, `${folder}/iexec_in/events.json`);
}

for (const dialect of ["ollama", "openai"] as const) {
  Deno.test(`${dialect}: events from a file are answered, each conversation in its own prompt`, async () => {
    await using folder = makeFolder();
    await using model = await startModelServer(dialect);
    const secret = "canary-of-alice-5b7e";
    writeEvents(folder.path, [
      event("a1", `My secret is ${secret}.`, { userId: "alice" }),
      event("a2", "What did I say?", { userId: "alice" }),
      event("b1", "What did she say?", { userId: "bob" }),
      event("b2", "And what did alice say?", { conversationId: "alice" }),
      event("b3", "Say it!"),
    ]);
    await using agent = await startAgent({ folder: folder.path, env: envFor(model) });
    const entries = await agent.responses(5);
    assertEquals(entries.map(({ error }) => error), Array(5).fill(undefined));
    const heard = model.asked.map(({ messages }) => JSON.stringify(messages)).filter((text) => text.includes(secret));
    assertEquals(heard.length, 2, "the question, and the one that follows it");
    for (const text of heard) assert(/My secret is|What did I say/.test(text));
    for (const { messages } of model.asked) {
      const [system, ...others] = messages;
      assertEquals(system.role, "system");
      assertStringIncludes(system.content, "iExec");
      assert(others.every(({ role }: { role: string }) => role !== "system"));
    }
    const answered = entries.find(({ queryId }) => queryId === "a2")!;
    assertMatch(answered.response!, /What did I say\?/);
  });

  Deno.test(`${dialect}: over WebSocket an answer names its sources, and the same event again asks nobody`, async () => {
    await using server = await startServer({ events: [] });
    await using model = await startModelServer(dialect);
    const env = envFor(model, { USE_WEBSOCKET: "true", WEBSOCKET_URL: server.url });
    await using _agent = await startAgent({ env });
    await server.authenticated(1);
    const asked = event("q1", "What is a workerpool?");
    server.send(asked);
    const [response] = await server.responses(1);
    assertMatch(response!.response, /What is a workerpool\?/);
    assertEquals(response!.metadata?.sources, ["knowledge"]);
    await server.acks(1);
    server.send(asked);
    await server.responses(2);
    assertEquals(model.asked.length, 1);
  });

  Deno.test(`${dialect}: the knowledge is embedded at the first start, and later only the questions are`, async () => {
    await using folder = makeFolder();
    await using model = await startModelServer(dialect);
    const embedding = dialect === "ollama" ? "OLLAMA_EMBEDDING_MODEL" : "OPENAI_EMBEDDING_MODEL";
    const env = envFor(model, { [embedding]: "test-embedding" });
    const embeddings = () => model.requests.filter(({ path }) => /embed/.test(path)).length;
    {
      await using agent = await startAgent({ folder: folder.path, env });
      await agent.logged("knowledge embedded");
      assertEquals((await agent.stop()).code, 0);
    }
    const before = embeddings();
    assert(before > 1 && before < 20, `${before} requests for the embeddings of all passages`);
    writeEvents(folder.path, [event("q1", "What is a workerpool?")]);
    model.script({ text: "A group." });
    await using agent = await startAgent({ folder: folder.path, env });
    assertEquals((await agent.responses(1))[0]!.response, "A group.");
    assertEquals(embeddings(), before + 1, "only the question's");
    assertEquals((await agent.stop()).code, 0);
  });

  Deno.test(`${dialect}: a model that is down at the start and comes later answers what waited, once each`, async () => {
    await using folder = makeFolder();
    const port = freePort();
    const url = `http://127.0.0.1:${port}${dialect === "openai" ? "/v1" : ""}`;
    const ids = Array.from({ length: 12 }, (_, n) => `q${n}`);
    writeEvents(folder.path, ids.map((id) => event(id, `question ${id}?`)));
    const env = envFor({ dialect, url } as ModelServer);
    {
      await using agent = await startAgent({ folder: folder.path, env });
      await agent.logged("the model can't be checked now: events wait until it answers");
      await agent.logged("model is down: events wait for it");
      // Not even a kill -9 makes them forgotten, or failed.
      await agent.logged("📥 Processing new event: {event}", { count: ids.length });
      agent.kill("SIGKILL");
      await agent.ended;
    }
    await using agent = await startAgent({ folder: folder.path, env });
    await agent.logged("the model can't be checked now: events wait until it answers");
    await using model = await startModelServer(dialect, { port });
    const entries = await agent.responses(ids.length);
    assertEquals(entries.map(({ queryId }) => queryId).toSorted(), ids.toSorted());
    for (const { queryId, response } of entries) assertStringIncludes(response ?? "", `question ${queryId}?`);
    await agent.logged("model answers again");
    assertEquals(model.asked.length, ids.length);
  });

  Deno.test(`${dialect}: after MODEL_MAX_WAIT events end in an error that says what failed, over a restart too`, async () => {
    await using folder = makeFolder();
    const port = freePort();
    const url = `http://127.0.0.1:${port}${dialect === "openai" ? "/v1" : ""}`;
    writeEvents(folder.path, [event("q1", "query-canary?"), event("q2", "query-canary?")]);
    const env = (maxWait: string) => envFor({ dialect, url } as ModelServer, { MODEL_MAX_WAIT: maxWait });
    {
      await using agent = await startAgent({ folder: folder.path, env: env("3600000") });
      await agent.logged("model is down: events wait for it");
      agent.kill("SIGKILL");
      await agent.ended;
    }
    // The outage is older than this by now.
    await using agent = await startAgent({ folder: folder.path, env: env("1") });
    const entries = await agent.responses(2);
    assertEquals(agent.log.filter(({ message }) => message === "model is down: events wait for it"), []);
    for (const { error } of entries) {
      assertMatch(error!, /down for as long as an event may wait \(MODEL_MAX_WAIT, 1 ms\)/);
      assertMatch(error!, /can't be reached: .*refused|before the agent was restarted/);
      assert(!error!.includes("canary"));
    }
    await agent.stop();
    assertEquals(agent.lines.filter((line) => line.includes("canary")), []);
  });

  Deno.test(`${dialect}: one slow event holds up no other, and MODEL_TIMEOUT ends it at the server`, async () => {
    await using server = await startServer({ events: [] });
    await using model = await startModelServer(dialect);
    const env = envFor(model, {
      USE_WEBSOCKET: "true",
      WEBSOCKET_URL: server.url,
      MODEL_TIMEOUT: "6000",
      AGENT_CONCURRENCY: "2",
    });
    await using agent = await startAgent({ env });
    await server.authenticated(1);
    model.script("held");
    server.send(event("slow", "slow?"));
    await model.askedFor(1);
    server.send(...["a", "b", "c"].map((id) => event(id, `${id}?`)));
    assertEquals((await server.responses(3)).map(({ queryId }) => queryId), ["a", "b", "c"]);
    await model.cancelled(1);
    const [, , , slow] = await server.responses(4);
    assertEquals(slow!.queryId, "slow");
    assertEquals(agent.log.filter(({ message }) => message === "model is down: events wait for it"), []);
  });

  Deno.test(`${dialect}: the urgent goes first where there is a queue`, async () => {
    await using folder = makeFolder();
    await using model = await startModelServer(dialect);
    model.script("held");
    writeEvents(folder.path, [
      event("first", "first?"),
      event("second", "second?"),
      event("urgent", "urgent?", { priority: "high" }),
    ]);
    await using agent = await startAgent({ folder: folder.path, env: envFor(model, { AGENT_CONCURRENCY: "1" }) });
    await agent.logged(({ message, event }) => message === "📥 Processing new event: {event}" && event === "urgent");
    await model.askedFor(1);
    model.release();
    assertEquals((await agent.responses(3)).map(({ queryId }) => queryId), ["first", "urgent", "second"]);
  });

  Deno.test(`${dialect}: failures of every kind end in an answer or an honest error, and tell no secret`, async () => {
    await using folder = makeFolder();
    const credentials = dialect === "ollama" ? `user:${PASSWORD}` : KEY;
    await using model = await startModelServer(dialect, { key: credentials });
    const env = dialect === "openai"
      ? envFor(model, { OPENAI_API_KEY: KEY })
      : envFor(model, { OLLAMA_SERVER_URL: model.url.replace("//", `//user:${PASSWORD}@`) });
    model.script(
      { status: 429, headers: { "retry-after": "0" } },
      { garbleAfter: "half an ans" },
      { breakAfter: "half an ans" },
      { text: "" },
      { text: "whole" },
      { status: 400 },
    );
    writeEvents(folder.path, [
      event("good", "query-canary?", { userId: "u" }),
      event("bad", "query-canary?", { userId: "u" }),
    ]);
    await using agent = await startAgent({ folder: folder.path, env: { ...env, LOG_LEVEL: "debug" } });
    const [good, bad] = await agent.responses(2);
    assertEquals([good!.queryId, good!.response], ["good", "whole"]);
    assertEquals([bad!.queryId, bad!.response], ["bad", undefined]);
    assertMatch(bad!.error!, /answered 400/);
    assertEquals(model.asked.length, 6);
    assertEquals((await agent.stop()).code, 0);
    const told = [...agent.lines, JSON.stringify([good, bad])].filter((line) => /canary/.test(line));
    assertEquals(told, []);
  });

  Deno.test(`${dialect}: stopped while it waits for the model, it leaves the events to the next start`, async () => {
    await using folder = makeFolder();
    await using model = await startModelServer(dialect);
    model.otherwise({ status: 503 });
    writeEvents(folder.path, [event("q1", "one?"), event("q2", "two?")]);
    {
      const env = envFor(model, { AGENT_SHUTDOWN_GRACE: "2147483647" });
      await using agent = await startAgent({ folder: folder.path, env });
      await agent.logged("model is down: events wait for it");
      // They are not in flight, so the grace period is not waited for.
      assertEquals((await agent.stop()).code, 0);
      assertEquals(await agent.responses(0), []);
    }
    model.otherwise(undefined);
    await using agent = await startAgent({ folder: folder.path, env: envFor(model) });
    const entries = await agent.responses(2);
    assertEquals(entries.map(({ error }) => error), [undefined, undefined]);
  });

  Deno.test(`${dialect}: --check and the start tell a wrong key, a wrong model and a server that is not there`, async () => {
    await using model = await startModelServer(dialect, { key: dialect === "openai" ? KEY : `user:${PASSWORD}` });
    const right = dialect === "openai"
      ? { OPENAI_API_KEY: KEY }
      : { OLLAMA_SERVER_URL: model.url.replace("//", `//user:${PASSWORD}@`) };
    const wrongModel = dialect === "openai" ? { OPENAI_MODEL: "other" } : { OLLAMA_MODEL: "other" };
    const run = async (env: Record<string, string>, ...args: string[]) => {
      await using agent = await startAgent({ env: envFor(model, env), args });
      const { code, stdout } = await agent.ended;
      const stderr = agent.lines.filter((line) => line.startsWith("agent: ")).join("\n");
      assert(!/canary/.test(stdout + agent.lines.join()), agent.lines.join("\n"));
      return { code, stdout, stderr };
    };
    const good = await run(right, "--check");
    assertEquals(good.code, 0);
    assertMatch(good.stdout, new RegExp(`^model: usable \\(test-model of ${dialect} at http://127\\.0\\.0\\.1`, "m"));
    for (const args of [["--check"], []]) {
      const keyless = await run({}, ...args);
      assertEquals(keyless.code, 78);
      assertMatch(keyless.stderr, /^agent: The model can't be used\..* answered 401.*key is wrong or missing/);
      const unknown = await run({ ...right, ...wrongModel }, ...args);
      assertEquals(unknown.code, 78);
      assertMatch(unknown.stderr, /answered 404.*(ollama pull other|lists other)/);
    }
    await model.close();
    const gone = await run(right, "--check");
    assertEquals(gone.code, 69);
    assertMatch(gone.stdout, /^state: usable/m, "all else is told before");
    assertMatch(gone.stderr, /^agent: The model server at .* can't be reached: .*refused.*\. Is it running/);
    assertEquals(model.asked.length, 1, "the good check alone asked for a word");
  });
}

Deno.test("as a task, events that the model refuses are the task's errors", async () => {
  await using folder = makeFolder();
  await using model = await startModelServer("openai");
  model.script({ text: "fine" }, { status: 400 });
  writeEvents(folder.path, [event("q1", "one?", { userId: "u" }), event("q2", "two?", { userId: "u" })]);
  await using agent = await startAgent({ folder: folder.path, env: envFor(model), args: ["--once"] });
  assertEquals((await agent.ended).code, 65);
  assertEquals((await agent.responses(2)).map(({ response }) => response), ["fine", undefined]);
});
