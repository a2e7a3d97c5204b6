/** The real program's command line: what it says before it does anything. @module */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { SETTING_ROWS } from "../../src/program/settings.ts";
import { EXECUTABLE, inherited, startAgent, startCommand } from "../support/agent.ts";
import { makeFolder } from "../support/folder.ts";

async function runToEnd(options: Parameters<typeof startAgent>[0]) {
  await using agent = await startAgent(options);
  const { code, stdout } = await agent.ended;
  return { code, stdout, stderr: agent.lines.join("\n") };
}

Deno.test("every wrong setting is named at once, with what it should be, and nothing is started", async () => {
  await using folder = makeFolder();
  const { code, stderr } = await runToEnd({
    folder: folder.path,
    env: {
      EVENT_TRANSPORT: "pigeon",
      EVENT_POLL_INTERVAL: "soon",
      EVENT_MAX_BYTES: "-1",
      WEBSOCKET_URL: "http://localhost:8080",
      WEBSOCKET_MAX_RECONNECT_ATTEMPTS: "0",
      AGENT_CONCURRENCY: "1.5",
      LOG_LEVEL: "loud",
      LOG_CONTENT: "perhaps",
    },
  });
  assertEquals(code, 78);
  assertMatch(stderr, /^agent: 8 settings are wrong/);
  for (
    const name of ["EVENT_TRANSPORT", "EVENT_POLL_INTERVAL", "EVENT_MAX_BYTES", "WEBSOCKET_URL", "AGENT_CONCURRENCY"]
  ) {
    assertMatch(stderr, new RegExp(`${name}: expected .+, got `));
  }
  assertEquals([...Deno.readDirSync(folder.path)].map(({ name }) => name), ["iexec_out"]);
});

Deno.test("contradicting transports are an error", async () => {
  const { code, stderr } = await runToEnd({ env: { EVENT_TRANSPORT: "file", USE_WEBSOCKET: "true" } });
  assertEquals(code, 78);
  assertStringIncludes(stderr, "EVENT_TRANSPORT=file and USE_WEBSOCKET=true contradict each other");
});

Deno.test(".env is read, the environment wins over it, and a misspelt name is pointed out", async () => {
  await using folder = makeFolder();
  Deno.writeTextFileSync(`${folder.path}/.env`, "LOG_LEVEL=loud\nEVENT_POLL_INTERVAL=never\nEVENT_POL_INTERVAL=5\n");
  const wrong = await runToEnd({ folder: folder.path, env: { LOG_LEVEL: "info" } });
  assertEquals(wrong.code, 78);
  assertStringIncludes(wrong.stderr, "EVENT_POLL_INTERVAL: expected");
  assert(!wrong.stderr.includes("LOG_LEVEL"));
  const right = await runToEnd({
    folder: folder.path,
    env: { LOG_LEVEL: "info", EVENT_POLL_INTERVAL: "50" },
    args: ["--check"],
  });
  assertEquals(right.code, 0);
  assertStringIncludes(right.stderr, "EVENT_POL_INTERVAL");
});

for (const args of [["--help"], ["-h"], ["help"], ["chat", "--help"]]) {
  Deno.test(`\`${args.join(" ")}\` prints a screen of 80 columns, with every exit code and the way to the settings`, async () => {
    const { code, stdout } = await runToEnd({ args });
    assertEquals(code, 0);
    const lines = stdout.trimEnd().split("\n");
    assert(lines.length <= 24, stdout);
    assertEquals(lines.filter((line) => line.length > 80), []);
    for (const exit of [0, 64, 65, 69, 70, 74, 78]) assertMatch(stdout, new RegExp(`\\b${exit}\\b`));
    assertStringIncludes(stdout, "--help settings");
  });
}

Deno.test("from the sources, a misspelt variable of the environment is pointed out", async () => {
  const { code, stderr } = await runToEnd({ args: ["--check"], env: { EVENT_POL_INTERVAL: "5", EVENT_NAME: "push" } });
  assertEquals(code, 0);
  // The executable may not read it: its permissions name each variable.
  assertEquals(stderr.includes('"name":"EVENT_POL_INTERVAL","meant":"EVENT_POLL_INTERVAL"'), !EXECUTABLE, stderr);
  assert(!stderr.includes("EVENT_NAME"));
});

Deno.test("--help settings prints every setting in 80 columns", async () => {
  const { code, stdout } = await runToEnd({ args: ["--help", "settings"] });
  assertEquals(code, 0);
  for (const { name } of SETTING_ROWS) assertStringIncludes(stdout, `\n${name}\n`);
  assertEquals(stdout.split("\n").filter((line) => line.length > 80), []);
});

Deno.test("--licenses prints the notices of what is in the executable, whatever the settings are", async () => {
  const { code, stdout, stderr } = await runToEnd({ args: ["--licenses"], env: { LOG_LEVEL: "loud" } });
  assertEquals([code, stderr], [0, ""]);
  assertStringIncludes(stdout, "\n@elizaos/core 1.7.2\n    Copyright (c) 2025 Shaw Walters and elizaOS Contributors\n");
  assertStringIncludes(stdout, "\nPermission is hereby granted, free of charge");
});

Deno.test("--version prints the program's version, those it is built on, and an executable's SHA-256", async () => {
  const { code, stdout } = await runToEnd({ args: ["--version"] });
  assertEquals(code, 0);
  const [commit, sha256] = EXECUTABLE === undefined
    ? ["none: run from sources", ""]
    : ["[0-9a-f]{40}(-dirty)?", `sha256 ${createHash("sha256").update(Deno.readFileSync(EXECUTABLE)).digest("hex")}\n`];
  const versions = `agent \\d+\\.\\d+\\.\\d+\ncommit ${commit}\ndeno .+\n@elizaos/core \\d+\\.\\d+\\.\\d+\n`;
  assertMatch(stdout, new RegExp(`^${versions}${sha256}$`));
});

Deno.test("--check says that settings, character and paths are usable, and changes nothing that is there", async () => {
  const { code, stdout } = await runToEnd({ args: ["--check"] });
  assertEquals(code, 0);
  for (const what of ["settings", "character", "input", "output", "state"]) {
    assertMatch(stdout, new RegExp(`^${what}: usable`, "m"));
  }
});

Deno.test("--check names a character that can't be used, with the place of the mistake", async () => {
  await using folder = makeFolder();
  Deno.writeTextFileSync(`${folder.path}/character.json`, '{"name": 7, "bio": {}}');
  const { code, stderr } = await runToEnd({
    folder: folder.path,
    env: { AGENT_CHARACTER: "character.json" },
    args: ["--check"],
  });
  assertEquals(code, 78);
  assertStringIncludes(stderr, "character.json");
  assertMatch(stderr, /name/);
  assertMatch(stderr, /bio/);
});

Deno.test("--check names a path that can't be used", async () => {
  await using folder = makeFolder();
  Deno.writeTextFileSync(`${folder.path}/file`, "");
  const env = { EVENT_OUTPUT_PATH: "file/responses.json" };
  const { code, stderr } = await runToEnd({ folder: folder.path, env, args: ["--check"] });
  assertEquals(code, 74);
  assertStringIncludes(stderr, "EVENT_OUTPUT_PATH=file/responses.json");
});

Deno.test("--check takes a directory of events, and counts the files in it", async () => {
  await using folder = makeFolder({ "in/a.json": [], "in/b.ndjson": "", "in/notes.txt": "" });
  const { code, stdout } = await runToEnd({
    folder: folder.path,
    env: { EVENT_INPUT_PATH: "in" },
    args: ["--check"],
  });
  assertEquals(code, 0);
  assertStringIncludes(stdout, "input: usable (in, a directory; files of events in it: 2)");
});

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  // As the first process of a container, where no signal kills by itself, Deno would end in a segmentation fault.
  Deno.test(`--check ends at ${signal} by itself, while it waits for a model's server`, async () => {
    await using folder = makeFolder();
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const [command, ...args] = startCommand(["--check"]);
    const child = new Deno.Command(command, {
      args,
      cwd: folder.path,
      clearEnv: true,
      env: {
        ...inherited(["PATH", "HOME", "DENO_DIR", "XDG_CACHE_HOME"]),
        MODEL_PROVIDER: "openai",
        OPENAI_BASE_URL: `http://127.0.0.1:${listener.addr.port}/v1`,
      },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    using _asked = await listener.accept();
    child.kill(signal);
    assertEquals(await child.status, { success: false, code, signal: null });
  });
}

Deno.test("--check refuses whatever the start refuses: paths, a certificate, an address", async () => {
  await using folder = makeFolder({ "out/.keep": "", "evidence/attestation.json/.keep": "" });
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const collector = {
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1",
    OTEL_EXPORTER_OTLP_CERTIFICATE: "missing.pem",
  };
  const wrong: readonly [env: Record<string, string>, code: number, told: string][] = [
    [{ EVENT_OUTPUT_PATH: "out" }, 74, "out"],
    [{ EVENT_OUTPUT_PATH: "evidence/responses.json" }, 74, "evidence/attestation.json"],
    [collector, 78, "OTEL_EXPORTER_OTLP_CERTIFICATE"],
    [{ STATUS_ADDRESS: `127.0.0.1:${listener.addr.port}` }, 78, "STATUS_ADDRESS: cannot listen"],
  ];
  for (const [env, code, told] of wrong) {
    for (const args of [["--check"], []]) {
      const ended = await runToEnd({ folder: folder.path, env, args });
      assertEquals(ended.code, code, ended.stderr);
      assertStringIncludes(ended.stderr, told);
    }
  }
  const { stdout } = await runToEnd({ env: { STATUS_ADDRESS: "127.0.0.1:0" }, args: ["--check"] });
  assertStringIncludes(stdout, "status: usable (127.0.0.1:0)");
});

Deno.test("an argument that does not exist is refused with 64", async () => {
  const { code, stderr } = await runToEnd({ args: ["--chekc"] });
  assertEquals(code, 64);
  assertMatch(stderr, /--chekc.*--help/);
});

Deno.test("a value that is no UTF-8 is told by its variable's name, and never shown", async () => {
  await using folder = makeFolder();
  // A shell makes the bytes: Deno hands on nothing but text.
  const under = (name: string) => ["sh", "-c", `export ${name}="$(printf 'CANARY-caf\\351')"; exec "$@"`, "sh"];
  for (const name of ["WEBSOCKET_AUTH_TOKEN", "IEXEC_APP_DEVELOPER_SECRET", "LOG_LEVEL", "TEE", "SSLKEYLOGFILE"]) {
    const { code, stderr } = await runToEnd({ folder: folder.path, under: under(name) });
    assertEquals(code, 78, stderr);
    assertMatch(stderr, new RegExp(`^agent: ${name}: expected a text in UTF-8`));
    assert(!stderr.includes("CANARY"), stderr);
  }
});

Deno.test("names and paths of others put no control character and no line of their own into what is printed", async () => {
  const forged = JSON.stringify({ level: "info", message: "forged" });
  await using folder = makeFolder({
    "path.json": { name: "a", bio: "b", knowledge: [{ path: `\x1b]0;title\x07\n${forged}\n.md` }] },
    "name.json": { name: "\x1b[41mEvil\x07", bio: "b" },
  });
  const wrong = await runToEnd({ folder: folder.path, env: { AGENT_CHARACTER: "path.json" }, args: ["--once"] });
  assertEquals(wrong.code, 78);
  assertEquals(wrong.stderr.split("\n").filter((line) => line.trimStart() === forged), []);
  const checked = await runToEnd({ folder: folder.path, env: { AGENT_CHARACTER: "name.json" }, args: ["--check"] });
  assertEquals(checked.code, 0);
  assertStringIncludes(checked.stdout, "\\u001b[41mEvil");
  // deno-lint-ignore no-control-regex -- it is these that must not be there
  for (const text of [wrong.stderr, checked.stdout]) assertEquals(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/.exec(text), null);
});

Deno.test("a log that does not go to a terminal is JSON, unless LOG_FORMAT asks for text", async () => {
  await using folder = makeFolder({ "iexec_in/events.json": "[]" });
  for (const [format, isJson] of [["auto", true], ["text", false]] as const) {
    const { code, stderr } = await runToEnd({ folder: folder.path, env: { LOG_FORMAT: format }, args: ["--once"] });
    assertEquals(code, 0);
    const [first = ""] = stderr.split("\n");
    assertEquals(first.startsWith("{"), isJson, first);
    if (!isJson) assertMatch(first, /^\d{4}-\d\d-\d\dT[\d:.]+Z info {2}🔒/);
  }
});
