/** The real program on a host that is not a friend: what it refuses in a TEE, and what it says elsewhere. @module */

import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { existsSync } from "node:fs";
import { FatalError } from "../../src/errors.ts";
import { HOST_VARIABLES } from "../../src/tee/host_variables.ts";
import { lookAround } from "../../src/tee/surroundings.ts";
import { EXECUTABLE, startAgent } from "../support/agent.ts";
import { testInEnclave } from "../support/enclave.ts";
import { AUTHORITY, LOCALHOST_CERTIFICATE } from "../support/localhost_certificate.ts";
import { startServer } from "../support/server.ts";
import { makeFolder } from "../support/folder.ts";

const IN_TEE = { IEXEC_TASK_ID: "0xabc" };
const EVENT = { id: "q1", query: "What is iExec?", timestamp: 1_700_000_000_000 };
const WARNING = "variables are set that reach past the agent's permissions; in a TEE it would not start with them";

async function runToEnd(options: Parameters<typeof startAgent>[0]) {
  await using agent = await startAgent(options);
  const { code, stdout } = await agent.ended;
  return { code, stdout, log: agent.log, stderr: agent.lines.join("\n") };
}

/**
 * Every dangerous variable, with a value that lets Deno start. From sources, Deno takes NODE_CHANNEL_FD away, or does not
 * start with one that is no channel.
 */
const SET = Object.fromEntries(
  Object.keys(HOST_VARIABLES).filter((name) => EXECUTABLE !== undefined || name !== "NODE_CHANNEL_FD")
    .map((name) => [name, name === "NODE_CHANNEL_FD" ? "7" : "/dev/null"]),
);

/**
 * A test of what only an executable can keep to: sources are run by a Deno that obeys the host. Not `testUnless`: CI runs
 * this file twice, and the run from sources is the one to pass it over.
 */
function testExecutable(name: string, fn: () => Promise<void>): void {
  const ignore = EXECUTABLE === undefined;
  Deno.test({ name: ignore ? `${name} (ignored: AGENT_EXECUTABLE names no executable)` : name, ignore, fn });
}

Deno.test("in a TEE every dangerous variable is named at once with 78, before .env is read or a connection is made", async () => {
  await using folder = makeFolder();
  await using server = await startServer();
  Deno.writeTextFileSync(`${folder.path}/.env`, "LOG_LEVEL=loud\n");
  const keys = `${folder.path}/keys`;
  const env = {
    ...IN_TEE,
    ...SET,
    SSLKEYLOGFILE: keys,
    AGENT_ENV_FILE: ".env",
    USE_WEBSOCKET: "true",
    WEBSOCKET_URL: server.url,
  };
  const { code, stderr } = await runToEnd({ folder: folder.path, env });
  assertEquals(code, 78);
  for (const name of Object.keys(SET)) assertMatch(stderr, new RegExp(`^  - ${name}: \\S+`, "m"));
  assertStringIncludes(stderr, `agent: ${Object.keys(SET).length} variables are set that must not be set in a TEE`);
  assert(!stderr.includes("LOG_LEVEL"), "the file was not looked at");
  const left = [...Deno.readDirSync(folder.path)].map(({ name }) => name).filter((name) => name !== "keys").sort();
  assertEquals(left, [".env", "iexec_out"]);
  // Deno may have made the file; there is no connection whose keys could be in it.
  if (existsSync(keys)) assertEquals(Deno.readTextFileSync(keys), "");
  assertEquals(server.frames, []);
});

for (const name of Object.keys(HOST_VARIABLES)) {
  Deno.test(`in a TEE ${name} alone is refused, and an empty one is not`, () => {
    const look = (value: string) =>
      lookAround((asked) => ({ ...IN_TEE, [name]: value } as Record<string, string>)[asked]);
    assertEquals(look("").inTee, true);
    try {
      look("1");
    } catch (error) {
      assert(error instanceof FatalError);
      assertEquals([error.exitCode, error.message.split("\n  ").slice(1)], [78, [`${name}: ${HOST_VARIABLES[name]}`]]);
      return;
    }
    throw new Error("it was not refused");
  });
}

Deno.test("in a TEE any variable of the loader is refused, known by its name or not", () => {
  const look = (env: Record<string, string>) => lookAround((name) => ({ ...IN_TEE, ...env })[name], Object.keys(env));
  const error = assertThrows(() => look({ LD_NEW_ONE: "1", LD_AUDIT: "1", LDX: "1", OLD_LD_ONE: "1" }), FatalError);
  assertEquals(error.message.split("\n  ").slice(1), [
    "LD_AUDIT: loads native code into the process",
    "LD_NEW_ONE: changes how native code is loaded into the process",
  ]);
  assertEquals(look({ LD_NEW_ONE: "" }).inTee, true);
});

Deno.test("elsewhere there is one warning, if anybody beyond this machine is connected to, and the agent starts", async () => {
  const server = await startServer();
  await server.close();
  const env = { ...SET, TEE: "none", USE_WEBSOCKET: "true", WEBSOCKET_MAX_RECONNECT_ATTEMPTS: "1" };
  // This machine too, but not by an address that is bound to be.
  const { code, log } = await runToEnd({ env: { ...env, WEBSOCKET_URL: `wss://0.0.0.0:${server.port}` } });
  assertEquals(code, 69);
  const warnings = log.filter(({ message }) => message === WARNING);
  assertEquals(warnings.map(({ variables }) => variables), [Object.keys(SET).join(", ")]);
  const near = await runToEnd({ env: SET, args: ["--once"] });
  assertEquals(near.log.filter(({ message }) => message === WARNING), []);
});

Deno.test("TEE=required without one ends with 69, and names what was looked for", async () => {
  const { code, stderr } = await runToEnd({ env: { TEE: "required" } });
  assertEquals(code, 69);
  assertMatch(stderr, /^agent: TEE=required, .*\/run\/dstack\.sock, .*\/run\/tsm-report, .*IEXEC_TASK_ID/);
});

Deno.test("the start says whether this is a TEE and what was found, and TEE=none is told apart from there being none", async () => {
  const start = async (env: Record<string, string>) => {
    const { log } = await runToEnd({ env, args: ["--once"] });
    const said = log.find(({ message }) => message === "🔒 In a TEE: {tee}");
    return [said?.tee, said?.TEE, said?.found, log.some(({ message }) => /looks like a TEE/.test(message))];
  };
  assertEquals(await start({}), [false, "auto", "nothing", false]);
  assertEquals(await start({ ...IN_TEE, TEE: "REQUIRED" }), [true, "required", "IEXEC_TASK_ID", false]);
  assertEquals(await start({ ...IN_TEE, TEE: "none" }), [false, "none", "IEXEC_TASK_ID", true]);
});

Deno.test("in a TEE .env is passed over with a warning, unless AGENT_ENV_FILE names it", async () => {
  await using folder = makeFolder();
  Deno.writeTextFileSync(`${folder.path}/.env`, "LOG_LEVEL=loud\n");
  const passedOver = await runToEnd({ folder: folder.path, env: IN_TEE, args: ["--check"] });
  assertEquals(passedOver.code, 0);
  assertMatch(passedOver.stderr, /is not read in a TEE.*"path":"\.env"/);
  const named = await runToEnd({ folder: folder.path, env: { ...IN_TEE, AGENT_ENV_FILE: ".env" }, args: ["--check"] });
  assertEquals(named.code, 78);
  assertStringIncludes(named.stderr, "LOG_LEVEL: expected");
});

Deno.test("AGENT_ENV_FILE that is not there ends with 78, and neither it nor TEE may stand in the file", async () => {
  await using folder = makeFolder();
  const missing = await runToEnd({ folder: folder.path, env: { AGENT_ENV_FILE: "agent.env" } });
  assertEquals(missing.code, 78);
  assertStringIncludes(missing.stderr, "Cannot read AGENT_ENV_FILE=agent.env: ");
  Deno.writeTextFileSync(`${folder.path}/agent.env`, "TEE=none\nAGENT_ENV_FILE=other.env\n");
  const inside = await runToEnd({ folder: folder.path, env: { AGENT_ENV_FILE: "agent.env" } });
  assertEquals(inside.code, 78);
  for (const name of ["TEE", "AGENT_ENV_FILE"]) {
    assertStringIncludes(inside.stderr, `\n  - ${name}: decides which file`);
  }
});

Deno.test("in a TEE LOG_CONTENT and plaintext to a peer are refused together, and nobody is connected to", async () => {
  await using server = await startServer();
  const url = server.url.replace("127.0.0.1", "localhost");
  const env = { ...IN_TEE, LOG_CONTENT: "true", USE_WEBSOCKET: "true", WEBSOCKET_URL: url };
  const { code, stderr } = await runToEnd({ env });
  assertEquals(code, 78);
  assertMatch(stderr, /^ {2}- LOG_CONTENT: in a TEE/m);
  assertMatch(
    stderr,
    /^ {2}- WEBSOCKET_URL: in a TEE nothing goes over ws:\/\/ to localhost:\d+, .*wss:\/\/.*127\.0\.0\.1/m,
  );
  assertEquals(server.frames, []);
});

testInEnclave("in a TEE ws:// to a loopback address works", async (under) => {
  await using server = await startServer({ events: [EVENT] });
  await using agent = await startAgent({ under, env: { USE_WEBSOCKET: "true", WEBSOCKET_URL: server.url } });
  assertEquals((await server.responses(1))[0]!.queryId, "q1");
  const { tee, found } = await agent.logged("🔒 In a TEE: {tee}");
  assertEquals([tee, found], [true, "/run/tsm-report"]);
});

testInEnclave("in a TEE wss:// to a name works, with a token", async (under) => {
  await using folder = makeFolder();
  Deno.writeTextFileSync(`${folder.path}/ca.pem`, AUTHORITY);
  await using server = await startServer({ events: [EVENT], token: "right-one", tls: LOCALHOST_CERTIFICATE });
  const env = {
    USE_WEBSOCKET: "true",
    WEBSOCKET_URL: server.url.replace("127.0.0.1", "localhost"),
    WEBSOCKET_AUTH_TOKEN: "right-one",
    WEBSOCKET_CA_FILE: "ca.pem",
  };
  await using _agent = await startAgent({ folder: folder.path, under, env });
  assertEquals((await server.responses(1))[0]!.queryId, "q1");
});

Deno.test("a token never goes over ws:// to a peer that is not loopback: 78, wherever the agent runs", async () => {
  const env = { USE_WEBSOCKET: "true", WEBSOCKET_URL: "ws://websocket-server:8080", WEBSOCKET_AUTH_TOKEN: "canary" };
  const { code, stderr } = await runToEnd({ env });
  assertEquals(code, 78);
  assertMatch(stderr, /WEBSOCKET_AUTH_TOKEN would go over ws:\/\/ to websocket-server:8080, .*use wss:\/\//);
  assert(!stderr.includes("canary"));
});

Deno.test("--check, and in a TEE the start, tell the settings in force without secrets, and a SHA-256 that others can compute", async () => {
  await using folder = makeFolder();
  const env = {
    ...IN_TEE,
    WEBSOCKET_URL: "wss://user:canary@example.org:9443/agents?token=canary",
    WEBSOCKET_AUTH_TOKEN: "canary",
    AGENT_STATE_KEY: "0".repeat(64),
    AGENT_CONCURRENCY: "007",
    LOG_CONTENT: "0",
  };
  const { code, stdout } = await runToEnd({ folder: folder.path, env, args: ["--check"] });
  assertEquals(code, 0);
  const [, text] = /^settings in force: (.*)$/m.exec(stdout)!;
  const [, sha256] = /^their SHA-256: (.*)$/m.exec(stdout)!;
  const { AGENT_CONCURRENCY, LOG_CONTENT, WEBSOCKET_URL, WEBSOCKET_AUTH_TOKEN, AGENT_STATE_KEY } = JSON.parse(text!);
  assertEquals([AGENT_CONCURRENCY, LOG_CONTENT], [7, false]);
  assertEquals(WEBSOCKET_URL, "wss://***@example.org:9443/agents?***");
  assertEquals([WEBSOCKET_AUTH_TOKEN, AGENT_STATE_KEY], ["set", "set"]);
  // As docs/security.md says: names in order, no blanks, UTF-8.
  const entries = Object.entries(JSON.parse(text!)).toSorted(([a], [b]) => a < b ? -1 : 1);
  const bytes = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  assertEquals(sha256, new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex());
  const { log } = await runToEnd({ folder: folder.path, env, args: ["--once"] });
  const { time: _time, level: _level, message: _message, sha256: started, ...changed } = log.find(({ message }) =>
    message === "⚙️ Settings that differ from their defaults"
  )!;
  assertEquals(started, sha256);
  assertEquals({ ...JSON.parse(text!), ...changed }, JSON.parse(text!));
  assertEquals([changed.AGENT_CONCURRENCY, changed.LOG_CONTENT, changed.EVENT_MAX_BYTES], [7, undefined, undefined]);
  const outside = await runToEnd({ args: ["--once"] });
  assert(!outside.stderr.includes("sha256") && !outside.stderr.includes("Evidence"), "elsewhere it is no matter");
});

Deno.test("two agents with different secrets have one SHA-256, and another setting makes another", async () => {
  const sha256 = async (env: Record<string, string>) => {
    const { stdout } = await runToEnd({ env, args: ["--check"] });
    return /^their SHA-256: (.*)$/m.exec(stdout)![1];
  };
  const first = await sha256({ WEBSOCKET_AUTH_TOKEN: "one" });
  assertEquals(await sha256({ WEBSOCKET_AUTH_TOKEN: "another" }), first);
  assert(await sha256({}) !== first, "that there is a secret counts");
  assert(await sha256({ WEBSOCKET_AUTH_TOKEN: "one", AGENT_CONCURRENCY: "5" }) !== first);
});

testExecutable("an authority in DENO_CERT is not trusted", async () => {
  await using folder = makeFolder();
  Deno.writeTextFileSync(`${folder.path}/ca.pem`, AUTHORITY);
  await using server = await startServer({ tls: LOCALHOST_CERTIFICATE });
  const env = {
    DENO_CERT: `${folder.path}/ca.pem`,
    USE_WEBSOCKET: "true",
    WEBSOCKET_URL: server.url,
    WEBSOCKET_MAX_RECONNECT_ATTEMPTS: "1",
  };
  const { code, stderr } = await runToEnd({ folder: folder.path, env });
  assertEquals(code, 69);
  assertMatch(stderr, /certificate/i);
});

testExecutable("no other program is run in place of the agent", async () => {
  await using folder = makeFolder();
  const other = `${folder.path}/other.js`, trace = `${folder.path}/trace`;
  Deno.writeTextFileSync(other, `Deno.writeTextFileSync(${JSON.stringify(trace)}, "ran");`);
  const env = { NODE_CHANNEL_FD: "7", DENO_INTERNAL_CHILD_ENTRYPOINT: other };
  const { code, stdout } = await runToEnd({ folder: folder.path, env, args: ["--version"] });
  assertEquals([code, existsSync(trace)], [0, false]);
  assertMatch(stdout, /^agent /);
});

testExecutable("in a TEE it starts in / too, where it may not look for a .env", async () => {
  const state = `/tmp/agent-state/test-${crypto.randomUUID()}`;
  try {
    const { code, stderr } = await new Deno.Command(EXECUTABLE!, {
      args: ["--check"],
      cwd: "/",
      clearEnv: true,
      env: {
        ...IN_TEE,
        EVENT_INPUT_PATH: "/iexec_in/events.json",
        EVENT_OUTPUT_PATH: `${state}/responses.json`,
        AGENT_STATE_DIR: state,
      },
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
  } finally {
    if (existsSync(state)) Deno.removeSync(state, { recursive: true });
  }
});
