/** A mind over a database in memory. @module */

import type { Plugin } from "@elizaos/core";
import { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../src/clock.ts";
import { type Log, silentLog } from "../../src/log.ts";
import { loadCharacter, type LoadedCharacter } from "../../src/mind/character/character.ts";
import { KNOWLEDGE_PIECE_SCHEMA, KNOWLEDGE_SCHEMA, openKnowledgeStore } from "../../src/mind/knowledge/store.ts";
import { openMemory } from "../../src/memory/memory.ts";
import { MEMORY_TABLES } from "../../src/memory/schema.ts";
import type { ModelOptions } from "../../src/mind/models/options.ts";
import type { Mind } from "../../src/mind/mind.ts";
import { openMind } from "../../src/mind/runtime.ts";
import { noSeal } from "../../src/store/seal.ts";

/** Stands still. */
export const clock: Clock = { now: () => 1_700_000_000_000, monotonic: () => 0, sleep: () => Promise.resolve() };

export interface TestMind extends AsyncDisposable, Omit<Mind, "answer"> {
  /** The text of the answer. */
  answer(...args: Parameters<Mind["answer"]>): Promise<string>;
  /** The whole answer. */
  reply: Mind["answer"];
  /** How many exchanges are remembered. */
  exchanges(): number;
  /** Everything in the database, as text. */
  dump(): string;
}

/** Start one in memory. `file`: its character's; default: the built-in one, the embedded model. */
export async function startMind(
  options: {
    model?: ModelOptions | Plugin;
    log?: Log;
    database?: DatabaseSync;
    file?: object;
    character?: LoadedCharacter;
  } = {},
): Promise<TestMind> {
  const {
    model = { provider: "embedded" },
    log = silentLog,
    database = new DatabaseSync(":memory:"),
    file,
  } = options;
  if (database.prepare("SELECT count(*) AS tables FROM sqlite_schema").get()?.tables === 0) {
    database.exec(MEMORY_TABLES + KNOWLEDGE_SCHEMA + KNOWLEDGE_PIECE_SCHEMA);
  }
  const character = options.character ?? (file ? await characterFrom(file) : await loadCharacter(undefined, log));
  const adapter = openMemory(database, { agentId: character.agentId, seal: noSeal, clock });
  const store = openKnowledgeStore(database, { seal: noSeal, committed: () => Promise.resolve() });
  const mind = await openMind({ character, adapter, store, hide: noSeal.hide, model, log, clock });
  return {
    ...mind,
    answer: async (...args) => (await mind.answer(...args)).text,
    reply: (...args) => mind.answer(...args),
    exchanges: () => Number(database.prepare("SELECT count(*) AS n FROM exchange").get()?.n),
    dump: () => {
      const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
      return JSON.stringify(tables.map(({ name }) => database.prepare(`SELECT * FROM "${name}"`).all()));
    },
    [Symbol.asyncDispose]: () => mind[Symbol.asyncDispose](),
  };
}

async function characterFrom(file: object) {
  const path = await Deno.makeTempFile({ suffix: ".json" });
  await Deno.writeTextFile(path, JSON.stringify(file));
  try {
    return await loadCharacter(path, silentLog);
  } finally {
    await Deno.remove(path);
  }
}
