/** Tasks: what the agent has to do later, or again and again. An agent sees and changes only its own. @module */

import type { Task, UUID } from "@elizaos/core";
import type { Place, Sealed } from "../store/seal.ts";
import { type Direct, referring, type Store } from "./store.ts";

type TaskBody = Pick<Task, "name" | "description" | "metadata" | "tags">;

interface TaskRow {
  readonly id: UUID;
  readonly room_id: UUID | null;
  readonly world_id: UUID | null;
  readonly entity_id: UUID | null;
  readonly body: Sealed;
  readonly updated_at: number;
}

const CREATE = `
  INSERT INTO task (id, agent_id, room_id, world_id, entity_id, body, updated_at)
  VALUES (:id, :agentId, :roomId, :worldId, :entityId, :body, :updatedAt)`;
const FIND = `
  SELECT id, room_id, world_id, entity_id, body, updated_at FROM task
  WHERE agent_id = :agentId AND (:id IS NULL OR id = :id)
    AND (:roomId IS NULL OR room_id = :roomId) AND (:entityId IS NULL OR entity_id = :entityId)
  ORDER BY seq`;
const UPDATE = `
  UPDATE task SET room_id = :roomId, world_id = :worldId, entity_id = :entityId, body = :body, updated_at = :updatedAt
  WHERE id = :id AND agent_id = :agentId`;
const DELETE = `DELETE FROM task WHERE id = :id AND agent_id = :agentId`;
const ANY = { id: null, roomId: null, entityId: null };

/** The methods about tasks. Names and tags are sealed, so a look-up by them opens the agent's tasks, which are few. */
export function taskMethods(
  store: Store,
): Direct<"createTask" | "getTasks" | "getTask" | "getTasksByName" | "updateTask" | "deleteTask"> {
  const { agentId } = store;
  const create = store.command(CREATE), update = store.command(UPDATE), remove = store.command(DELETE);
  const find = store.query<TaskRow>(FIND);
  const place = (row: Omit<TaskRow, "body">): Place => [
    "task.body",
    row.id,
    agentId,
    row.room_id,
    row.world_id,
    row.entity_id,
    row.updated_at,
  ];
  const taskFrom = (row: TaskRow): Task => ({
    id: row.id,
    ...store.open<TaskBody>(row.body, place(row)),
    ...(row.room_id !== null && { roomId: row.room_id }),
    ...(row.world_id !== null && { worldId: row.world_id }),
    ...(row.entity_id !== null && { entityId: row.entity_id }),
    updatedAt: row.updated_at,
  });
  const columnsFor = (id: UUID, task: Task) => {
    const { name, description = "", metadata = {}, tags = [], roomId = null, worldId = null, entityId = null } = task;
    const updatedAt = task.updatedAt ?? store.clock.now();
    const row = { id, room_id: roomId, world_id: worldId, entity_id: entityId, updated_at: updatedAt };
    const body = store.seal({ name, description, metadata, tags }, place(row));
    return { id, agentId, roomId, worldId, entityId, body, updatedAt };
  };
  const getTask = (id: UUID) => {
    const row = find.get({ ...ANY, agentId, id });
    return row ? taskFrom(row) : null;
  };
  return {
    createTask(task) {
      const { id = crypto.randomUUID() } = task;
      referring(`task ${id}`, `agent ${agentId}`, () => create.run(columnsFor(id, task)));
      return id;
    },
    getTasks({ roomId = null, entityId = null, tags = [] }) {
      return find.all({ ...ANY, agentId, roomId, entityId }).map(taskFrom)
        .filter((task) => tags.every((tag) => task.tags.includes(tag)));
    },
    getTask,
    getTasksByName: (name) => find.all({ ...ANY, agentId }).map(taskFrom).filter((task) => task.name === name),
    updateTask(id, task) {
      store.atomically(() => {
        const { updatedAt: _replaced, ...old } = getTask(id) ?? {};
        if (!("name" in old)) return;
        const given = Object.entries(task).filter(([, value]) => value !== undefined && value !== null);
        update.run(columnsFor(id, { ...old, ...Object.fromEntries(given) }));
      });
    },
    deleteTask: (id) => void remove.run({ id, agentId }),
  };
}
