/** The agent's memory: ElizaOS's database adapter over a SQLite database that its caller opened. @module */

import type { DatabaseSync } from "node:sqlite";
import type { IDatabaseAdapter, UUID } from "@elizaos/core";
import type { Clock } from "../clock.ts";
import type { Seal } from "../store/seal.ts";
import { agentMethods } from "./agents.ts";
import { cacheMethods } from "./cache.ts";
import { componentMethods } from "./components.ts";
import { entityMethods } from "./entities.ts";
import { type Exchanges, openExchanges } from "./exchanges.ts";
import { type Forgetting, openForgetting } from "./forgetting.ts";
import { logMethods } from "./logs.ts";
import { messageMethods } from "./messages.ts";
import { participantMethods } from "./participants.ts";
import { recallMethods } from "./recall.ts";
import { relationshipMethods } from "./relationships.ts";
import { roomMethods } from "./rooms.ts";
import { runMethods } from "./runs.ts";
import { searchMethods } from "./search.ts";
import { openStore } from "./store.ts";
import { taskMethods } from "./tasks.ts";
import { worldMethods } from "./worlds.ts";

/** The adapter, and the way past it for what is said in conversations. */
export interface Memories extends IDatabaseAdapter {
  readonly exchanges: Exchanges;
  readonly forgetting: Forgetting;
}

/**
 * The adapter of one agent over `database`, which must have the tables of `MEMORY_SCHEMA`.
 *
 * It is synchronous, and joins a transaction that the caller has open: that decides when its writes are on disk. The
 * database stays the caller's: `close` only turns `log` off, which the core calls without looking at the result.
 *
 * @param options `agentId`: whose memory it is; `seal`: for everything that holds or tells content, while ids, times,
 * types and who belongs to what stay readable for the queries.
 * `beforeCommit`: see {@linkcode openExchanges}.
 * @throws {Error} If the connection does not enforce foreign keys.
 */
export function openMemory(
  database: DatabaseSync,
  options: { agentId: UUID; seal: Seal; clock: Clock; beforeCommit?: (write: () => void) => void },
): Memories {
  const store = openStore(database, options);
  const { log, forgetRoom, ...logs } = logMethods(store);
  const components = componentMethods(store), entities = entityMethods(store, components.getComponents);
  const recall = recallMethods(store), { saysTheSame, ...search } = searchMethods(store, recall.getMemoriesByIds);
  const { getCache, ...cache } = cacheMethods(store);
  const messages = messageMethods(store, { saysTheSame }), rooms = roomMethods(store, forgetRoom);
  const participants = participantMethods(store, entities.getEntitiesByIds);
  const methods = { ...rooms, ...entities, ...participants, ...messages, ...recall };
  const exchanges = openExchanges(store, { methods, beforeCommit: options.beforeCommit });
  const forgetting = openForgetting(store, { hide: (id) => options.seal.hide(id) });
  let isOpen = true;
  return {
    db: database,
    exchanges,
    forgetting: afterWriting(exchanges, forgetting),
    getConnection: () => Promise.resolve(database),
    initialize: () => Promise.resolve(),
    init: () => Promise.resolve(),
    isReady: () => Promise.resolve(isOpen && database.isOpen),
    close() {
      isOpen = false;
      return Promise.resolve();
    },
    runMigrations: () => Promise.resolve(), // the tables came with the file
    runPluginMigrations: (plugins) => Promise.try(refuseTables, plugins),
    ensureEmbeddingDimension: (dimension) => Promise.try(checkDimension, dimension),
    log(entry) {
      try {
        if (isOpen) log(entry);
      } catch {
        // The core neither waits for a log nor catches: an error here would end the program, or lose an answer that is
        // already there. The journal reports what is wrong with the disk.
      }
      return Promise.resolve();
    },
    getCache: <T>(key: string) => Promise.try(() => getCache(key) as T | undefined),
    ...promising({
      ...agentMethods(store),
      ...worldMethods(store),
      ...unfoldingFirst(exchanges, options.agentId, {
        ...components,
        ...relationshipMethods(store),
        ...search,
        ...methods,
      }),
      ...logs,
      ...runMethods(() => logs.getLogs({ count: Number.MAX_SAFE_INTEGER })),
      ...cache,
      ...taskMethods(store),
    }),
  };
}

/** The same, over all exchanges, those too that are not written yet. */
function afterWriting(exchanges: Exchanges, forgetting: Forgetting): Forgetting {
  return {
    lastExchange() {
      exchanges.flush();
      return forgetting.lastExchange();
    },
    forget(...args) {
      exchanges.flush();
      return forgetting.forget(...args);
    },
    pruneOld(...args) {
      exchanges.flush();
      return forgetting.pruneOld(...args);
    },
    pruneLong(...args) {
      exchanges.flush();
      return forgetting.pruneLong(...args);
    },
  };
}

/** A method of whatever parameters; `never` takes them all. */
type Method = (...args: never[]) => unknown;
type Promising<Methods> = {
  [Name in keyof Methods]: Methods[Name] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Result>
    : never;
};

/** The methods, with a promise for their results and for what they throw. */
function promising<Methods extends Record<string, Method>>(methods: Methods): Promising<Methods> {
  const wrapped = Object.entries(methods).map(([name, method]) => [
    name,
    (...args: never[]) => Promise.try(method, ...args),
  ]);
  return Object.fromEntries(wrapped) as Promising<Methods>;
}

/**
 * The methods, which find every exchange unfolded: they may be asked for its messages, its room or its user. The core's
 * start asks for the agent itself alone, and need not wait for the exchanges of years.
 */
function unfoldingFirst<Methods extends Record<string, Method>>(
  exchanges: Exchanges,
  agentId: UUID,
  methods: Methods,
): Methods {
  const isAboutAgent = (args: readonly unknown[]) =>
    args.length > 0 &&
    args.flat().every((arg) => (typeof arg === "object" ? (arg as { id?: unknown }).id : arg) === agentId);
  const wrapped = Object.entries(methods).map(([name, method]) => [
    name,
    (...args: never[]) => {
      if (!isAboutAgent(args)) exchanges.unfold();
      return method(...args);
    },
  ]);
  return Object.fromEntries(wrapped) as Methods;
}

/** A plugin's schema is made for drizzle and PostgreSQL; without its tables the plugin would fail later, and oddly. */
function refuseTables(plugins: Parameters<NonNullable<IDatabaseAdapter["runPluginMigrations"]>>[0]): void {
  const names = plugins.filter(({ schema }) => schema && Object.keys(schema).length > 0).map(({ name }) => name);
  if (names.length > 0) {
    throw new Error(
      `Cannot make the tables of ${
        names.join(", ")
      }: they are for @elizaos/plugin-sql. Leave the plugin out, or use that adapter`,
    );
  }
}

/** Embeddings of any dimension are kept side by side, and a search sees those of its own: nothing to prepare. */
function checkDimension(dimension: number): void {
  if (!Number.isInteger(dimension) || dimension < 1) {
    throw new RangeError(
      `Cannot keep embeddings of ${dimension} numbers: the dimension must be a whole number from 1 up`,
    );
  }
}
