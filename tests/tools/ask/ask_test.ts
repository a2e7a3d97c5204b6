/** `deno task ask` over every transport: a process that asks, and agents as processes that answer. @module */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { startAgent } from "../../support/agent.ts";
import { type Asking, startAsking } from "../../support/ask.ts";
import type { Broker } from "../../support/brokers/broker.ts";
import { NO_NATS, startNats } from "../../support/brokers/nats.ts";
import { NO_RABBITMQ, startRabbit } from "../../support/brokers/rabbitmq.ts";
import { NO_REDIS, startRedis } from "../../support/brokers/redis.ts";
import { makeFolder } from "../../support/folder.ts";
import { serveHttp } from "../../support/http_server.ts";
import { startModelServer } from "../../support/model_server.ts";
import { run } from "../../support/mount.ts";
import { testUnless } from "../../support/optional.ts";
import { startServer } from "../../support/server.ts";

/** The start of what the built-in character answers to "What is iExec?". */
const ANSWER = "iExec is a decentralized platform";

/** What agents and whoever asks have in common: settings, and a folder to work in where they share one. */
interface Place extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>;
  readonly folder?: string;
}

interface Case {
  readonly name: string;
  readonly missing: string | undefined;
  open(): Promise<Place>;
  /** How many agents can share it. */
  readonly agents: number;
}

const ofBroker = (start: () => Promise<Broker>) => start;

const CASES: readonly Case[] = [
  {
    name: "file",
    missing: undefined,
    agents: 1,
    open() {
      const folder = makeFolder();
      return Promise.resolve({
        env: {},
        folder: folder.path,
        [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
      });
    },
  },
  {
    name: "a directory of files",
    missing: undefined,
    agents: 1,
    open() {
      const folder = makeFolder({ "inbox/.keep": "" });
      return Promise.resolve({
        env: { EVENT_INPUT_PATH: "inbox" },
        folder: folder.path,
        [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
      });
    },
  },
  {
    name: "a file of lines",
    missing: undefined,
    agents: 1,
    open() {
      const folder = makeFolder({ "events.ndjson": '{"id":"before","query":"What is a voucher?","timestamp":1}' });
      return Promise.resolve({
        env: { EVENT_INPUT_PATH: "events.ndjson" },
        folder: folder.path,
        [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
      });
    },
  },
  {
    name: "the test server",
    missing: undefined,
    agents: 2,
    async open() {
      const server = await startServer({ events: [], token: "s3cret" });
      return {
        env: { EVENT_TRANSPORT: "websocket", WEBSOCKET_URL: server.url, WEBSOCKET_AUTH_TOKEN: "s3cret" },
        [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
      };
    },
  },
  { name: "RabbitMQ", missing: NO_RABBITMQ, agents: 2, open: ofBroker(startRabbit) },
  { name: "Redis", missing: NO_REDIS, agents: 2, open: ofBroker(startRedis) },
  { name: "NATS", missing: NO_NATS, agents: 2, open: ofBroker(startNats) },
];

/** Ask where the agents of `place` can be reached. */
function ask(args: readonly string[], place: Place, folder: string): Asking {
  return startAsking(args, { folder: place.folder ?? folder, env: place.env });
}

for (const { name, missing, open, agents } of CASES) {
  testUnless(missing, `ask over ${name}`, async (context) => {
    await using place = await open();
    await using elsewhere = makeFolder();
    await using running = new AsyncDisposableStack();
    const start = async () => {
      const agent = await startAgent({ ...(place.folder && { folder: place.folder }), env: place.env });
      running.use(agent);
      await agent.logged(({ message }) => /^(✅ Connected|👀 Watching|🔐 Authenticated)/.test(message));
      return agent;
    };

    await context.step("Ctrl+C ends the waiting, and nothing hangs", async () => {
      await using asking = ask(["Is anybody there?"], place, elsewhere.path);
      await asking.said("📤 Asked over ");
      asking.kill("SIGINT");
      // As `deno task` passes it on once more.
      asking.kill("SIGINT");
      assertEquals((await asking.ended).code, 1);
      assertStringIncludes(asking.lines.at(-1)!, "Not answered yet");
    });

    await context.step("a question that is asked before any agent runs is answered once one does", async () => {
      await using asking = ask(["What", "is", "iExec?"], place, elsewhere.path);
      await asking.said("📤 Asked over ");
      const agent = await start();
      const { code, stdout } = await asking.ended;
      assertEquals(code, 0, asking.lines.join("\n"));
      assert(stdout.startsWith(ANSWER), stdout);
      const { agentId } = (await agent.responses(1)).at(-1)!;
      assertMatch(asking.lines.at(-1)!, new RegExp(`^✅ Answered by agent ${agentId} in \\d+ ms$`));
    });

    await context.step("a load is answered whole, with throughput, percentiles and each agent's share", async () => {
      if (agents > 1) await start();
      await using asking = ask(["--count", "400", "--rate", "1000"], place, elsewhere.path);
      const { code, stdout } = await asking.ended;
      assertEquals(code, 0, asking.lines.join("\n"));
      assertStringIncludes(stdout, "📊 Answered 400 of 400 events\n");
      assertMatch(stdout, /throughput: \d+ a second, in \d+\.\d\d s\n/);
      assertMatch(stdout, /latency: p50 [\d.]+ ms, p90 [\d.]+ ms, p99 [\d.]+ ms, max [\d.]+ ms\n/);
      const shares = Array.from(stdout.matchAll(/[\w-]{36} (\d+)/g), ([, count]) => Number(count));
      if (agents > 1) assertEquals([shares.length, shares.reduce((sum, share) => sum + share, 0)], [agents, 400]);
    });

    // A file has no way back but that of outcomes.
    if (place.folder !== undefined) return;
    await context.step("--stream prints the answer as it grows, and anew where the agent began anew", async () => {
      await running.disposeAsync();
      await using model = await startModelServer("openai");
      model.script({ stallAfter: "It grows" }, { text: "It grows until it is whole." });
      const settings = { MODEL_PROVIDER: "openai", OPENAI_BASE_URL: model.url, OPENAI_MODEL: "test-model" };
      await using _agent = await startAgent({ env: { ...place.env, ...settings, MODEL_TIMEOUT: "1000" } });
      await using asking = ask(["--stream", "What", "grows?"], place, elsewhere.path);
      await asking.hasPrinted("It grows");
      assertEquals(asking.lines.some((line) => line.includes("Answered")), false);
      const { code, stdout } = await asking.ended;
      assertEquals([code, stdout], [0, "It grows\nIt grows until it is whole.\n"], asking.lines.join("\n"));
    });
  });
}

Deno.test("ask says what to do where nobody listens", async () => {
  const port = 9; // discard: nobody serves it
  await using folder = makeFolder();
  const places: readonly [Record<string, string>, string][] = [
    [{ EVENT_TRANSPORT: "rabbitmq", RABBITMQ_URL: `amqp://127.0.0.1:${port}` }, "RABBITMQ_URL"],
    [{ EVENT_TRANSPORT: "redis", REDIS_URL: `redis://127.0.0.1:${port}` }, "REDIS_URL"],
    [{ EVENT_TRANSPORT: "nats", NATS_URL: `nats://127.0.0.1:${port}` }, "NATS_URL"],
    [{ EVENT_TRANSPORT: "websocket", WEBSOCKET_URL: `ws://127.0.0.1:${port}` }, "deno task test-server"],
  ];
  for (const [env, remedy] of places) {
    await using asking = startAsking(["hello"], { folder: folder.path, env });
    assertEquals((await asking.ended).code, 69, asking.lines.join("\n"));
    assertStringIncludes(asking.lines.at(-1)!, remedy);
  }
});

Deno.test("ask comes again where the test server has no room for more requests that wait", async () => {
  await using folder = makeFolder();
  const asked: string[] = [];
  await using server = serveHttp({}, ({ body }) => {
    const { id } = JSON.parse(body);
    asked.push(id);
    return Promise.resolve(
      asked.length === 1
        ? Response.json({ success: false, error: "full" }, { status: 503, headers: { "retry-after": "0.01" } })
        : Response.json({ success: true, eventId: id, state: "answered", response: "There is room.", agentId: "a" }),
    );
  });
  const env = { EVENT_TRANSPORT: "websocket", WEBSOCKET_URL: `ws://127.0.0.1:${server.port}` };
  await using asking = startAsking(["hello"], { folder: folder.path, env });
  await asking.said("no room for more questions");
  const { code, stdout } = await asking.ended;
  assertEquals(
    [code, stdout, asked.length, new Set(asked).size],
    [0, "There is room.\n", 2, 1],
    asking.lines.join("\n"),
  );
});

Deno.test("ask says what is wrong with its arguments, its settings, and a file that is no array", async () => {
  await using folder = makeFolder({ "iexec_in/events.json": "{}" });
  const cases: readonly [readonly string[], Record<string, string>, number, string][] = [
    [[], {}, 64, "expected a question"],
    [["--rate", "5", "hello"], {}, 64, "--rate goes with --count"],
    [["--count", "0"], {}, 64, "--count must be a whole number"],
    [["--wait", "soon", "hello"], {}, 64, "--wait must be a number"],
    [["hello"], { EVENT_TRANSPORT: "pigeon" }, 78, "EVENT_TRANSPORT: expected"],
    [["hello"], {}, 74, "it is no JSON array"],
  ];
  for (const [args, env, exitCode, text] of cases) {
    await using asking = startAsking(args, { folder: folder.path, env });
    assertEquals((await asking.ended).code, exitCode, asking.lines.join("\n"));
    assertStringIncludes(asking.lines.join("\n"), text);
  }
  assertEquals(Deno.readTextFileSync(`${folder.path}/iexec_in/events.json`), "{}");
});

for (
  const [what, make, said] of [
    ["a directory", (path: string) => Deno.mkdirSync(path), "is a directory, not a plain file"],
    ["a FIFO", (path: string) => run("mkfifo", path), "is a FIFO, not a plain file"],
  ] as const
) {
  Deno.test(`ask says that answers can't be read where ${what} stands in the place of their file, and asks nothing`, async () => {
    await using folder = makeFolder();
    make(`${folder.path}/out`);
    await using asking = startAsking(["Hi"], { folder: folder.path, env: { EVENT_OUTPUT_PATH: "out" } });
    const { code } = await asking.ended;
    const text = asking.lines.join("\n");
    assertEquals(code, 74, text);
    assertStringIncludes(text, `Cannot read out: out ${said}`);
    assertEquals([...Deno.readDirSync(folder.path)].map(({ name }) => name), ["out"]);
  });
}

Deno.test("questions that are asked at the same time are all put into the file of events", async () => {
  await using folder = makeFolder({ "iexec_in/events.json": [] });
  await using stack = new AsyncDisposableStack();
  const questions = Array.from({ length: 8 }, (_, index) => `question ${index}`);
  const askings = questions.map((question) =>
    stack.use(startAsking(["--wait", "0.01", question], { folder: folder.path }))
  );
  const ends = await Promise.all(askings.map(({ ended }) => ended));
  assertEquals(ends.map(({ code }) => code), questions.map(() => 1), askings.flatMap(({ lines }) => lines).join("\n"));
  const events = JSON.parse(Deno.readTextFileSync(`${folder.path}/iexec_in/events.json`)) as { query: string }[];
  assertEquals(events.map(({ query }) => query).toSorted(), questions);
});

for (
  const [what, before, after] of [
    [
      "bytes that are no UTF-8 and a large number",
      '\ufeff[ {"id":"a","n":12345678901234567890,"query":"caf\xe9"}\r\n]\n',
      true,
    ],
    ["nothing", "[\n]", false],
  ] as const
) {
  Deno.test(`a question is put behind the events of a file, which stay as they are: ${what}`, async () => {
    await using folder = makeFolder({ "iexec_in/events.json": "" });
    const path = `${folder.path}/iexec_in/events.json`;
    const bytes = (text: string) =>
      Uint8Array.from(text.replace("\ufeff", "\xef\xbb\xbf"), (letter) => letter.charCodeAt(0));
    Deno.writeFileSync(path, bytes(before));
    await using asking = startAsking(["--wait", "0.01", "What is iExec?"], { folder: folder.path });
    assertEquals((await asking.ended).code, 1, asking.lines.join("\n"));
    const kept = bytes(before.slice(0, before.lastIndexOf("]")).trimEnd()), whole = Deno.readFileSync(path);
    assertEquals(whole.subarray(0, kept.length), kept);
    const rest = new TextDecoder().decode(whole.subarray(kept.length));
    assertEquals(rest.startsWith(","), after);
    const [event] = JSON.parse(`[${rest.replace(/^,/, "")}`) as { query: string }[];
    assertEquals(event?.query, "What is iExec?");
  });
}

Deno.test("ask tells of an event that could not be answered, and ends with 1", async () => {
  await using model = await startModelServer("openai");
  model.otherwise({ status: 400, error: "no such model" });
  await using folder = makeFolder();
  const env = { MODEL_PROVIDER: "openai", OPENAI_BASE_URL: model.url, OPENAI_MODEL: "test-model" };
  await using _agent = await startAgent({ folder: folder.path, env });
  await using asking = startAsking(["hello"], { folder: folder.path, env });
  assertEquals((await asking.ended).code, 1);
  assertMatch(asking.lines.at(-1)!, /^❌ agent [-\w]+ could not answer: /);
});

Deno.test("ask gives up after the time that it is told", async () => {
  await using folder = makeFolder();
  await using asking = startAsking(["--wait", "0.05", "hello"], { folder: folder.path });
  assertEquals((await asking.ended).code, 1);
});
