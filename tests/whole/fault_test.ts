/** The real program, when the machine or the server fails it. @module */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { event } from "../support/events.ts";
import { readEntries, startAgent } from "../support/agent.ts";
import { startMuteServer } from "../support/mute_server.ts";
import { startServer } from "../support/server.ts";
import { testOnSmallDisk } from "../support/small_disk.ts";
import { makeFolder } from "../support/folder.ts";

/** A folder with `count` events in it. */
function makeInput(count: number) {
  const folder = makeFolder();
  const ids = Array.from({ length: count }, (_, n) => `q${n}`);
  Deno.mkdirSync(`${folder.path}/iexec_in`);
  Deno.writeTextFileSync(`${folder.path}/iexec_in/events.json`, JSON.stringify(ids.map((id) => event(id))));
  return { folder: folder.path, ids, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

testOnSmallDisk("a full output disk ends the program with 74; with space again, a restart adds what is missing", {
  kibibytes: 64,
}, async (disk) => {
  await using input = makeInput(500);
  const path = `${disk.path}/responses.json`, env = { EVENT_OUTPUT_PATH: path };
  {
    await using agent = await startAgent({ ...input, env });
    assertEquals((await agent.ended).code, 74);
    assertMatch(agent.lines.at(-1)!, /^agent: Cannot append to .*responses\.json: no space left\. Free some/);
    const entries = readEntries(path)!;
    assert(entries.length < input.ids.length, "it did fill up");
  }
  // The user makes room by moving the file elsewhere; the whole of it is wanted back on a larger disk.
  const larger = `${input.folder}/responses.json`;
  Deno.copyFileSync(path, larger);
  Deno.removeSync(path);
  await using agent = await startAgent({ ...input, env: { EVENT_OUTPUT_PATH: larger }, args: ["--once"] });
  assertEquals((await agent.ended).code, 0);
  assertEquals(readEntries(larger)!.map(({ queryId }) => queryId).sort(), input.ids.toSorted());
});

testOnSmallDisk(
  "a full state disk ends the program with 74; with space again, a restart answers the rest, nothing twice",
  {
    kibibytes: 4096,
  },
  async (disk) => {
    await using input = makeInput(3_000);
    const env = { AGENT_STATE_DIR: `${disk.path}/state` };
    {
      await using agent = await startAgent({ ...input, env });
      await agent.responses(1);
      disk.fill();
      assertEquals((await agent.ended).code, 74);
      assertStringIncludes(agent.lines.at(-1)!, "no space left");
    }
    disk.free();
    const before = readEntries(`${input.folder}/iexec_out/responses.json`)!.length;
    // The disk is too small for all of them: what fits is answered, and what was answered stays so.
    await using agent = await startAgent({ ...input, env });
    const entries = await agent.responses(before + 1);
    assertEquals(new Set(entries.map(({ queryId }) => queryId)).size, entries.length);
  },
);

testOnSmallDisk("a read-only output directory ends the program with 74, and the file stays as it was", {
  kibibytes: 256,
}, async (disk) => {
  await using input = makeInput(1);
  const path = `${disk.path}/responses.json`;
  Deno.writeTextFileSync(path, "[]\n");
  disk.makeReadOnly();
  await using agent = await startAgent({ ...input, env: { EVENT_OUTPUT_PATH: path } });
  assertEquals((await agent.ended).code, 74);
  assertStringIncludes(agent.lines.at(-1)!, "set EVENT_OUTPUT_PATH");
  assertEquals(Deno.readTextFileSync(path), "[]\n");
});

Deno.test("a damaged database ends the program with 74, says what to do, and is left as it is", async () => {
  await using input = makeInput(1);
  const path = `${input.folder}/.agent/agent.db`;
  Deno.mkdirSync(`${input.folder}/.agent`);
  const garbage = new Uint8Array(20_000).fill(0x58);
  Deno.writeFileSync(path, garbage);
  await using agent = await startAgent(input);
  assertEquals((await agent.ended).code, 74);
  assertMatch(agent.lines.at(-1)!, /it is damaged .*Nothing was deleted: restore it from a copy, or move it away/);
  assertEquals(Deno.readFileSync(path), garbage);
});

Deno.test("a server that flaps a hundred times gets every answer, and each event is answered once", async () => {
  await using server = await startServer({ events: [] });
  await using agent = await startAgent({
    env: { USE_WEBSOCKET: "true", WEBSOCKET_URL: server.url, WEBSOCKET_RECONNECT_INTERVAL: "1" },
  });
  const acknowledged = new Set<string>();
  for (let flap = 1; flap <= 100; flap++) {
    await server.authenticated(flap);
    server.send(event(`q${flap}`));
    // Half of the time the line is cut before the answer can be out, half of the time behind it.
    if (flap % 2 === 0) {
      await server.received((message) => message.type === "ack" && message.eventId === `q${flap}`);
      acknowledged.add(`q${flap}`);
    }
    server.drop();
  }
  await server.authenticated(101);
  const missing = Array.from({ length: 100 }, (_, n) => `q${n + 1}`).filter((id) => !acknowledged.has(id));
  server.send(...missing.map((id) => event(id)));
  for (const id of missing) await server.received((message) => message.type === "ack" && message.eventId === id);
  const entries = await agent.responses(100);
  assertEquals(new Set(entries.map(({ queryId }) => queryId)).size, 100);
  assertEquals(entries.length, 100);
  await agent.stop();
  assertEquals(agent.log.filter(({ message }) => message.startsWith("✅ Generated")).length, 100);
});

Deno.test("a server that never acknowledges the close keeps no agent from ending with 0", async () => {
  await using server = await startMuteServer();
  await using agent = await startAgent({ env: { USE_WEBSOCKET: "true", WEBSOCKET_URL: server.url } });
  await server.heard(1);
  assertEquals((await agent.stop()).code, 0);
});
