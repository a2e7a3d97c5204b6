/** The agent's own id: one for each state, and kept. @module */

import { assertEquals, assertMatch, assertNotEquals, assertThrows } from "@std/assert";
import { FatalError } from "../../src/errors.ts";
import { openState } from "../../src/program/state.ts";
import { makeFolder } from "../support/folder.ts";

const KEY = new Uint8Array(32).fill(7);

function idOf(directory: string, key?: Uint8Array): string {
  using state = openState(directory, { key, now: () => 1_700_000_000_000 });
  return state.agentId;
}

Deno.test("a state keeps its agent's id, and two states have two", async () => {
  await using folder = makeFolder();
  const first = idOf(`${folder.path}/a`);
  assertMatch(first, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assertEquals(idOf(`${folder.path}/a`), first);
  assertNotEquals(idOf(`${folder.path}/b`), first);
});

Deno.test("a state that is sealed later keeps its agent's id, and nobody without the key puts another in its place", async () => {
  await using folder = makeFolder();
  const id = idOf(folder.path, KEY);
  assertEquals(idOf(folder.path, KEY), id);
  {
    const { DatabaseSync } = await import("node:sqlite");
    const sqlite = new DatabaseSync(`${folder.path}/agent.db`);
    sqlite.exec(`UPDATE identity SET id = '00000000-0000-4000-8000-000000000000'`);
    sqlite.close();
  }
  assertThrows(() => idOf(folder.path, KEY), FatalError);
});
