/**
 * The program as `main.ts` builds it, with a model that answers at once: what is left is our own cost. Arguments: the
 * server's URL and a folder for state and output. For each line on stdin its memory, in bytes, goes to stdout.
 *
 * @module
 */

import { runAgent } from "../../src/agent.ts";
import { systemClock as clock } from "../../src/clock.ts";
import { openDatabase } from "../../src/database.ts";
import { openJournal } from "../../src/journal/journal.ts";
import { openPublisher } from "../../src/journal/publisher.ts";
import { createLog, gatherLines } from "../../src/log.ts";
import { loadCharacter } from "../../src/mind/character.ts";
import { openKnowledgeStore } from "../../src/mind/knowledge_store.ts";
import { openMemory } from "../../src/mind/memory.ts";
import { openMind } from "../../src/mind/runtime.ts";
import { noSeal } from "../../src/seal.ts";
import { readSettings } from "../../src/settings.ts";
import { openTransport } from "../../src/transports/transport.ts";

/** What every event gets for an answer, from both clients. */
const ANSWER = "iExec is a marketplace for computing power, data sets and applications that run in enclaves.";

async function main(): Promise<void> {
  const [url, folder, character = ""] = Deno.args;
  const given: Record<string, string> = {
    EVENT_TRANSPORT: "websocket",
    WEBSOCKET_URL: url!,
    AGENT_STATE_DIR: `${folder}/state`,
    EVENT_OUTPUT_PATH: `${folder}/responses.json`,
    AGENT_CHARACTER: character,
  };
  const settings = readSettings((name) => given[name]);
  const encoder = new TextEncoder();
  const stderr = gatherLines((text) => void Deno.stderr.writeSync(encoder.encode(text)));
  const log = createLog({
    level: settings.LOG_LEVEL,
    format: settings.LOG_FORMAT,
    content: settings.LOG_CONTENT,
    write: stderr.write,
    now: clock.now,
  });
  const stop = new AbortController();
  Deno.addSignalListener("SIGTERM", () => stop.abort());
  void reportMemory();

  const loaded = await loadCharacter(settings.AGENT_CHARACTER, log);
  using database = openDatabase(settings.AGENT_STATE_DIR);
  const journal = openJournal(database, { seal: noSeal, now: clock.now });
  using publisher = openPublisher({ path: settings.EVENT_OUTPUT_PATH, journal, log });
  const { agentId } = loaded;
  const adapter = openMemory(database.sqlite, { agentId, seal: noSeal, clock });
  const instant = () => Promise.resolve(ANSWER);
  const model = { name: "instant", description: "Answers at once", models: { TEXT_LARGE: instant } };
  const store = openKnowledgeStore(database.sqlite, { seal: noSeal });
  const mind = await openMind({ character: loaded, adapter, store, model, log, clock });
  await runAgent({
    database,
    journal,
    publisher,
    mind,
    openTransport: (hooks) => openTransport(settings, { ...hooks, agentId, log, clock }),
    log,
    clock,
    concurrency: settings.AGENT_CONCURRENCY,
    graceMs: settings.AGENT_SHUTDOWN_GRACE,
    retentionMs: settings.AGENT_RETENTION * 24 * 60 * 60 * 1000,
  }, stop.signal);
  await mind.close();
}

async function reportMemory(): Promise<void> {
  for await (const _ of Deno.stdin.readable) console.log(Deno.memoryUsage().rss);
}

await main();
// Whoever still waits for a line on stdin would keep the process.
Deno.exit(0);
