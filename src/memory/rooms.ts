/** Rooms, each the place of one conversation. An agent sees and changes only its own. @module */

import type { Room, UUID } from "@elizaos/core";
import type { Place, Sealed } from "../store/seal.ts";
import { type Direct, referring, type Store } from "./store.ts";

/** Sealed, since a channel's name or number tells who talks. */
type RoomBody = Pick<Room, "name" | "source" | "channelId" | "metadata">;

interface RoomRow {
  readonly id: UUID;
  readonly agent_id: UUID;
  readonly world_id: UUID | null;
  readonly message_server_id: UUID | null;
  readonly type: Room["type"];
  readonly body: Sealed;
}

const CREATE = `
  INSERT INTO room (id, agent_id, world_id, message_server_id, type, body)
  VALUES (:id, :agentId, :worldId, :messageServerId, :type, :body)
  ON CONFLICT (id) DO NOTHING`;
const BY_IDS = `
  SELECT id, agent_id, world_id, message_server_id, type, body FROM room
  WHERE id IN (SELECT value FROM json_each(:ids)) AND agent_id = :agentId ORDER BY seq`;
const OF_WORLD = `
  SELECT id, agent_id, world_id, message_server_id, type, body FROM room
  WHERE agent_id = :agentId AND world_id = :worldId ORDER BY seq`;
const UPDATE = `
  UPDATE room SET world_id = :worldId, message_server_id = :messageServerId, type = :type, body = :body
  WHERE id = :id`;
const DELETE = `DELETE FROM room WHERE id = :id AND agent_id = :agentId`;

/**
 * The methods about rooms. Memories, participants, components and logs of a room go with it.
 *
 * @param onDeleted Told about every room that was deleted.
 */
export function roomMethods(store: Store, onDeleted: (roomId: UUID) => void): Direct<
  "getRoomsByIds" | "getRoomsByWorld" | "createRooms" | "updateRoom" | "deleteRoom" | "deleteRoomsByWorldId"
> {
  const { agentId } = store;
  const create = store.command(CREATE), update = store.command(UPDATE), remove = store.command(DELETE);
  const byIds = store.query<RoomRow>(BY_IDS), ofWorld = store.query<RoomRow>(OF_WORLD);
  const place = (row: Omit<RoomRow, "body">): Place => [
    "room.body",
    row.id,
    row.agent_id,
    row.world_id,
    row.message_server_id,
    row.type,
  ];
  const roomFrom = (row: RoomRow): Room => ({
    id: row.id,
    agentId: row.agent_id,
    type: row.type,
    ...store.open<RoomBody>(row.body, place(row)),
    ...(row.world_id !== null && { worldId: row.world_id }),
    ...(row.message_server_id !== null && { messageServerId: row.message_server_id, serverId: row.message_server_id }),
  });
  const columnsFor = (room: Room) => {
    const { id, name, source, channelId, metadata, type, worldId = null } = room;
    const messageServerId = room.messageServerId ?? room.serverId ?? null;
    const row = { id, agent_id: agentId, world_id: worldId, message_server_id: messageServerId, type };
    return { id, worldId, messageServerId, type, body: store.seal({ name, source, channelId, metadata }, place(row)) };
  };
  const deleteRoom = (id: UUID) => {
    if (remove.run({ id, agentId }).changes > 0) onDeleted(id);
  };
  return {
    getRoomsByIds: (roomIds) => byIds.all({ agentId, ids: JSON.stringify(roomIds) }).map(roomFrom),
    getRoomsByWorld: (worldId) => ofWorld.all({ agentId, worldId }).map(roomFrom),
    createRooms(rooms) {
      return store.atomically(() =>
        rooms.map((room) => {
          const columns = columnsFor({ ...room, id: room.id ?? crypto.randomUUID() });
          const write = () => create.run({ ...columns, agentId });
          referring(`room ${columns.id}`, `agent ${agentId}`, write);
          return columns.id;
        })
      );
    },
    updateRoom(room) {
      store.atomically(() => {
        const [row] = byIds.all({ agentId, ids: JSON.stringify([room.id]) });
        if (!row) return;
        const given = Object.entries(room).filter(([, value]) => value !== undefined && value !== null);
        const merged: Room = { ...roomFrom(row), ...Object.fromEntries(given) };
        const messageServerId = room.messageServerId ?? room.serverId ?? row.message_server_id;
        update.run(columnsFor({ ...merged, ...(messageServerId !== null && { messageServerId }) }));
      });
    },
    deleteRoom,
    deleteRoomsByWorldId(worldId) {
      store.atomically(() => ofWorld.all({ agentId, worldId }).forEach((row) => deleteRoom(row.id)));
    },
  };
}
