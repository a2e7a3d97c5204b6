/** Attacks through settings, links and damaged files that a review tried and that held: they go on holding. @module */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { EXECUTABLE, isInFiles, readEntries, startAgent } from "../support/agent.ts";
import { runConfined } from "../support/confined.ts";
import { type Folder, makeFolder } from "../support/folder.ts";

const KEY = "00112233445566778899aabbccddeeff".repeat(2);
const EVENT = { id: "q1", query: "What is iExec?", timestamp: 1 };

const withEvents = (): Folder => makeFolder({ "iexec_in/events.json": [EVENT] });

/** Values of path settings that lead out of the permissions, or seem to lead into them. */
const LEADING_OUT: readonly (readonly [name: string, value: string])[] = [
  "/etc/passwd",
  "../outside.json",
  "iexec_in/../../outside.json",
  "/iexec_in2/events.json",
  "/iexec_in/../etc/passwd",
  "/etc/agent2/events.json",
  "/proc/self/cwd/iexec_in/events.json",
  "/proc/self/environ",
  "/sys/kernel/notes",
  "/dev/shm/events.json",
].flatMap((value) =>
  ["EVENT_INPUT_PATH", "EVENT_OUTPUT_PATH", "AGENT_STATE_DIR", "AGENT_CHARACTER"].map((name) => [name, value] as const)
);

Deno.test("no path setting leads out of the permissions of an executable: each is refused with 78, by its name", async () => {
  await using folder = withEvents();
  await Promise.all(
    Map.groupBy(LEADING_OUT, ([, value]) => value).entries().map(async ([value, settings]) => {
      const { code, said } = await runConfined(folder.path, { args: ["--once"], env: Object.fromEntries(settings) });
      assertEquals(code, 78, `${value}: ${said}`);
      for (const [name] of settings) assertStringIncludes(said, `${name}: expected a path in`);
    }),
  );
  assertEquals([...Deno.readDirSync(folder.path)].map(({ name }) => name), ["iexec_in"]);
});

Deno.test("an output outside of IEXEC_OUT, and a task id that is a path, are refused", async () => {
  await using folder = withEvents();
  const out = { IEXEC_OUT: `${folder.path}/iexec_out` };
  const outside = await runConfined(folder.path, {
    args: ["--once"],
    env: { ...out, EVENT_OUTPUT_PATH: "other.json" },
  });
  assertEquals(outside.code, 78);
  assertStringIncludes(outside.said, "lies outside of IEXEC_OUT");
  const id = await runConfined(folder.path, { args: [], env: { ...out, IEXEC_TASK_ID: "../../x" } });
  assertEquals(id.code, 78);
  assertStringIncludes(id.said, "IEXEC_TASK_ID: expected an id of letters and digits");
});

Deno.test("a link to what the system tells of itself is read by nobody, and nothing of it is said", async () => {
  for (const target of ["/proc/self/environ", "/proc/self/mem", "/sys/kernel/notes", "/dev/stdin", "/dev/random"]) {
    await using folder = makeFolder({ "iexec_in/x": "" });
    Deno.symlinkSync(target, `${folder.path}/iexec_in/events.json`);
    const { code, said } = await runConfined(folder.path, {
      args: ["--once"],
      env: { CANARY: "canary-in-environment" },
    });
    assert([74, 78].includes(code), `${target}: ${code} ${said}`);
    assert(!said.includes("canary-in-environment"), target);
    assertEquals(readEntries(`${folder.path}/iexec_out/responses.json`) ?? [], []);
  }
});

Deno.test("started in a directory of the system, it reads and tells nothing of it", async () => {
  for (const cwd of ["/proc/self", "/sys/kernel", "/dev"]) {
    for (const name of ["environ", "notes", "zero"]) {
      const { code, said } = await runConfined(cwd, {
        args: ["--once"],
        env: { CANARY: "canary-in-environment", EVENT_INPUT_PATH: name, AGENT_CHARACTER: name },
      });
      assert([69, 74, 78].includes(code), `${cwd}/${name}: ${code} ${said}`);
      assert(!said.includes("canary-in-environment"), `${cwd}/${name}: ${said}`);
    }
  }
});

/** Variables that Deno, V8, Node's parts, SQLite, the C library or a collector could obey: nothing comes of them. */
const HARMLESS = (files: string): Record<string, string> => ({
  DENO_V8_FLAGS: `--prof --logfile=${files}/v8`,
  NODE_OPTIONS: `--require=${files}/evil.cjs --import=${files}/evil.mjs`,
  NODE_PATH: files,
  DENO_DIR: `${files}/deno_dir`,
  DENO_PERMISSION_BROKER_PATH: `${files}/broker`,
  DENO_AUDIT_PERMISSIONS: `${files}/audit`,
  DENO_TRACE_PERMISSIONS: "1",
  DENO_COVERAGE_DIR: `${files}/coverage`,
  DENO_AUTO_SERVE: "1",
  OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9",
  NODE_V8_COVERAGE: `${files}/coverage`,
  NODE_DEBUG: "net,tls,http",
  TMPDIR: files,
  SQLITE_TMPDIR: files,
  SQLITE_HISTORY: `${files}/history`,
  ICU_DATA: files,
  LOCPATH: files,
  GCONV_PATH: files,
  NLSPATH: `${files}/%N`,
  HOSTALIASES: `${files}/hosts`,
  RES_OPTIONS: "attempts:9",
  LOCALDOMAIN: "evil.example",
  MALLOC_TRACE: `${files}/malloc`,
  GLIBC_TUNABLES: "glibc.malloc.check=3",
  OPENSSL_CONF: `${files}/openssl.cnf`,
  OPENSSL_ENGINES: files,
  Http_Proxy: "http://127.0.0.1:9",
});

Deno.test("variables that others obey make no file, run no code and change no answer", async () => {
  await using folder = withEvents();
  await using files = makeFolder({
    "evil.cjs": "require('fs').writeFileSync(__dirname + '/ran', '')",
    "evil.mjs": "Deno.writeTextFileSync(new URL('ran', import.meta.url), '')",
  });
  // The Deno that runs the sources obeys those that are its own.
  const harmless = Object.entries(HARMLESS(files.path))
    .filter(([name]) => EXECUTABLE !== undefined || !/^(DENO|NODE)_/.test(name));
  const env = { TEE: "none", ...Object.fromEntries(harmless) };
  await using agent = await startAgent({ folder: folder.path, args: ["--once"], env });
  const { code } = await agent.ended;
  assertEquals(code, 0, agent.lines.join("\n"));
  assertEquals([...Deno.readDirSync(files.path)].map(({ name }) => name).sort(), ["evil.cjs", "evil.mjs"]);
  assertEquals(readEntries(`${folder.path}/iexec_out/responses.json`)?.map(({ queryId }) => queryId), ["q1"]);
});

Deno.test("Deno's own log at its noisiest tells neither question nor answer nor secret", async () => {
  await using folder = makeFolder({
    "iexec_in/events.json": [{ ...EVENT, query: "What is iExec? cAnArY-qUeStIoN" }],
  });
  const env = { DENO_LOG: "trace", RUST_LOG: "trace", RUST_BACKTRACE: "full", AGENT_STATE_KEY: KEY };
  await using agent = await startAgent({ folder: folder.path, args: ["--once"], env });
  const { code, stdout } = await agent.ended;
  const [entry] = readEntries(`${folder.path}/iexec_out/responses.json`) ?? [];
  const said = agent.lines.join("\n") + stdout;
  for (const canary of ["cAnArY-qUeStIoN", KEY, entry!.response!.slice(0, 40)]) assert(!said.includes(canary), canary);
  assertEquals(code, 0);
});

/** Files beside a sound state whose bytes mean nothing. */
const DAMAGED_LOGS: Record<string, Uint8Array> = {
  "of random bytes": crypto.getRandomValues(new Uint8Array(20_000)),
  "of zeros": new Uint8Array(8_192),
  "with a header and nothing sound behind it": Uint8Array.of(
    0x37,
    0x7f,
    0x06,
    0x82,
    0,
    0x2d,
    0xe2,
    0x18,
    0,
    0,
    0x10,
    0,
  ),
  "with a header for pages of another size": (() => {
    const log = new Uint8Array(4_096);
    log.set([0x37, 0x7f, 0x06, 0x82, 0, 0x2d, 0xe2, 0x18, 0, 0, 0x20, 0]);
    return log;
  })(),
};

for (const [what, bytes] of Object.entries(DAMAGED_LOGS)) {
  Deno.test(`a write-ahead log ${what} costs no answer: it is passed over, or refused with 74`, async () => {
    await using folder = withEvents();
    const env = { AGENT_STATE_KEY: KEY };
    assertEquals((await runConfined(folder.path, { args: ["--once"], env })).code, 0);
    const before = readEntries(`${folder.path}/iexec_out/responses.json`);
    Deno.writeFileSync(`${folder.path}/.agent/agent.db-wal`, bytes, { mode: 0o600 });
    const { code, said } = await runConfined(folder.path, { args: ["--once"], env });
    if (code !== 0) assertMatch(said, /Cannot read .*agent\.db-wal: it is damaged/);
    assertEquals(code, what.endsWith("another size") ? 74 : 0, said);
    assertEquals(readEntries(`${folder.path}/iexec_out/responses.json`), before);
  });
}

Deno.test("a time of an outage that somebody wrote into the state costs no answer, whatever it is", async () => {
  for (const key of [KEY, ""]) {
    await using folder = withEvents();
    const env = { ...key && { AGENT_STATE_KEY: key } };
    for (const since of ["0", "-1", "8640000000000001", "9007199254740993", "9223372036854775807"]) {
      const event = { ...EVENT, id: `q${since}` };
      Deno.writeTextFileSync(`${folder.path}/iexec_in/events.json`, JSON.stringify([event]));
      assertEquals((await runConfined(folder.path, { args: ["--once"], env })).code, 0);
      {
        using database = new DatabaseSync(`${folder.path}/.agent/agent.db`);
        database.exec(`INSERT OR REPLACE INTO outage (one, since) VALUES (1, ${since})`);
      }
      Deno.writeTextFileSync(`${folder.path}/iexec_in/events.json`, JSON.stringify([{ ...event, id: `r${since}` }]));
      const { code, said } = await runConfined(folder.path, { args: ["--once"], env });
      const isNumber = Number.isSafeInteger(Number(since));
      assertEquals(code, isNumber ? 0 : 74, said);
      if (isNumber) continue;
      using database = new DatabaseSync(`${folder.path}/.agent/agent.db`);
      database.exec("DELETE FROM outage");
    }
  }
});

Deno.test("a state that is sealed later holds nothing readable any more, in file or log, after a kill too", async () => {
  await using folder = makeFolder({
    "iexec_in/events.json": [{ ...EVENT, query: "wHaT iS iExEc?", metadata: { userId: "canary-user" } }],
  });
  {
    await using agent = await startAgent({ folder: folder.path });
    await agent.responses(1);
    agent.kill("SIGKILL");
    await agent.ended;
    assert(isInFiles(`${folder.path}/.agent`, "wHaT iS iExEc?"));
  }
  const env = { AGENT_STATE_KEY: KEY, AGENT_STATE_TAKE_OVER: "true" };
  await using agent = await startAgent({ folder: folder.path, env });
  await agent.logged("🚀 Agent started");
  agent.kill("SIGKILL");
  await agent.ended;
  for (const text of ["wHaT iS iExEc?", "canary-user"]) assert(!isInFiles(`${folder.path}/.agent`, text), text);
});
