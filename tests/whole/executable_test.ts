/** The executable: the same bytes from every clone, and confined to what it needs. @module */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { basename } from "node:path";
import { READABLE, RESERVED, WRITABLE } from "../../src/settings/confinement.ts";
import { VARIABLES } from "../../src/program/settings.ts";
import { inherited, readEntries } from "../support/agent.ts";
import { type Clone, type Executable, makeClone, NoBaseError } from "../support/executable.ts";
import { AUTHORITY, LOCALHOST_CERTIFICATE } from "../support/localhost_certificate.ts";
import { testUnless } from "../support/optional.ts";
import { startServer } from "../support/server.ts";
import { makeFolder } from "../support/folder.ts";

const X86 = "x86_64-unknown-linux-gnu", ARM = "aarch64-unknown-linux-gnu";

const clone = makeClone();
globalThis.addEventListener("unload", () => clone[Symbol.dispose]());
const executable = compileOrSay(() => clone.compile({ target: X86 }));
const armExecutable = compileOrSay(() => clone.compile({ target: ARM }));

/** What `compile` makes, or the reason why it can't. */
function compileOrSay(compile: () => Executable): Executable | string {
  try {
    return compile();
  } catch (error) {
    if (error instanceof NoBaseError) return error.message;
    throw error;
  }
}

/** A test of an executable, unless there is none or it can't run. */
function testOn(made: Executable | string, name: string, fn: (made: Executable) => unknown): void {
  if (typeof made === "string") testUnless(made, name, () => {});
  else testUnless(undefined, name, () => fn(made));
}

/** Run an executable in `folder` with no variables but PATH and `env`. */
async function run(
  command: readonly string[],
  options: { folder: string; env?: Record<string, string>; args?: readonly string[] },
) {
  const [program, ...words] = [...command, ...options.args ?? []];
  const { code, stdout, stderr } = await new Deno.Command(program!, {
    args: words,
    cwd: options.folder,
    clearEnv: true,
    env: { ...inherited(["PATH"]), ...options.env },
    stdin: "null",
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, stdout: out!, stderr: err! };
}

/** A folder with the sample events in it. */
function makeInput() {
  const folder = makeFolder();
  Deno.mkdirSync(`${folder.path}/iexec_in`);
  Deno.copyFileSync(new URL("../../iexec_in/events.json", import.meta.url), `${folder.path}/iexec_in/events.json`);
  return folder;
}

function assertAnswered(folder: string): void {
  const events: { id: string }[] = JSON.parse(Deno.readTextFileSync(`${folder}/iexec_in/events.json`));
  const entries = readEntries(`${folder}/iexec_out/responses.json`)!;
  assertEquals(entries.map(({ queryId }) => queryId).sort(), events.map(({ id }) => id).sort());
  for (const { response } of entries) assert(response);
}

for (const [target, first] of [[X86, executable], [ARM, armExecutable]] as const) {
  testOn(first, `two clones of one commit make the same ${target} executable`, (first) => {
    using other: Clone = makeClone();
    // What lies around, and when a file was written, must not count.
    Deno.mkdirSync(`${other.path}/node_modules/zod`, { recursive: true });
    Deno.writeTextFileSync(`${other.path}/node_modules/zod/index.js`, "throw new Error('not the real one');");
    Deno.utimeSync(`${other.path}/main.ts`, 1, 1);
    const second = other.compile({ target, env: { TZ: "Asia/Tokyo", LC_ALL: "C", DENO_TLS_CA_STORE: "mozilla" } });
    assertEquals(second.sha256, first.sha256);
    assertStringIncludes(first.printed, `sha256 ${first.sha256}`);
  });
}

testOn(
  executable,
  "the executable answers its input with nothing beside it, and writes no code anywhere",
  async ({ path }) => {
    await using folder = makeInput();
    const temporary = `${folder.path}/tmp`;
    Deno.mkdirSync(temporary);
    const env = { TMPDIR: temporary, DENO_DIR: `${folder.path}/none`, HOME: `${folder.path}/none` };
    const { code } = await run([path], { folder: folder.path, env, args: ["--once"] });
    assertEquals(code, 0);
    assertAnswered(folder.path);
    assertEquals([...Deno.readDirSync(temporary)], []);
    assertEquals([...Deno.readDirSync(folder.path)].map(({ name }) => name).sort(), [
      ".agent",
      "iexec_in",
      "iexec_out",
      "tmp",
    ]);
  },
);

testOn(executable, "files where the executable's own seem to lie are not run in their place", async ({ path }) => {
  await using folder = makeInput();
  // The host says where temporary files are, and with that, the address of the files inside.
  const pretended = `${folder.path}/deno-compile-${basename(path)}`;
  Deno.mkdirSync(pretended);
  for (const name of ["entry.js", "loader.js", "prelude.js", "program.txt"]) {
    Deno.writeTextFileSync(`${pretended}/${name}`, "Deno.exit(99);");
  }
  Deno.writeFileSync(`${pretended}/program.cache`, new Uint8Array(1_000));
  const { code, stderr } = await run([path], { folder: folder.path, env: { TMPDIR: folder.path }, args: ["--once"] });
  assertEquals(code, 0, stderr);
  assertAnswered(folder.path);
});

testOn(runnableArm(), "the aarch64 executable answers its input", async ({ path }) => {
  await using folder = makeInput();
  const env = { QEMU_LD_PREFIX: "/usr/aarch64-linux-gnu" };
  const { code, stderr } = await run(armCommand(path), { folder: folder.path, env, args: ["--once"] });
  assertEquals(code, 0, stderr);
  assertAnswered(folder.path);
});

function armCommand(path: string): string[] {
  return Deno.build.arch === "aarch64" ? [path] : ["qemu-aarch64", path];
}

function runnableArm(): Executable | string {
  if (typeof armExecutable === "string" || Deno.build.arch === "aarch64") return armExecutable;
  try {
    new Deno.Command("qemu-aarch64", { args: ["--version"], stdout: "null" }).outputSync();
    return armExecutable;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "qemu-aarch64 is not installed";
    throw error;
  }
}

testOn(
  executable,
  "the executable is at most 3 MB larger than its base runtime, and holds no PDF reader or canvas",
  ({ path }) => {
    const bytes = Deno.readFileSync(path);
    const added = bytes.subarray(endOfElf(bytes));
    assert(added.length > 5e5 && added.length <= 3e6, `${added.length} bytes`);
    const text = new TextDecoder("latin1").decode(added);
    for (const trace of ["GlobalWorkerOptions", "napi-rs", "Path2D"]) assert(!text.includes(trace), trace);
  },
);

/** Where the base runtime ends: after the section headers. */
function endOfElf(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer);
  return Number(view.getBigUint64(40, true)) + view.getUint16(58, true) * view.getUint16(60, true);
}

testOn(executable, "the executable has the permissions that docs/executable.md names, and no others", ({ path }) => {
  const bytes = Deno.readFileSync(path);
  const text = new TextDecoder("latin1").decode(bytes.subarray(endOfElf(bytes)));
  const [json] = /\{"allow_env".*?"prompt":\w+\}/.exec(text)!;
  // Deno writes its own hosts for imports there, and none of them counts where all imports are denied.
  const { allow_import: _, ...permissions } = JSON.parse(json);
  const granted = Object.entries(permissions).filter(([, value]) => value !== null);
  assertEquals(Object.fromEntries(granted), {
    allow_env: [...VARIABLES],
    ignore_env: [],
    allow_net: [],
    allow_read: ["/", ...READABLE, ...RESERVED],
    allow_write: [...WRITABLE, ...RESERVED],
    deny_import: [],
    prompt: false,
  });
  assertMatch(text, /"code_cache_key":null/);
  assertMatch(text, /"ca_data":\[\]/);
});

/** A program in the agent's place: tries what the agent must not be able to do, and prints what came of it. */
const PROBE = `
import { createRequire } from "node:module";
import process from "node:process";
const [code, url] = Deno.args;
const require = createRequire(import.meta.url);
async function main() {
  // The task tries out what it made, and runs it for its code cache.
  if (code === "--version") return console.log("agent 0");
  if (code === "--once") return;
  // The compiler looks for it in the program.
  if (code === "verify") { const VERIFY = "./src/program/verify.ts"; await import(VERIFY); }
  // Put together here: the compiler replaces each import that it can read.
  const importing = ["imp", "ort", "(", JSON.stringify("file://" + code), ")"].join("");
  const attempts = {
    read: () => Deno.readTextFileSync("/etc/passwd"),
    write: () => Deno.writeTextFileSync("/tmp/agent-probe", ""),
    input: () => Deno.writeTextFileSync("/iexec_in/probe", ""),
    sysfs: () => Deno.readTextFileSync("/sys/kernel/mm/transparent_hugepage/enabled"),
    device: () => Deno.openSync("/dev/zero"),
    proc: () => Deno.readTextFileSync("/proc/self/environ"),
    run: () => new Deno.Command("true").outputSync(),
    ffi: () => Deno.dlopen("libc.so.6", {}),
    sys: () => Deno.hostname(),
    env: () => { if (Deno.env.get("UNNAMED") === undefined) throw new Error("looks unset"); },
    import: () => import(code),
    require: () => require(code),
    threads: () => require("worker_threads"),
    scripts: () => require("node:vm"),
    modules: () => require("node:module").createRequire("/")(code),
    builtin: () => process.getBuiltinModule("node:module").createRequire("/")(code),
    evaluated: () => (0, eval)(importing),
    constructed: () => new Function("return " + importing)(),
    worker: () => new Promise((resolve, reject) => {
      const worker = new Worker("file://" + code, { type: "module" });
      worker.onmessage = resolve;
      worker.onerror = (event) => { event.preventDefault(); reject(new Error(event.message)); };
    }),
    nodeWorker: () => new (require("node:worker_threads").Worker)(code),
    // The one worker that there is: whatever it is given, it runs the program that signs, which fails without a key.
    signing: () => {
      const worker = startSigningProgram("file://" + code, { type: "module" });
      const shared = new SharedArrayBuffer(8), { port1 } = new MessageChannel();
      worker.postMessage({ header: "", shared, port: port1 }, [port1]);
      const state = new Int32Array(shared);
      for (const until = Date.now() + 30_000; state[0] === 0 && Date.now() < until;) Atomics.wait(state, 1, 0, 10);
      if (worker.constructor.name !== "Worker" && state[0] === 2) throw new Error("signs alone");
    },
    certificate: () => fetch(url),
  };
  const done = [];
  for (const [name, attempt] of Object.entries(attempts)) {
    try { await attempt(); done.push(name); } catch (error) { console.error(name, error.message); }
  }
  console.log(JSON.stringify(done));
}
main().then(() => Deno.exit(0));
`;

testOn(
  executable,
  "what the executable can't do: read, write, run, call, ask, or load code outside of what is granted",
  async () => {
    await using folder = makeFolder();
    using elsewhere = makeClone();
    // The same task, the same flags, the same prelude, with the probe for a program.
    Deno.writeTextFileSync(`${elsewhere.path}/main.ts`, `// @ts-nocheck: never typed\n${PROBE}`);
    const probe = elsewhere.compile();
    const code = `${folder.path}/code.cjs`;
    Deno.writeTextFileSync(code, "globalThis.postMessage?.('ran');");
    Deno.writeTextFileSync(`${folder.path}/ca.pem`, AUTHORITY);
    await using server = Deno.serve(
      { port: 0, hostname: "localhost", ...LOCALHOST_CERTIFICATE, onListen() {} },
      () => new Response("trusted"),
    );
    const env = { UNNAMED: "seen", DENO_CERT: `${folder.path}/ca.pem` };
    const url = `https://localhost:${(server.addr as Deno.NetAddr).port}`;
    const { stdout, stderr } = await run([probe.path], { folder: folder.path, env, args: [code, url] });
    assertEquals(stdout, "[]\n", stderr);
    // Each failed for the reason it should.
    for (const name of ["read", "write", "input", "sysfs", "device", "proc", "run", "ffi", "sys"]) {
      assertMatch(stderr, new RegExp(`^${name} .*[Rr]equires ${name === "input" ? "write" : ""}`, "m"));
    }
    assertMatch(stderr, /^env looks unset$/m);
    for (const name of ["import", "require", "threads", "scripts", "modules"]) {
      assertMatch(stderr, new RegExp(`^${name} .*loads no code`, "m"));
    }
    assertMatch(stderr, /^builtin .*getBuiltinModule is not a function$/m);
    for (const name of ["evaluated", "constructed"]) {
      assertMatch(stderr, new RegExp(`^${name} Referrer uses invalid specifier`, "m"));
    }
    assertMatch(stderr, /^worker Worker is not defined$/m);
    assertMatch(stderr, /^nodeWorker .*is not a constructor$/m);
    assertMatch(stderr, /^signing signs alone$/m);
    assertMatch(stderr, /^certificate .*(certificate|UnknownIssuer)/m);
  },
);

testOn(
  executable,
  "settings that lead outside the granted directories are named with 78, and with where they may lead",
  async ({ path }) => {
    await using folder = makeFolder();
    const env = {
      EVENT_INPUT_PATH: "/srv/events.json",
      EVENT_OUTPUT_PATH: "../r.json",
      AGENT_STATE_DIR: "/iexec_in/state",
    };
    const { code, stderr } = await run([path], { folder: folder.path, env });
    assertEquals(code, 78);
    assertStringIncludes(stderr, "3 settings are wrong");
    for (const [name, value] of Object.entries(env)) {
      const line = stderr.split("\n").find((line) => line.includes(`${name}: `))!;
      assertStringIncludes(line, JSON.stringify(value));
      assertStringIncludes(line, `the working directory (${Deno.realPathSync(folder.path)})`);
      assertEquals(line.includes("/iexec_in,"), name === "EVENT_INPUT_PATH");
    }
    assertEquals([...Deno.readDirSync(folder.path)], []);
  },
);

testOn(executable, "started in /, it keeps the directories by name only", async ({ path }) => {
  const env = { AGENT_CHARACTER: "/etc/passwd", AGENT_STATE_DIR: "/agent-probe" };
  const { code, stderr } = await run([path], { folder: "/", env, args: ["--check"] });
  assertEquals(code, 78);
  assertMatch(stderr, /AGENT_CHARACTER: expected a path in \/iexec_out, /);
  assertMatch(stderr, /AGENT_STATE_DIR: expected a path in \/iexec_out, /);
});

testOn(executable, "started in / with nothing set, it says which directory it may not have", async ({ path }) => {
  for (const args of [["--check"], ["--once"], []]) {
    const { code, stdout, stderr } = await run([path], { folder: "/", args });
    assertEquals([code, stdout], [78, ""]);
    assertEquals(
      stderr,
      "agent: A setting is wrong. Correct and start again:\n" +
        "  - AGENT_STATE_DIR: expected a path in /iexec_out, /tmp/agent-state: the executable may write nowhere else, " +
        'got ".agent"\n',
    );
  }
});

testOn(executable, "AGENT_ALLOW_NET closes the network to all hosts but those named", async () => {
  await using folder = makeFolder();
  await using server = await startServer();
  await using other = await startServer();
  const host = new URL(server.url).host;
  const closed = clone.compile({ env: { AGENT_ALLOW_NET: host } });
  const env = { EVENT_TRANSPORT: "websocket", WEBSOCKET_URL: other.url };
  const { code, stderr } = await run([closed.path], { folder: folder.path, env });
  assertEquals(code, 78);
  assertStringIncludes(stderr, `WEBSOCKET_URL: expected a host that AGENT_ALLOW_NET named`);
  const allowed = await run([closed.path], {
    folder: folder.path,
    env: { ...env, WEBSOCKET_URL: server.url },
    args: ["--check"],
  });
  assertEquals(allowed.code, 0, allowed.stderr);
});

testOn(executable, "AGENT_ALLOW_NET=none closes the network altogether, and the agent answers its file", async () => {
  await using folder = makeInput();
  const closed = clone.compile({ env: { AGENT_ALLOW_NET: "none" } });
  const answered = await run([closed.path], { folder: folder.path, args: ["--once"] });
  assertEquals(answered.code, 0, answered.stderr);
  assertAnswered(folder.path);
  const env = { EVENT_TRANSPORT: "websocket", MODEL_PROVIDER: "ollama" };
  const { code, stderr } = await run([closed.path], { folder: folder.path, env });
  assertEquals(code, 78);
  assertMatch(stderr, /^agent: 2 settings are wrong/m);
  for (const name of ["WEBSOCKET_URL", "OLLAMA_SERVER_URL"]) {
    assertStringIncludes(stderr, `${name}: expected a host that AGENT_ALLOW_NET named`);
  }
});

testOn(executable, "an executable that was moved prints its SHA-256, and the commit", async ({ path, sha256 }) => {
  await using folder = makeFolder();
  Deno.copyFileSync(path, `${folder.path}/renamed`);
  const { stdout } = await run([`${folder.path}/renamed`], { folder: "/", args: ["--version"] });
  assertStringIncludes(stdout, `\nsha256 ${sha256}\n`);
  assertMatch(stdout, /^commit [0-9a-f]{40}$/m);
});
