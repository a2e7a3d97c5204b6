/** Worlds, which group rooms: a server, a platform, an account. An agent sees and changes only its own. @module */

import type { UUID, World } from "@elizaos/core";
import type { Place, Sealed } from "../store/seal.ts";
import { type Direct, referring, type Store } from "./store.ts";

type WorldBody = Pick<World, "name" | "metadata">;

interface WorldRow {
  readonly id: UUID;
  readonly agent_id: UUID;
  readonly message_server_id: UUID | null;
  readonly body: Sealed;
}

const CREATE = `
  INSERT INTO world (id, agent_id, message_server_id, body) VALUES (:id, :agentId, :messageServerId, :body)
  ON CONFLICT (id) DO NOTHING`;
const ONE = `SELECT id, agent_id, message_server_id, body FROM world WHERE id = :id AND agent_id = :agentId`;
const ALL = `SELECT id, agent_id, message_server_id, body FROM world WHERE agent_id = :agentId ORDER BY seq`;
const UPDATE = `UPDATE world SET message_server_id = :messageServerId, body = :body WHERE id = :id`;
const DELETE = `DELETE FROM world WHERE id = :id AND agent_id = :agentId`;

/** The methods about worlds. */
export function worldMethods(
  store: Store,
): Direct<"createWorld" | "getWorld" | "getAllWorlds" | "updateWorld" | "removeWorld"> {
  const { agentId } = store;
  const create = store.command(CREATE), update = store.command(UPDATE), remove = store.command(DELETE);
  const one = store.query<WorldRow>(ONE), all = store.query<WorldRow>(ALL);
  const place = (id: UUID, owner: UUID, messageServerId: UUID | null): Place => [
    "world.body",
    id,
    owner,
    messageServerId,
  ];
  const worldFrom = (row: WorldRow): World => ({
    id: row.id,
    agentId: row.agent_id,
    ...store.open<WorldBody>(row.body, place(row.id, row.agent_id, row.message_server_id)),
    ...(row.message_server_id !== null && { messageServerId: row.message_server_id }),
  });
  return {
    createWorld(world) {
      const { id = crypto.randomUUID(), name, metadata } = world;
      const owner = world.agentId ?? agentId;
      const messageServerId = world.messageServerId ?? world.serverId ?? null;
      const body = store.seal({ name, metadata }, place(id, owner, messageServerId));
      referring(`world ${id}`, `agent ${owner}`, () => create.run({ id, agentId: owner, messageServerId, body }));
      return id;
    },
    getWorld(id) {
      const row = one.get({ id, agentId });
      return row ? worldFrom(row) : null;
    },
    getAllWorlds: () => all.all({ agentId }).map(worldFrom),
    updateWorld(world) {
      const { id } = world;
      store.atomically(() => {
        const row = one.get({ id, agentId });
        if (!row) return;
        const { name, metadata } = worldFrom(row);
        const messageServerId = world.messageServerId ?? world.serverId ?? row.message_server_id;
        const body = { name: world.name ?? name, metadata: world.metadata ?? metadata };
        update.run({ id, body: store.seal(body, place(id, row.agent_id, messageServerId)), messageServerId });
      });
    },
    removeWorld: (id) => void remove.run({ id, agentId }),
  };
}
