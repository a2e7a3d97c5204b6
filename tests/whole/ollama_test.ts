/** The real program against a real Ollama with a real small model: everything but the words of answers. @module */

import { assert, assertEquals, assertGreater, assertLess, assertMatch, assertStringIncludes } from "@std/assert";
import { startAgent } from "../support/agent.ts";
import { chatOver } from "../support/chat.ts";
import { makeFolder } from "../support/folder.ts";
import { freePort } from "../support/ports.ts";
import { type OllamaServer, startOllama, testWithOllama } from "../support/ollama_server.ts";
import { type ServerUnderTest, startServer } from "../support/server.ts";

/** A model on a busy machine may take a minute for what it takes a second for elsewhere. */
const patienceMs = 240_000;
const CHARACTER = { name: "Gardener", bio: "Answers in few words.", knowledge: ["Tomatoes stand by the south wall."] };
const QUESTION = { id: "q1", query: "Where do tomatoes stand?", timestamp: 1 };
/** A question whose answer goes on until a limit. */
const LONG = { ...QUESTION, query: "Write the numbers from one to nine hundred as words, each in a line of its own." };
const STREAMED = { stream: true };

const gardenFolder = ({ events = [] as readonly object[], knowledge = CHARACTER.knowledge } = {}) =>
  makeFolder({ "c.json": { ...CHARACTER, knowledge }, "iexec_in/events.json": events });

const envFor = ({ url }: Pick<OllamaServer, "url">, more: Record<string, string> = {}) => ({
  AGENT_CHARACTER: "c.json",
  MODEL_PROVIDER: "ollama",
  OLLAMA_SERVER_URL: url,
  OLLAMA_MODEL: "qwen",
  MODEL_MAX_TOKENS: "24",
  MODEL_CONTEXT_WINDOW: "2048",
  MODEL_TEMPERATURE: "0",
  MODEL_TIMEOUT: "200s",
  ...more,
});

const overWebSocket = ({ url }: ServerUnderTest) => ({ EVENT_TRANSPORT: "websocket", WEBSOCKET_URL: url });

async function check(env: Record<string, string>) {
  await using folder = gardenFolder();
  await using agent = await startAgent({ folder: folder.path, env, args: ["--check"], patienceMs });
  const { code, stdout } = await agent.ended;
  return { code, said: stdout + agent.lines.join("\n") };
}

/** The pieces of an answer that have come. */
const chunksIn = (server: ServerUnderTest) =>
  (server.frames.flat() as { type: string; delta: string }[]).filter(({ type }) => type === "chunk");

/** Resolves once a piece of an answer has come. */
async function untilChunk(server: ServerUnderTest): Promise<void> {
  while (chunksIn(server).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
}

testWithOllama(
  "Ollama: --check tells a usable model from a missing one, and a template that drops the character",
  async () => {
    await using models = makeFolder();
    await using server = await startOllama({ folder: models.path, models: ["qwen", "bare"] });
    const good = await check(envFor(server));
    assertEquals(good.code, 0, good.said);
    assertMatch(good.said, /^model: usable \(qwen of ollama at /m);
    const missing = await check(envFor(server, { OLLAMA_MODEL: "nobody" }));
    assertEquals(missing.code, 78, missing.said);
    assertStringIncludes(missing.said, "ollama pull nobody");
    const bare = await check(envFor(server, { OLLAMA_MODEL: "bare" }));
    assertMatch(bare.said, /template/);
    const wide = await check(envFor(server, { MODEL_CONTEXT_WINDOW: "131072" }));
    assertMatch(wide.said, /32768/);
    assertEquals((await check(envFor({ url: `http://127.0.0.1:${freePort()}` }))).code, 69);
  },
);

testWithOllama("Ollama: a model that is not there ends the start before any event is taken", async () => {
  await using models = makeFolder();
  await using server = await startOllama({ folder: models.path, models: [] });
  await using folder = gardenFolder({ events: [QUESTION] });
  for (const wrong of [{ OLLAMA_MODEL: "nobody" }, { OLLAMA_EMBEDDING_MODEL: "nobody" }]) {
    await using agent = await startAgent({ folder: folder.path, env: envFor(server, wrong), patienceMs });
    assertEquals((await agent.ended).code, 78, agent.lines.join("\n"));
    assertStringIncludes(agent.lines.join("\n"), "answered 404");
    assert(!agent.log.some(({ message }) => message.includes("Processing new event")));
  }
});

testWithOllama("Ollama: over WebSocket the pieces are the answer, with the server's count of tokens", async () => {
  await using models = makeFolder();
  await using ollama = await startOllama({ folder: models.path });
  await using folder = gardenFolder();
  await using server = await startServer({ events: [{ ...QUESTION, metadata: STREAMED }], patienceMs });
  const env = { ...envFor(ollama), ...overWebSocket(server) };
  await using _agent = await startAgent({ folder: folder.path, env, patienceMs });
  const [answer] = await server.responses(1);
  const chunks = chunksIn(server);
  assertGreater(chunks.length, 1);
  assertEquals(chunks.map(({ delta }) => delta).join(""), answer!.response);
  const { model, provider, tokensIn, tokensOut, ms } = answer!.metadata as Record<string, unknown>;
  assertEquals([model, provider], ["qwen", "ollama"]);
  assertGreater(Number(tokensIn), 50);
  assertLess(Number(tokensOut), 25);
  assertGreater(Number(ms), 0);
});

testWithOllama("Ollama: a line of a chat is answered, by a model that is loaded anew for each", async () => {
  await using models = makeFolder();
  await using server = await startOllama({ folder: models.path });
  await using folder = gardenFolder();
  const env = envFor(server, { OLLAMA_KEEP_ALIVE: "0", MODEL_MAX_TOKENS: "16" });
  const { code, stdout, stderr } = await chatOver({ folder: folder.path, env }, "Hello!", "And roses?");
  assertEquals(code, 0, stderr);
  assertGreater(stdout.trim().length, 0);
});

testWithOllama("Ollama: an answer that is called off is cancelled at the server, which rests then", async () => {
  await using models = makeFolder();
  await using ollama = await startOllama({ folder: models.path });
  await using folder = gardenFolder();
  await using server = await startServer({ events: [{ ...LONG, metadata: STREAMED }], patienceMs });
  // An answer that would take any machine minutes.
  const limits = { MODEL_MAX_TOKENS: "8000", MODEL_CONTEXT_WINDOW: "16384" };
  const env = envFor(ollama, { ...overWebSocket(server), ...limits, AGENT_SHUTDOWN_GRACE: "0" });
  await using agent = await startAgent({ folder: folder.path, env, patienceMs });
  await untilChunk(server);
  assertEquals((await agent.stop()).code, 0);
  await ollama.logged('"/api/chat"');
  await ollama.atRest();
});

testWithOllama(
  "Ollama: a server that is stopped in the middle of an answer holds the agent up for MODEL_TIMEOUT only",
  async () => {
    await using models = makeFolder();
    await using ollama = await startOllama({ folder: models.path });
    await using folder = gardenFolder();
    await using server = await startServer({ events: [{ ...LONG, metadata: STREAMED }], patienceMs });
    // Long enough for a prompt to be read.
    const limits = { MODEL_TIMEOUT: "15s", MODEL_MAX_TOKENS: "64", LOG_LEVEL: "debug" };
    const env = envFor(ollama, { ...overWebSocket(server), ...limits });
    await using agent = await startAgent({ folder: folder.path, env, patienceMs });
    await untilChunk(server);
    ollama.signal("SIGSTOP");
    const retried = await agent.logged("event {event} is tried again");
    assertMatch(String(retried.error), /stopped in the middle of its answer for 15000 ms \(MODEL_TIMEOUT\)/);
    ollama.signal("SIGCONT");
    const [answer] = await server.responses(1);
    const frames = server.frames.flat() as { type: string; delta: string; restart?: true }[];
    const again = frames.findLastIndex(({ restart }) => restart);
    assertGreater(again, 0, "whoever saw the first pieces is told that they are void");
    const pieces = frames.slice(again).filter(({ type }) => type === "chunk");
    assertEquals(pieces.map(({ delta }) => delta).join(""), answer!.response);
  },
);

for (const what of ["the server", "the process that runs the model"] as const) {
  testWithOllama(`Ollama: ${what} is killed in the middle of an answer, and each event is answered once`, async () => {
    await using models = makeFolder();
    await using folder = gardenFolder();
    const port = freePort();
    await using first = await startOllama({ folder: models.path, port });
    const events = [{ ...QUESTION, metadata: STREAMED }, { ...QUESTION, id: "q2" }];
    await using server = await startServer({ events, patienceMs });
    const env = { ...envFor(first), ...overWebSocket(server) };
    await using agent = await startAgent({ folder: folder.path, env, patienceMs });
    await untilChunk(server);
    if (what === "the server") await first.kill();
    else await first.killRunners();
    await using _second = what === "the server" ? await startOllama({ folder: models.path, port }) : undefined;
    await server.acks(2);
    const entries = await agent.responses(2);
    assertEquals(entries.map(({ queryId, error }) => [queryId, error]).sort(), [["q1", undefined], ["q2", undefined]]);
  });
}

testWithOllama("Ollama: events wait for a server that is not there yet, and then for its model to load", async () => {
  await using models = makeFolder();
  await using folder = gardenFolder({ events: [QUESTION] });
  const { port, ...first } = await startOllama({ folder: models.path });
  await first.kill();
  const env = envFor(first, { LOG_LEVEL: "debug" });
  await using agent = await startAgent({ folder: folder.path, env, patienceMs });
  await agent.logged("model is down: events wait for it");
  await using _server = await startOllama({ folder: models.path, port });
  const [entry] = await agent.responses(1);
  assertEquals(entry!.error, undefined);
});

testWithOllama(
  "Ollama: a prompt is cut to the window, and a question larger than it is an error that says so",
  async () => {
    await using models = makeFolder();
    await using server = await startOllama({ folder: models.path });
    const knowledge = Array.from(
      { length: 8 },
      (_, n) => `Tomato ${n} stands by wall ${n}. ${"It is red. ".repeat(25)}`,
    );
    const events = [
      { ...QUESTION, query: "Where does tomato 3 stand?" },
      { ...QUESTION, id: "q2", query: "Is it red? ".repeat(400) },
    ];
    await using folder = gardenFolder({ events, knowledge });
    const env = envFor(server, { MODEL_CONTEXT_WINDOW: "512" });
    await using agent = await startAgent({ folder: folder.path, env, args: ["--once"], patienceMs });
    await agent.ended;
    const entries = await agent.responses(2);
    const [first, second] = ["q1", "q2"].map((id) => entries.find(({ queryId }) => queryId === id)!);
    assertLess(first!.metadata!.tokensIn!, 512);
    assertMatch(second!.error!, /does not fit.*MODEL_CONTEXT_WINDOW/);
  },
);

testWithOllama("Ollama: more events than it answers at the same time are all answered", async () => {
  await using models = makeFolder();
  await using server = await startOllama({ folder: models.path, env: { OLLAMA_NUM_PARALLEL: "2" } });
  const events = ["q1", "q2", "q3", "q4"].map((id) => ({ ...QUESTION, id }));
  await using folder = gardenFolder({ events, knowledge: [] });
  const env = envFor(server, { AGENT_CONCURRENCY: "4", MODEL_MAX_TOKENS: "16" });
  await using agent = await startAgent({ folder: folder.path, env, args: ["--once"], patienceMs });
  assertEquals((await agent.ended).code, 0, agent.lines.join("\n"));
  assertEquals((await agent.responses(4)).filter(({ error }) => error !== undefined), []);
});

testWithOllama("Ollama: knowledge is embedded, and a model that is not made for it is named by --check", async () => {
  await using models = makeFolder();
  await using server = await startOllama({ folder: models.path });
  const env = envFor(server, { OLLAMA_EMBEDDING_MODEL: "qwen" });
  assertStringIncludes((await check(env)).said, "OLLAMA_EMBEDDING_MODEL=qwen is not made for embeddings");
  // The last one is longer than the model's window: Ollama cuts it.
  const knowledge = ["Tomatoes stand by the south wall.", "Roses stand by the gate.", "番茄种在南墙边".repeat(30)];
  await using folder = gardenFolder({ events: [QUESTION], knowledge });
  await using agent = await startAgent({ folder: folder.path, env, patienceMs });
  const { passages } = await agent.logged("knowledge embedded");
  assertEquals(passages, 3);
  const [entry] = await agent.responses(1);
  assertEquals(entry!.error, undefined);
});
