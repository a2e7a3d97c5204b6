/** The commands that the documents show, run by a shell as they stand there. @module */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { readSettings } from "../../src/program/settings.ts";
import { ROOT } from "../support/agent.ts";
import { NO_NATS, startNats } from "../support/brokers/nats.ts";
import { NO_RABBITMQ, startRabbit } from "../support/brokers/rabbitmq.ts";
import { NO_REDIS, startRedis } from "../support/brokers/redis.ts";
import { codeBlocks, DOCUMENTS } from "../support/documents.ts";
import { CLAIMS, eventLogOf, REGISTERS } from "../support/evidence.ts";
import { testUnless } from "../support/optional.ts";
import { type Checkout, type Command, makeCheckout } from "../support/shell.ts";
import { signedAnswers, writeSigned } from "../support/signed_answers.ts";

/** Blocks of commands that tests run, as "document: block". */
const run = new Set<string>();

/** The block of commands in a document that has `part` in it. */
function shown(document: string, part: string): string {
  const [block, ...others] = codeBlocks(document, "sh").filter((block) => block.includes(part));
  if (block === undefined || others.length > 0) throw new Error(`${document} has not one block with ${part}`);
  run.add(`${document}: ${block}`);
  return block;
}

/** What a document shows as the output of a block of commands: the block without a language right behind it. */
function shownOutput(document: string, part: string): string {
  const blocks = codeBlocks(document, "");
  const output = blocks.find((block) => block.includes(part));
  if (output === undefined) throw new Error(`${document} shows no output with ${part}`);
  return output;
}

const README = {
  twoCommands: shown("README.md", "task dev"),
  look: shown("README.md", "cat iexec_out/responses.json"),
  ask: shown("README.md", "cat > iexec_in/events.json"),
  chat: shown("README.md", "--conversation trial"),
  testServer: shown("README.md", "deno task test-server"),
  agent: shown("README.md", "ws://localhost:8080"),
};
const CHARACTERS = {
  gardener: shown("docs/characters.md", "gardener.json"),
  orchard: shown("docs/characters.md", "orchard.json"),
};
const PROTOCOL = {
  server: shown("docs/protocol.md", "examples/server.ts"),
  agent: shown("docs/protocol.md", "ws://localhost:8080"),
  ask: shown("docs/protocol.md", "curl -d"),
  askNode: shown("docs/protocol.md", "/api/query"),
};
const TEST_SERVER = {
  start: codeBlocks("docs/test_server.md", "sh")[0]!,
  curl: shown("docs/test_server.md", "/api/events/ws-event-001"),
  follow: shown("docs/test_server.md", "curl -N"),
  second: shown("docs/test_server.md", ".agent-second"),
  tls: shown("docs/test_server.md", "openssl req"),
  tlsAgent: shown("docs/test_server.md", "wss://localhost:8080"),
  load: shown("docs/test_server.md", "--rate 200"),
};
run.add(`docs/test_server.md: ${TEST_SERVER.start}`);
/** The commands for each broker, by the port in them. */
const ofQueue = (port: string) => ({
  first: shown("docs/queues.md", `:${port} deno task start`),
  second: shown("docs/queues.md", `:${port} AGENT_STATE_DIR`),
  ask: shown("docs/queues.md", `:${port} deno task ask`),
});
const QUEUES = { redis: ofQueue("6379"), rabbitmq: ofQueue("5672"), nats: ofQueue("4222") };
const BY_HAND = shown("docs/queues.md", "redis-cli");
const TASK = shown("docs/iexec.md", "task start --once");
const SEALED = shown("docs/operations.md", "AGENT_STATE_KEY");
const FORGET = shown("docs/operations.md", "task forget");
const OUTPUT = {
  rotated: shown("docs/operations.md", "EVENT_OUTPUT_ROTATE"),
  sealed: shown("docs/operations.md", "openssl genpkey"),
  opened: shown("docs/operations.md", "task start open"),
  second: shown("docs/operations.md", ".agent-second"),
};
const MONITORING = shown("docs/monitoring.md", "STATUS_ADDRESS=");
const VERIFY = {
  outside: shown("docs/verify.md", "task start --once"),
  whole: shown("docs/verify.md", "sha256sum app-compose.json"),
  server: shown("docs/test_server.md", "--require-attestation"),
};
const DIGEST = shown("docs/security.md", "settings in force");
const CHARACTER_DIGEST = shown("docs/security.md", "orchard.json");
const COMPOSE_HASH = shown("deploy/README.md", "jq ");

/** Blocks that no test runs, by what they need or why. */
const NOT_RUN: readonly (readonly [RegExp, string])[] = [
  [/\b(?:docker|kubectl|nitro-cli|iexec app|iapp test|ollama|vllm|llama-server)\b/, "a program from elsewhere"],
  [/MODEL_PROVIDER=/, "a model's server"],
  [/npm install|agents\.example\.org/, "another machine"],
  [/task (?:test|compile)\b/, "it takes minutes, and CI runs it"],
  [/^deno task chat$/, "somebody who types"],
];

Deno.test("every block of commands in the documents is run by a test, or named with the reason why not", () => {
  const blocks = DOCUMENTS.flatMap((document) => codeBlocks(document, "sh").map((block) => `${document}: ${block}`));
  const forgotten = blocks.filter((block) =>
    !run.has(block) && !NOT_RUN.some(([pattern]) => pattern.test(block.slice(block.indexOf(": ") + 2)))
  );
  assertEquals(forgotten, []);
});

Deno.test("every setting in the documents' commands exists, and its value is accepted", () => {
  const commands = DOCUMENTS.flatMap((document) => codeBlocks(document, "sh"))
    .flatMap((block) => block.replaceAll("\\\n", " ").split("\n"))
    .filter((command) => /deno task (?:start|dev|chat|ask)\b/.test(command));
  const assignments = commands.map((command) =>
    Object.fromEntries(
      Array.from(
        command.matchAll(/(?<=^|\s)([A-Z_]+)=(?:'([^']*)'|"([^"]*)"|(\S+))/g),
        ([, name, quoted, double, bare]) => [name!, quoted ?? double ?? bare!],
      )
        // Made by a command in between, and an ellipsis in place of a key.
        .filter(([, value]) => !value!.startsWith("$(")).map(([name, value]) => [name!, value!.replace("…", "x")]),
    )
  );
  assertEquals(assignments.some((values) => "MODEL_PROVIDER" in values), true);
  for (const values of assignments) {
    const asked = new Set<string>();
    readSettings((name) => {
      asked.add(name);
      return values[name];
    });
    assertEquals(Object.keys(values).filter((name) => !asked.has(name)), []);
  }
});

Deno.test("the README's first minutes: `task dev` answers, and answers what is asked while it runs", async () => {
  await using checkout = await makeCheckout();
  const [dev = ""] = README.twoCommands.split("\n");
  checkout.start(dev);
  await checkout.written("iexec_out/responses.json", ["event-001", "event-002", "event-003"]);
  assertStringIncludes(await checkout.run(README.look), '"queryId"');
  await checkout.run(README.ask);
  await checkout.written("iexec_out/responses.json", ["my-first"]);
});

Deno.test("a chat that is piped in gets its answers, and the characters of the examples know theirs", async () => {
  await using checkout = await makeCheckout();
  assertMatch(await checkout.run(README.chat), /voucher/i);
  for (const [command, part] of [[CHARACTERS.gardener, "Tomatoes"], [CHARACTERS.orchard, "pear tree"]] as const) {
    assertEquals((await checkout.run(command)).trim(), shownOutput("docs/characters.md", part));
  }
});

Deno.test("a task writes computed.json, a state is sealed, and the settings' SHA-256 is the one that is printed", async () => {
  await using checkout = await makeCheckout();
  const computed = await checkout.run(TASK);
  assertStringIncludes(computed, "deterministic-output-path");
  await checkout.run(SEALED);
  const [digest = ""] = (await checkout.run(DIGEST)).split(" ");
  const printed = await checkout.run("deno task start --check");
  assertStringIncludes(printed, digest);
  const [, settings = ""] = /^settings in force: (.*)$/m.exec(printed)!;
  assertEquals(digest, createHash("sha256").update(settings).digest("hex"));
});

Deno.test("what a user said is forgotten", async () => {
  await using checkout = await makeCheckout();
  await checkout.run("deno task start --once");
  assertStringIncludes(await checkout.run(FORGET), "forgot 2 exchanges");
});

Deno.test("answers from outside of a TEE are signed, and verifying them says that nothing vouches for the key", async () => {
  await using checkout = await makeCheckout();
  const { code, stdout } = await checkout.start(VERIFY.outside).ended;
  assertEquals(code, 1);
  for (
    const line of shownOutput("docs/verify.md", "[no-tee]").trim().split("\n").filter((line) => !line.includes("…"))
  ) {
    assertStringIncludes(stdout, line);
  }
});

Deno.test("answers are verified from the hash of a compose file, and the test server lets only such agents in", async () => {
  await using checkout = await makeCheckout();
  const compose = '{"docker_compose_file":"services: {}"}';
  Deno.writeTextFileSync(`${checkout.path}/app-compose.json`, compose);
  const composeHash = createHash("sha256").update(compose).digest("hex");
  const { text, rtmr3 } = eventLogOf([
    { event: "compose-hash", payload: composeHash },
    { event: "boot-mr-done" },
  ]);
  const signed = await signedAnswers({ td: { registers: { ...REGISTERS, rtmr3 } }, eventLog: text });
  writeSigned(checkout.path, signed);
  const [mrtd = "", rtmr1 = "", rtmr2 = ""] = [REGISTERS.mrtd, REGISTERS.rtmr1, REGISTERS.rtmr2].map((bytes) =>
    bytes.toHex()
  );
  const env = { MRTD: mrtd, RTMR1: rtmr1, RTMR2: rtmr2 };
  // There is no real enclave here: the root is a fake Intel's, and its time.
  const fake = ` --root root.pem --at ${new Date(signed.intel.nowMs).toISOString()}`;
  assertStringIncludes(await checkout.run(`${VERIFY.whole.trimEnd()}${fake}`, env), "All 3 entries are proved.");
  const server = checkout.start(`${VERIFY.server.trimEnd()} --root root.pem --port 0`, {
    ...env,
    COMPOSE_HASH: composeHash,
  });
  const url = await server.printed(/listening on (ws:\S+)/);
  const end = await new Promise<CloseEvent>((resolve) => {
    const socket = new WebSocket(url);
    socket.onopen = () => socket.send(JSON.stringify({ type: "auth", agentId: CLAIMS.agentId, timestamp: 1 }));
    socket.onclose = resolve;
  });
  assertEquals([end.code, end.reason], [1008, "attestation required: the auth brings no evidence"]);
});

Deno.test("the hash of a character with its knowledge is the one that is printed, for the built-in one too", async () => {
  await using checkout = await makeCheckout();
  const printed = async (env: Record<string, string>) =>
    /^character: .*\nits SHA-256: (\w+)$/m.exec(await checkout.run("deno task start --check", env))?.[1];
  const [own] = (await checkout.run(CHARACTER_DIGEST)).split(" ");
  assertEquals(await printed({ AGENT_CHARACTER: "examples/orchard.json" }), own);
  const file = JSON.stringify(JSON.parse(Deno.readTextFileSync(`${ROOT}/src/mind/character/intern.json`)));
  const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
  assertEquals(await printed({}), sha256(`${sha256(file)}  character\n`));
});

testUnless(
  isInstalled("jq") ? undefined : "jq is not installed",
  "the compose hash of the dstack app is computed as dstack does",
  async () => {
    await using checkout = await makeCheckout();
    const [hash] = (await checkout.run(COMPOSE_HASH)).split(" ");
    const app = { ...JSON.parse(Deno.readTextFileSync(`${ROOT}/deploy/dstack.app.json`)) };
    app.docker_compose_file = Deno.readTextFileSync(`${ROOT}/deploy/dstack.yaml`);
    const sorted = Object.fromEntries(Object.entries(app).toSorted(([one], [other]) => one < other ? -1 : 1));
    assertEquals(hash, createHash("sha256").update(JSON.stringify(sorted)).digest("hex"));
  },
);

Deno.test("a file of answers is rotated, and a second agent beside the first has state and answers of its own", async () => {
  await using checkout = await makeCheckout();
  await checkout.run(OUTPUT.rotated);
  await checkout.written("iexec_out/responses.json", ["event-003"]);
  checkout.start(OUTPUT.second);
  await checkout.written(".agent-second/responses.json", ["event-003"]);
});

Deno.test("the metrics are at the address that the log tells", async () => {
  await using checkout = await makeCheckout();
  const url = await checkout.start(MONITORING.replace("9464", "0")).printed(/Metrics and health.*"(http:[^"]+)"/);
  assertMatch(await (await fetch(`${url}/metrics`)).text(), /^agent_events_received_total \d/m);
});

testUnless(
  isInstalled("openssl") ? undefined : "openssl is not installed",
  "answers that are sealed for a key are read with it",
  async () => {
    await using checkout = await makeCheckout();
    const here = (command: string) => command.replaceAll("/tmp/keys", `${checkout.path}/keys`);
    await checkout.run(here(OUTPUT.sealed));
    assertEquals(Deno.readTextFileSync(`${checkout.path}/keys/responses.json`).includes("iExec"), false);
    assertMatch(await checkout.run(here(OUTPUT.opened)), /"event-002".*iExec/);
  },
);

testWithCurl("the test server, two agents and the REST calls", async () => {
  await using checkout = await makeCheckout();
  assertEquals(TEST_SERVER.start, README.testServer);
  const server = checkout.start(`${README.testServer} --port 0`);
  const port = await portOf(server);
  checkout.start(atPort(README.agent, port));
  await server.printed(/^✅ Event ws-event-003 processed/);
  const second = checkout.start(TEST_SERVER.second, { WEBSOCKET_URL: `ws://localhost:${port}` });
  await second.printed(/WebSocket connected/);
  const calls = atPort(TEST_SERVER.curl, port).split("\n").map((call) => `${call} --silent --show-error`);
  const [posted, waited, state] = await inTurn(checkout, calls);
  assertEquals(posted!.success, true);
  assertMatch(String(waited!.response), /voucher/i);
  assertEquals(state!.state, "answered");
  const followed = await checkout.run(atPort(TEST_SERVER.follow, port));
  assertMatch(followed, /^event: response\nid: end\ndata: \{"success":true,"eventId":"followed","state":"answered"/m);
});

testWithCurl("the example server, an agent, and a question to it", async () => {
  await using checkout = await makeCheckout();
  const server = checkout.start(PROTOCOL.server, { PORT: "0" });
  const port = await portOf(server);
  checkout.start(atPort(PROTOCOL.agent, port));
  assertMatch(await checkout.run(`${atPort(PROTOCOL.ask, port)} --silent --show-error`), /iExec/);
});

testWithCurl("the example server for Node, an agent, and a question to it", async () => {
  await using checkout = await makeCheckout();
  // Without the packages from npm: Deno has them.
  const server = checkout.start(
    `deno run --lock=${ROOT}tests/deno.lock --allow-net --allow-env --allow-read examples/server.mjs`,
    { PORT: "0" },
  );
  const port = Number(await server.printed(/port (\d+)$/));
  checkout.start(atPort(PROTOCOL.agent, port));
  await server.printed(/^Agent \S+ connected$/);
  const [{ eventId }] = await inTurn(checkout, [`${atPort(PROTOCOL.askNode, port)} --silent --show-error`]) as [
    Record<string, unknown>,
  ];
  assertMatch(await server.printed(new RegExp(`^Response from \\S+ to ${eventId}: (.+)$`)), /iExec/);
});

Deno.test("a load is answered, with the figures that the document shows", async () => {
  await using checkout = await makeCheckout();
  const server = checkout.start(`${TEST_SERVER.load} --port 0`);
  const port = await portOf(server);
  checkout.start(atPort(README.agent, port));
  const { code, stdout } = await server.ended;
  assertEquals(code, 0);
  const form = (text: string) => text.replaceAll(/\d[\d.,]* ?(?:ms|s)?/g, "N").trim().split("\n");
  assertEquals(form(stdout).slice(-4), form(shownOutput("docs/test_server.md", "📊")));
});

testUnless(
  isInstalled("openssl") ? undefined : "openssl is not installed",
  "a test server with a token and a certificate of one's own, and an agent that trusts it",
  async () => {
    await using checkout = await makeCheckout();
    const server = checkout.start(`${TEST_SERVER.tls} --port 0`);
    const port = await portOf(server);
    checkout.start(atPort(TEST_SERVER.tlsAgent, port));
    await server.printed(/^✅ Event ws-event-003 processed/);
  },
);

function testWithCurl(name: string, fn: () => Promise<void>): void {
  testUnless(isInstalled("curl") ? undefined : "curl is not installed", name, fn);
}

function isInstalled(program: string): boolean {
  return new Deno.Command("which", { args: [program], stdout: "null", stderr: "null" }).outputSync().success;
}

async function portOf(server: Command): Promise<number> {
  return Number(await server.printed(/(?:localhost|127\.0\.0\.1|\[::1\]):(\d+)/));
}

/** A command with the port that the system picked in place of the documents' one. */
function atPort(command: string, port: number): string {
  return command.replaceAll("localhost:8080", `localhost:${port}`);
}

/** The JSON objects that the commands print. */
async function inTurn(checkout: Checkout, commands: readonly string[]): Promise<Record<string, unknown>[]> {
  const printed: Record<string, unknown>[] = [];
  for (const command of commands) printed.push(JSON.parse(await checkout.run(command)));
  return printed;
}

const BROKERS = [
  ["6379", QUEUES.redis, NO_REDIS, startRedis],
  ["5672", QUEUES.rabbitmq, NO_RABBITMQ, startRabbit],
  ["4222", QUEUES.nats, NO_NATS, startNats],
] as const;

for (const [standard, commands, missing, startBroker] of BROKERS) {
  testUnless(missing, `two agents share a queue as the document shows for port ${standard}`, async () => {
    await using broker = await startBroker();
    await using checkout = await makeCheckout();
    const here = (command: string) => command.replaceAll(standard, broker.url.port);
    const agents = [checkout.start(here(commands.first)), checkout.start(here(commands.second))];
    await Promise.all(agents.map((agent) => agent.printed(/✅ Connected to/)));
    const printed = await checkout.run(here(commands.ask));
    assertMatch(printed, /^iExec is [^]*📊 Answered 100 of 100 events\n[^]*by agent: [-\w]+ \d+, [-\w]+ \d+$/);
  });
}

testUnless(NO_REDIS, "what the document of queues does by hand with Redis brings an answer", async () => {
  await using broker = await startRedis();
  await using checkout = await makeCheckout();
  const here = (command: string) => command.replaceAll("6379", broker.url.port);
  await checkout.start(here(QUEUES.redis.first)).printed(/✅ Connected to/);
  assertStringIncludes(await checkout.run(here(BY_HAND)), '"queryId":"q1","response":"iExec is');
});
