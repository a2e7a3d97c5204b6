/** The real program's sign of life, as a health check sees it. @module */

import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { FatalError } from "../../src/errors.ts";
import { checkHeartbeat, startHeartbeat } from "../../src/program/heartbeat.ts";
import { silentLog } from "../../src/log.ts";
import { startAgent } from "../support/agent.ts";
import { makeFolder } from "../support/folder.ts";

/** What `--health` says in the folder of an agent. */
async function health(folder: string, env: Record<string, string> = {}) {
  await using check = await startAgent({ folder, env, args: ["--health"] });
  const { code, stdout } = await check.ended;
  return { code, stdout, stderr: check.lines.join("\n") };
}

Deno.test("--health is 0 while the agent runs, and 69 before it has started and after it has stopped", async () => {
  await using folder = makeFolder();
  const before = await health(folder.path);
  assertEquals(before.code, 69);
  assertMatch(before.stderr, /^agent: No agent runs on AGENT_STATE_DIR=\.agent/);
  await using agent = await startAgent({ folder: folder.path });
  await agent.logged("🚀 Agent started");
  const alive = await health(folder.path);
  assertEquals([alive.code, alive.stderr], [0, ""]);
  assertMatch(alive.stdout, /^alive: \d+ ms ago\n$/);
  assertEquals((await health(folder.path, { AGENT_STATE_DIR: "elsewhere" })).code, 69);
  await agent.stop();
  assertEquals((await health(folder.path)).code, 69);
});

Deno.test("an agent that was killed, or hangs, is told from one that is alive by its silence", async () => {
  await using folder = makeFolder();
  await using agent = await startAgent({ folder: folder.path });
  await agent.logged("🚀 Agent started");
  agent.kill("SIGKILL");
  await agent.ended;
  const path = `${folder.path}/.agent/alive`;
  Deno.utimeSync(path, new Date(), new Date(Date.now() - 31_000));
  const silent = await health(folder.path);
  assertEquals(silent.code, 69);
  assertMatch(silent.stderr, /no sign of life for \d+ s: it hangs, or was killed/);
});

Deno.test("the next start takes over the sign of life of one that was killed, and nobody else may read it", async () => {
  await using folder = makeFolder();
  Deno.mkdirSync(`${folder.path}/.agent`);
  Deno.writeTextFileSync(`${folder.path}/.agent/alive`, "");
  Deno.utimeSync(`${folder.path}/.agent/alive`, 0, 0);
  await using agent = await startAgent({ folder: folder.path });
  await agent.logged("🚀 Agent started");
  assertEquals((await health(folder.path)).code, 0);
});

Deno.test("an answer that is under way beyond all limits is told, though the program is alive", async () => {
  await using folder = makeFolder();
  const told: { overdueMs?: number } = {};
  const now = () => 1_700_000_000_000;
  const beats = Promise.withResolvers<void>();
  using heartbeat = startHeartbeat(folder.path, { log: silentLog, now, beatMs: 1 });
  let looks = 0;
  heartbeat.watch(() => {
    // The second look comes after the first number was written.
    if (told.overdueMs !== undefined && ++looks === 2) beats.resolve();
    return told.overdueMs;
  });
  assertMatch(checkHeartbeat(folder.path, { now }), /^alive/);
  told.overdueMs = 700_000;
  await beats.promise;
  const error = assertThrows(() => checkHeartbeat(folder.path, { now }), FatalError);
  assertEquals(error.exitCode, 69);
  assertMatch(
    error.message,
    /has waited for one answer for 700 s, longer than MODEL_ANSWER_TIMEOUT allows: restart it/,
  );
});

Deno.test("a sign of life is for its user alone, and a directory that is gone costs a warning only", async () => {
  await using folder = makeFolder();
  const state = `${folder.path}/state`;
  Deno.mkdirSync(state);
  const warnings: string[] = [];
  const log = { ...silentLog, warn: (message: string) => void warnings.push(message) };
  {
    using _heartbeat = startHeartbeat(state, { log, now: () => 1_000 });
    assertEquals((Deno.statSync(`${state}/alive`).mode ?? 0) & 0o777, 0o600);
    assertEquals(checkHeartbeat(state, { now: () => 31_000 }), "alive: 30000 ms ago");
    for (const nowMs of [31_001, -29_001]) {
      assertEquals(assertThrows(() => checkHeartbeat(state, { now: () => nowMs }), FatalError).exitCode, 69);
    }
    Deno.removeSync(state, { recursive: true });
  }
  using _other = startHeartbeat(state, { log, now: () => 1_000 });
  assertEquals(warnings, ["sign of life could not be given"]);
});

Deno.test("signs of life go on", async () => {
  await using folder = makeFolder();
  let nowMs = 1_000;
  using _heartbeat = startHeartbeat(folder.path, { log: silentLog, now: () => nowMs, beatMs: 1 });
  nowMs = 100_000;
  using watcher = Deno.watchFs(folder.path);
  for await (const _ of watcher) {
    if (Deno.statSync(`${folder.path}/alive`).mtime?.getTime() === nowMs) break;
  }
  assertEquals(checkHeartbeat(folder.path, { now: () => nowMs }), "alive: 0 ms ago");
});
