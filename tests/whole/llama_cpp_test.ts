/** The real program against a real llama.cpp server with a real small model: everything but the words of answers. */

import { assert, assertEquals, assertGreater, assertLess, assertMatch, assertStringIncludes } from "@std/assert";
import { startAgent } from "../support/agent.ts";
import { chatOver } from "../support/chat.ts";
import { makeFolder } from "../support/folder.ts";
import { type LlamaServer, startLlama, testWithLlama } from "../support/llama_server.ts";
import { freePort } from "../support/ports.ts";
import { startServer } from "../support/server.ts";

/** A model on a busy machine may take a minute for what it takes a second for elsewhere. */
const patienceMs = 240_000;
const CHARACTER = { name: "Gardener", bio: "Answers in few words.", knowledge: ["Tomatoes stand by the south wall."] };

/** A folder with a character whose prompts are short, and events for it. */
function gardenFolder({ questions = [] as readonly string[], knowledge = CHARACTER.knowledge } = {}) {
  const folder = makeFolder();
  Deno.writeTextFileSync(`${folder.path}/c.json`, JSON.stringify({ ...CHARACTER, knowledge }));
  Deno.mkdirSync(`${folder.path}/iexec_in`);
  const events = questions.map((query, index) => ({ id: `q${index + 1}`, query, timestamp: 1 }));
  Deno.writeTextFileSync(`${folder.path}/iexec_in/events.json`, JSON.stringify(events));
  return folder;
}

const envFor = ({ url }: Pick<LlamaServer, "url">, more: Record<string, string> = {}) => ({
  AGENT_CHARACTER: "c.json",
  MODEL_PROVIDER: "openai",
  OPENAI_BASE_URL: url,
  OPENAI_MODEL: "qwen",
  MODEL_MAX_TOKENS: "24",
  MODEL_CONTEXT_WINDOW: "2048",
  MODEL_TEMPERATURE: "0",
  ...more,
});

/** What `--check` says. */
async function check(env: Record<string, string>) {
  await using folder = gardenFolder();
  await using agent = await startAgent({ folder: folder.path, env, args: ["--check"], patienceMs });
  const { code, stdout } = await agent.ended;
  return {
    code,
    model: stdout.split("\n").filter((line) => line.startsWith("model:")),
    stderr: agent.lines.join("\n"),
  };
}

testWithLlama(
  "llama.cpp: --check finds it usable, and tells a wrong key, a wrong path and a small window",
  async () => {
    await using server = await startLlama({ window: 1024, key: "k3y" });
    const right = { OPENAI_API_KEY: "k3y" };
    const good = await check(envFor(server, { ...right, MODEL_CONTEXT_WINDOW: "8192" }));
    assertEquals(good.code, 0, good.stderr);
    assertMatch(good.model[0]!, /usable \(qwen of openai at /);
    assertMatch(good.model[1]!, /but the server's window is 1024 tokens.*MODEL_CONTEXT_WINDOW says 8192/);
    assertEquals((await check(envFor(server))).code, 78);
    const lost = await check(envFor({ url: `http://127.0.0.1:${server.port}/wrong/v1` }, right));
    assertEquals(lost.code, 78);
    assertMatch(lost.stderr, /answered 404.*OPENAI_BASE_URL is right/);
  },
);

testWithLlama("llama.cpp: an event in a file is answered, and the answer tells the server's own counts", async () => {
  await using server = await startLlama();
  await using folder = gardenFolder({ questions: ["Where do tomatoes stand?"] });
  await using agent = await startAgent({ folder: folder.path, env: envFor(server), args: ["--once"], patienceMs });
  assertEquals((await agent.ended).code, 0);
  const [entry] = await agent.responses(1);
  assertGreater(entry!.response!.length, 0);
  const { model, provider, tokensIn, tokensOut, ms } = entry!.metadata!;
  assertEquals([model, provider], ["qwen", "openai"]);
  assertGreater(tokensIn!, 50);
  assertLess(tokensOut!, 25);
  assertGreater(ms!, 0);
});

testWithLlama(
  "llama.cpp: over WebSocket the pieces of an answer are the answer, and temperature 0 repeats it",
  async () => {
    await using model = await startLlama();
    await using folder = gardenFolder();
    await using server = await startServer({ events: [], patienceMs });
    const env = envFor(model, { EVENT_TRANSPORT: "websocket", WEBSOCKET_URL: server.url });
    await using _agent = await startAgent({ folder: folder.path, env, patienceMs });
    await server.authenticated(1);
    const query = "Where do tomatoes stand?";
    for (const id of ["q1", "q2"]) server.send({ id, query, timestamp: 1, metadata: { stream: true } });
    await server.acks(2);
    const frames = server.frames.flat() as { type: string; queryId?: string; delta?: string; response?: string }[];
    const answers = ["q1", "q2"].map((id) => {
      const about = frames.filter(({ queryId }) => queryId === id);
      const chunks = about.filter(({ type }) => type === "chunk");
      assertGreater(chunks.length, 1);
      const { response } = about.find(({ type }) => type === "response")!;
      assertEquals(chunks.map(({ delta }) => delta).join(""), response);
      return response;
    });
    assertEquals(answers[0], answers[1]);
  },
);

testWithLlama("llama.cpp: a line of a chat is answered", async () => {
  await using server = await startLlama();
  await using folder = gardenFolder();
  const env = envFor(server);
  const { code, stdout, stderr } = await chatOver({ folder: folder.path, env }, "Hello!");
  assertEquals(code, 0, stderr);
  assertGreater(stdout.trim().length, 0);
});

testWithLlama("llama.cpp: an answer that is called off is cancelled at the server", async () => {
  await using server = await startLlama({ endless: true });
  await using folder = gardenFolder({ questions: ["Tell me everything."] });
  const env = envFor(server, { MODEL_MAX_TOKENS: "1024", AGENT_SHUTDOWN_GRACE: "0" });
  await using agent = await startAgent({ folder: folder.path, env, patienceMs });
  await server.working(1);
  assertEquals((await agent.stop()).code, 0);
  await server.working(0);
});

testWithLlama(
  "llama.cpp: a server that is killed in the middle of an answer and comes back has it asked once more",
  async () => {
    const port = freePort();
    await using folder = gardenFolder({ questions: ["Where do tomatoes stand?"] });
    let server = await startLlama({ port, endless: true });
    await using agent = await startAgent({ folder: folder.path, env: envFor(server), patienceMs });
    await server.working(1);
    await server[Symbol.asyncDispose]();
    server = await startLlama({ port });
    await using _ = server;
    const [entry, ...others] = await agent.responses(1);
    assertEquals([entry!.error, others.length], [undefined, 0]);
  },
);

testWithLlama(
  "llama.cpp: a server that is stopped in the middle of an answer holds the agent up for MODEL_TIMEOUT only",
  async () => {
    await using server = await startLlama({ endless: true });
    await using folder = gardenFolder({ questions: ["Tell me everything."] });
    const env = envFor(server, { MODEL_TIMEOUT: "4000", MODEL_MAX_TOKENS: "64", LOG_LEVEL: "debug" });
    await using agent = await startAgent({ folder: folder.path, env, patienceMs });
    await server.working(1);
    server.kill("SIGSTOP");
    const retried = await agent.logged(({ message, error }) =>
      (message === "event {event} is tried again" || message === "model is asked again") &&
      /MODEL_TIMEOUT/.test(String(error))
    );
    assertMatch(String(retried.error), /did not answer within|in the middle of its answer/);
    server.kill("SIGCONT");
    const [entry] = await agent.responses(1);
    assertEquals(entry!.error, undefined);
  },
);

testWithLlama("llama.cpp: while the model loads, --check says so, and events wait", async () => {
  await using server = await startLlama({}, { loading: true });
  await using folder = gardenFolder({ questions: ["Where do tomatoes stand?"] });
  await using agent = await startAgent({ folder: folder.path, env: envFor(server), patienceMs });
  const [entry] = await agent.responses(1);
  assertEquals(entry!.error, undefined);
  const gone = await check(envFor({ url: `http://127.0.0.1:${freePort()}/v1` }));
  assertEquals(gone.code, 69);
});

testWithLlama("llama.cpp: a prompt too large for the server's window is cut to it", async () => {
  await using server = await startLlama({ window: 512 });
  const knowledge = Array.from({ length: 8 }, (_, n) => `Tomato ${n} stands by wall ${n}. ${"It is red. ".repeat(25)}`);
  await using folder = gardenFolder({ questions: ["Where does tomato 3 stand?"], knowledge });
  const env = envFor(server, { MODEL_CONTEXT_WINDOW: "8192" });
  await using agent = await startAgent({ folder: folder.path, env, args: ["--once"], patienceMs });
  assertEquals((await agent.ended).code, 0, agent.lines.join("\n"));
  const [entry] = await agent.responses(1);
  assertLess(entry!.metadata!.tokensIn!, 512);
});

testWithLlama("llama.cpp: answers that outgrow a shared window together all come in the end", async () => {
  await using server = await startLlama({ window: 640, slots: 4, shared: true, endless: true });
  const questions = ["Where do tomatoes stand?", "What is red?", "Who are you?", "What is a wall?"];
  await using folder = gardenFolder({ questions, knowledge: [] });
  const env = envFor(server, { MODEL_CONTEXT_WINDOW: "640", MODEL_MAX_TOKENS: "96" });
  await using agent = await startAgent({ folder: folder.path, env, args: ["--once"], patienceMs });
  assertEquals((await agent.ended).code, 0, agent.lines.join("\n"));
  for (const { response } of await agent.responses(4)) assertStringIncludes(response!, "cut off at 96 tokens");
});

testWithLlama(
  "llama.cpp: embeddings are made on a server of their own, and a text too long for it is left out alone",
  async () => {
    await using answers = await startLlama();
    await using embeddings = await startLlama({ embeddings: true, batch: 64, window: 512 });
    const knowledge = ["Tomatoes stand by the south wall.", "Roses stand by the gate.", "番茄种在南墙边".repeat(30)];
    await using folder = gardenFolder({ knowledge });
    const env = envFor(answers, { OPENAI_EMBEDDING_BASE_URL: embeddings.url, OPENAI_EMBEDDING_MODEL: "qwen" });
    await using agent = await startAgent({ folder: folder.path, env, patienceMs });
    const { passages } = await agent.logged("knowledge embedded");
    assert(Number(passages) >= 2, String(passages));
    await agent.logged("the embedding model does not take some passages: words alone find these");
  },
);

testWithLlama("llama.cpp: a server without --embeddings is refused for embeddings, at once", async () => {
  await using server = await startLlama();
  const { code, stderr } = await check(envFor(server, { OPENAI_EMBEDDING_MODEL: "qwen" }));
  assertEquals(code, 78);
  assertMatch(stderr, /answered 501.*--embeddings/);
});
