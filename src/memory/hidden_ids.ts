/** Ids of users, rooms and messages in a state that is about to be sealed: replaced by names that need the key. @module */

import type { DatabaseSync } from "node:sqlite";
import type { Seal } from "../store/seal.ts";

/** Columns that hold ids which a list of users' and conversations' names would give away. */
const COLUMNS: readonly (readonly [table: string, column: string])[] = [
  ["room", "id"],
  ["entity", "id"],
  ["participant", "room_id"],
  ["participant", "entity_id"],
  ["component", "entity_id"],
  ["component", "room_id"],
  ["component", "source_entity_id"],
  ["relationship", "source_entity_id"],
  ["relationship", "target_entity_id"],
  ["memory", "id"],
  ["memory", "room_id"],
  ["memory", "entity_id"],
  ["exchange", "room_id"],
  ["exchange", "entity_id"],
  ["conversation_room", "room_id"],
  ["conversation_room", "conversation_id"],
  ["origin", "conversation"],
  ["origin", "user"],
  ["log", "room_id"],
  ["log", "entity_id"],
  ["task", "room_id"],
  ["task", "entity_id"],
];

/** Version 8: made by this program of names; an id of another version was drawn at random or is a plugin's. */
const MADE_OF_NAMES = /^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

/**
 * Replace every id that was made of names by `seal.hide` of it, in each table and where a message names the one that it
 * replies to. The database's texts must be in the clear.
 */
export function hideIds(sqlite: DatabaseSync, seal: Pick<Seal, "hide">): void {
  const hidden = (id: unknown) => typeof id === "string" && MADE_OF_NAMES.test(id) ? seal.hide(id) : undefined;
  sqlite.exec("PRAGMA defer_foreign_keys = ON");
  for (const [table, column] of COLUMNS) {
    const update = sqlite.prepare(`UPDATE ${table} SET ${column} = :hidden WHERE ${column} = :id`);
    for (const { id } of sqlite.prepare(`SELECT DISTINCT ${column} AS id FROM ${table}`).all()) {
      const name = hidden(id);
      if (name !== undefined) update.run({ id: id!, hidden: name });
    }
  }
  const setBody = sqlite.prepare("UPDATE memory SET body = :body WHERE seq = :seq");
  const replies = sqlite.prepare(
    "SELECT seq, body FROM memory WHERE json_extract(body, '$.content.inReplyTo') IS NOT NULL",
  );
  for (const { seq, body } of replies.all()) {
    const memory = JSON.parse(String(body)) as { content: { inReplyTo: string } };
    const inReplyTo = hidden(memory.content.inReplyTo);
    if (inReplyTo === undefined) continue;
    setBody.run({ seq: seq!, body: JSON.stringify({ ...memory, content: { ...memory.content, inReplyTo } }) });
  }
}
