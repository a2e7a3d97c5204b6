/** The file transport: which events come out of the files of a directory. @module */

import { assertEquals } from "@std/assert";
import { systemClock } from "../../../src/clock.ts";
import { type LogFields, silentLog } from "../../../src/log.ts";
import { openFileTransport } from "../../../src/transports/file/file.ts";
import { event } from "../../support/events.ts";
import { makeFolder } from "../../support/folder.ts";
import { BROKEN, events, startWatching } from "./fixture.ts";

/** A directory of events, and the transport that watches it. */
function makeDirectory() {
  const folder = makeFolder();
  return {
    write: (name: string, text: string, options: Deno.WriteFileOptions = {}) =>
      Deno.writeTextFileSync(`${folder.path}/${name}`, text, options),
    watch: () => startWatching(folder.path, 1024 * 1024),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

Deno.test("of lines that are appended to a file of a directory each is yielded once", async () => {
  await using directory = makeDirectory();
  await using watching = directory.watch();
  const ids = ["a", "b", "c", "d"];
  for (const [index, id] of ids.entries()) {
    directory.write("x.ndjson", `${JSON.stringify(event(id))}\n`, { append: true });
    await watching.yielded(index + 1);
    await watching.tick();
  }
  assertEquals(watching.ids, ids);
});

Deno.test("a file of a directory that is written anew yields only what was not in it, and what was edited", async () => {
  await using directory = makeDirectory();
  directory.write("x.json", events("a", "b"));
  directory.write("y.json", JSON.stringify(event("c")));
  await using watching = directory.watch();
  await watching.yielded(3);
  directory.write("x.json", events("a", "b", "d"));
  await watching.yielded(4);
  directory.write("y.json", JSON.stringify([event("c"), event("e")]));
  await watching.yielded(5);
  directory.write("x.json", JSON.stringify([event("a"), event("b", "What is edited?"), event("d")]));
  assertEquals(await watching.yielded(6), ["a", "b", "c", "d", "e", "b"]);
});

Deno.test("a refused line of a file of a directory is told once, however often the file grows", async () => {
  await using directory = makeDirectory();
  directory.write("x.ndjson", `no event\n${JSON.stringify(event("a"))}\n`);
  await using watching = directory.watch();
  await watching.yielded(1);
  directory.write("x.ndjson", `${JSON.stringify(event("b"))}\n`, { append: true });
  await watching.yielded(2);
  assertEquals(watching.linesOf("event refused").map(({ line }) => line), [1]);
});

Deno.test("it tells which events may come again: those of its files, and any while one of them can't be read", async () => {
  await using directory = makeDirectory();
  directory.write("x.json", events("a"));
  directory.write("y.json", "[");
  await using watching = directory.watch();
  const { stillHas } = watching.transport, mayCome = () => ["a", "b"].map((id) => stillHas!(id));
  assertEquals(mayCome(), [true, true]);
  await watching.yielded(1);
  await watching.tick();
  assertEquals(mayCome(), [true, true]);
  directory.write("y.json", events("c"));
  await watching.yielded(2);
  await watching.tick();
  assertEquals(mayCome(), [true, false]);
});

Deno.test("links that go round, lead through a file or have too long a name are told of, and the others are read", async () => {
  await using folder = makeFolder();
  const path = (name: string) => `${folder.path}/${name}.json`, targets = ["a.json", "c.json/x", "x".repeat(300)];
  for (const [index, target] of targets.entries()) Deno.symlinkSync(target, path("abd"[index]!));
  Deno.writeTextFileSync(path("c"), events("c"));
  Deno.writeTextFileSync(path("e"), events("e"));
  await using watching = startWatching(folder.path, 1024);
  assertEquals(await watching.yielded(2), ["c", "e"]);
  while (watching.linesOf(BROKEN).length < targets.length) await watching.tick();
  assertEquals(watching.linesOf(BROKEN).map((fields) => fields.path), [path("a"), path("b"), path("d")]);
});

Deno.test("a stop is followed before the next file is read, also where nothing is new", async () => {
  await using folder = makeFolder();
  for (const name of ["x", "y"]) Deno.writeTextFileSync(`${folder.path}/${name}.json`, "[{}]");
  const stop = new AbortController(), refused: unknown[] = [];
  const warn = (_: string, fields: LogFields = {}) => {
    refused.push(fields.path);
    stop.abort();
  };
  const transport = openFileTransport({
    path: folder.path,
    rescanMs: 5_000,
    maxBytes: 1024,
    log: { ...silentLog, warn },
    clock: systemClock,
  });
  for await (const deliveries of transport.events(stop.signal)) assertEquals(deliveries, []);
  assertEquals(refused, [`${folder.path}/x.json`]);
});

Deno.test("files whose ids would take too much memory are read anew when they change, and nothing is lost", async () => {
  await using directory = makeDirectory();
  const many = Array.from({ length: 300_000 }, (_, n) => `q${n}`);
  directory.write("1.json", events("a"));
  directory.write("2.json", JSON.stringify(many.map((id) => event(id))));
  await using watching = directory.watch();
  await watching.yielded(1 + many.length);
  directory.write("1.json", events("a", "b"));
  const ids = await watching.yielded(3 + many.length);
  assertEquals(ids.slice(-2), ["a", "b"]);
  assertEquals(watching.transport.stillHas!("of the file that was dropped, perhaps"), true);
});
