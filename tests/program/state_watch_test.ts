/** The watch over the state's place, without signs of life. @module */

import { assertEquals, assertFalse, assertInstanceOf, assertThrows } from "@std/assert";
import { FatalError } from "../../src/errors.ts";
import { openStateDatabase } from "../../src/program/state.ts";
import { watchState } from "../../src/program/state_watch.ts";
import { makeFolder } from "../support/folder.ts";

Deno.test("the first commit into a state that was removed is noticed behind it, and none succeeds after that", async () => {
  await using folder = makeFolder();
  using database = openStateDatabase(`${folder.path}/above/state`);
  using watch = watchState(database, { stop: new AbortController().signal });
  database.checkPlace();
  const { promise: stopped, resolve } = Promise.withResolvers<void>();
  watch.stop.addEventListener("abort", () => resolve(), { once: true });
  Deno.renameSync(`${folder.path}/above`, `${folder.path}/moved`);
  // In place of a directory above it, as a file system that is mounted over it would hide it.
  Deno.writeTextFileSync(`${folder.path}/above`, "");
  database.commit();
  await stopped;
  const error = watch.stop.reason;
  assertInstanceOf(error, FatalError);
  assertEquals(error.exitCode, 74);
  assertEquals(assertThrows(() => database.commit()), error);
  assertFalse(watch.look());
  assertThrows(() => database.checkPlace(), FatalError);
});

Deno.test("a program that is told to stop looks first, so that nothing more is committed to a state that is gone", async () => {
  await using folder = makeFolder();
  using database = openStateDatabase(`${folder.path}/state`);
  const stop = new AbortController();
  using _watch = watchState(database, { stop: stop.signal });
  Deno.removeSync(`${folder.path}/state/agent.db`);
  stop.abort();
  assertThrows(() => database.commit(), FatalError, "it is not there any more");
});
