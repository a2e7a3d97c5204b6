/** What the conversations of a state directory remember, read from a copy as a crash left it. @module */

import { assert, assertEquals } from "@std/assert";
import { openStateDatabase } from "../../src/program/state.ts";
import { makeFolder } from "./folder.ts";

/** An event that was answered, and its answer. */
export interface Remembered {
  readonly event: string;
  readonly text: string;
}

/** What each conversation remembers, oldest first. Nobody may have the state open. */
export async function rememberedIn(state: string): Promise<Remembered[][]> {
  await using folder = makeFolder();
  // The write-ahead log with it: opening a state writes what stands there into the database.
  for (const { name, isFile } of Deno.readDirSync(state)) {
    if (isFile) Deno.copyFileSync(`${state}/${name}`, `${folder.path}/${name}`);
  }
  using database = openStateDatabase(folder.path);
  const rows = database.sqlite.prepare("SELECT room_id AS room, body FROM exchange ORDER BY seq").all();
  const exchanges = rows.map(({ room, body }) => {
    const { event, answer } = JSON.parse(String(body)) as { event: string; answer: { text: string } };
    return { room, event, text: answer.text };
  });
  return [...Map.groupBy(exchanges, ({ room }) => room).values()]
    .map((conversation) => conversation.map(({ event, text }) => ({ event, text })));
}

/**
 * Assert that each conversation remembers a beginning of what was answered in it.
 *
 * @param answered What was answered in all conversations in the end, in the order of the answers.
 * @param conversationOf Names the conversation of an event.
 */
export function assertPrefixes(
  remembered: readonly (readonly Remembered[])[],
  answered: readonly Remembered[],
  conversationOf: (event: string) => string | undefined,
): void {
  for (const conversation of remembered) {
    const name = conversationOf(conversation[0]!.event);
    assert(name !== undefined, `${conversation[0]!.event} stands alone, and is remembered`);
    const all = answered.filter(({ event }) => conversationOf(event) === name);
    assertEquals(conversation, all.slice(0, conversation.length));
  }
}
