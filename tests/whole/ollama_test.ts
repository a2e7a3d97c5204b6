/** The real program against a real Ollama with a real small model: everything but the words of answers. @module */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { startAgent } from "../support/agent.ts";
import { makeFolder } from "../support/folder.ts";
import { freePort } from "../support/llama_server.ts";
import { type OllamaServer, startOllama, testWithOllama } from "../support/ollama_server.ts";
import { startServer } from "../support/server.ts";

/** A model on a busy machine may take a minute for what it takes a second for elsewhere. */
const patienceMs = 240_000;
const CHARACTER = { name: "Gardener", bio: "Answers in few words.", knowledge: ["Tomatoes stand by the south wall."] };
const QUESTION = { id: "q1", query: "Where do tomatoes stand?", timestamp: 1 };

const gardenFolder = (events: readonly object[] = []) =>
  makeFolder({ "c.json": CHARACTER, "iexec_in/events.json": events });

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

async function check(env: Record<string, string>) {
  await using folder = gardenFolder();
  await using agent = await startAgent({ folder: folder.path, env, args: ["--check"], patienceMs });
  const { code, stdout } = await agent.ended;
  return { code, said: stdout + agent.lines.join("\n") };
}

testWithOllama(
  "Ollama: --check tells a usable model from a missing one, and a template that drops the character",
  async () => {
    await using models = makeFolder();
    await using server = await startOllama({ models: models.path });
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

testWithOllama(
  "Ollama: an answer streams over WebSocket, and tells its model and the server's count of tokens",
  async () => {
    await using models = makeFolder();
    await using ollama = await startOllama({ models: models.path });
    await using folder = gardenFolder();
    await using server = await startServer({
      events: [{ ...QUESTION, metadata: { stream: true } }],
      patienceMs,
    });
    const env = envFor(ollama, { USE_WEBSOCKET: "true", WEBSOCKET_URL: server.url });
    await using _agent = await startAgent({ folder: folder.path, env, patienceMs });
    const [answer] = await server.responses(1);
    assert(answer!.response!.length > 0);
    const { model, provider, usage } = answer!.metadata as Record<string, unknown> & { usage: Record<string, number> };
    assertEquals([model, provider], ["qwen", "ollama"], JSON.stringify(answer!.metadata));
    assert(usage === undefined || Object.values(usage).every((count) => count > 0));
  },
);

testWithOllama(
  "Ollama: a server that is killed in the middle of an answer, and comes back, answers each event once",
  async () => {
    await using models = makeFolder();
    await using folder = gardenFolder([QUESTION, { ...QUESTION, id: "q2" }]);
    const port = freePort();
    const first = await startOllama({ models: models.path, port });
    await using agent = await startAgent({ folder: folder.path, env: envFor(first), patienceMs });
    await agent.logged("📥 Processing new event: {event}");
    first.kill("SIGKILL");
    await first[Symbol.asyncDispose]();
    await using _second = await startOllama({ models: models.path, port });
    const entries = await agent.responses(2);
    assertEquals(entries.map(({ queryId, error }) => [queryId, error]).sort(), [["q1", undefined], ["q2", undefined]]);
  },
);
