/** The real program on a disk whose power is cut again and again: what was acknowledged is there, once, as it was sent. @module */

import { assert, assertEquals } from "@std/assert";
import { type AgentEvent, conversationOf, encodeResponse, entryOf } from "../../src/wire.ts";
import { readEntries, startAgent } from "../support/agent.ts";
import { testOnPoweredDisk } from "../support/powered_disk.ts";
import { startServer } from "../support/server.ts";
import { makeFolder } from "../support/folder.ts";
import { assertChain } from "../support/proof.ts";
import { assertPrefixes, type Remembered, rememberedIn } from "../support/remembered.ts";

const CUTS = 12;
const EVENTS_PER_LIFE = 40;

function makeEvents(from: number): AgentEvent[] {
  return Array.from({ length: EVENTS_PER_LIFE }, (_, index) => ({
    id: `q${from + index}`,
    query: "What is iExec?",
    timestamp: 1,
    ...(index % 2 === 0 && { metadata: { userId: `u${index % 5}` } }),
  }));
}

testOnPoweredDisk("power cuts lose nothing that was acknowledged, and change nothing that was sent", async (disk) => {
  await using folder = makeFolder();
  const events: AgentEvent[] = [], memories: Remembered[][][] = [];
  const output = `${disk.path}/out/responses.json`;
  await using server = await startServer({ events });
  const env = {
    USE_WEBSOCKET: "true",
    WEBSOCKET_URL: server.url,
    AGENT_STATE_DIR: `${disk.path}/state`,
    EVENT_OUTPUT_PATH: output,
  };

  for (let cut = 0; cut < CUTS; cut++) {
    events.push(...makeEvents(events.length));
    const before = server.frames.flat().length;
    await using agent = await startAgent({ folder: folder.path, env });
    // Somewhere between the first sign of life and the last ack: each life gets further than the one before.
    await server.received(() => server.frames.flat().length > before + cut * 2 * EVENTS_PER_LIFE / CUTS);
    disk.cutPower(agent.pid);
    agent.kill("SIGKILL");
    await agent.ended;
    disk.restart();
    memories.push(await rememberedIn(`${disk.path}/state`));
  }

  await using agent = await startAgent({ folder: folder.path, env });
  // Before that, a signal ends it on the spot.
  await agent.logged("🚀 Agent started");
  const left = new Set(events.map(({ id }) => id));
  await server.received((message) => message.type === "ack" && left.delete(message.eventId) && left.size === 0);
  assertEquals((await agent.stop()).code, 0);
  const entries = readEntries(output)!;
  assertEquals(entries.map(({ queryId }) => queryId).toSorted(), events.map(({ id }) => id).toSorted());
  assertChain(entries);
  const answered = entries.map(({ queryId, response }) => ({ event: queryId, text: response! }));
  const byId = new Map(events.map((event) => [event.id, event]));
  for (const remembered of memories) assertPrefixes(remembered, answered, (id) => conversationOf(byId.get(id)!));
  // Whatever was sent before a cut is what stands there: none was answered anew.
  const answers = new Set(entries.map((entry) => encodeResponse(entryOf({ ...entry, response: entry.response! }))));
  const sent = (server.frames.flat() as { type: string }[]).filter(({ type }) => type === "response");
  assertEquals(sent.map((frame) => JSON.stringify(frame)).filter((frame) => !answers.has(frame)), []);
  assert(sent.length >= events.length);
});
