/** The file transport: which events come out of a file that changes. @module */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { entryOf } from "../../../src/wire.ts";
import { event } from "../../support/events.ts";
import { BROKEN, events, HEALED, makeInput, MISSING } from "./fixture.ts";

Deno.test("events that are there at the start come first, in order; later ones as they are added", async () => {
  await using input = makeInput();
  input.write(events("a", "b"));
  await using watching = input.watch();
  assertEquals(await watching.yielded(2), ["a", "b"]);
  input.write(events("a", "b", "c"));
  assertEquals(await watching.yielded(3), ["a", "b", "c"]);
  input.replace(events("c", "d", "a"));
  assertEquals(await watching.yielded(4), ["a", "b", "c", "d"]);
  assertEquals(watching.warnings(), []);
});

Deno.test("a file that is not there is waited for, and said to be missing once", async () => {
  await using input = makeInput();
  await using watching = input.watch();
  await watching.logged(MISSING);
  await watching.tick();
  input.write(events("a"));
  assertEquals(await watching.yielded(1), ["a"]);
  assertEquals(watching.linesOf(MISSING).length, 1);
  assertEquals(watching.warnings(), []);
});

Deno.test("a directory that is not there is looked for at intervals, and watched once it is there", async () => {
  await using input = makeInput({ path: "in/events.json" });
  await using watching = input.watch();
  await watching.logged(MISSING);
  Deno.mkdirSync(`${input.folder}/in`);
  input.write(events("a"));
  await watching.tick();
  assertEquals(await watching.yielded(1), ["a"]);
  input.write(events("a", "b"));
  assertEquals(await watching.yielded(2), ["a", "b"]);
});

Deno.test("a directory that is removed and made anew is watched again", async () => {
  await using input = makeInput({ path: "in/events.json" });
  Deno.mkdirSync(`${input.folder}/in`);
  input.write(events("a"));
  await using watching = input.watch();
  await watching.yielded(1);
  Deno.removeSync(`${input.folder}/in`, { recursive: true });
  Deno.mkdirSync(`${input.folder}/in`);
  input.write(events("b"));
  await watching.tick();
  assertEquals(await watching.yielded(2), ["a", "b"]);
  input.write(events("b", "c"));
  assertEquals(await watching.yielded(3), ["a", "b", "c"]);
});

Deno.test("a file that is half-written when it is read is read again when it is whole, without a warning", async () => {
  await using input = makeInput();
  input.write(events("a"));
  await using watching = input.watch();
  await watching.yielded(1);
  const whole = events("a", "b", "c");
  {
    let since = watching.pauses.length;
    using file = Deno.openSync(input.path, { write: true, truncate: true });
    for (let at = 0; at < whole.length; at += 10) {
      file.writeSync(new TextEncoder().encode(whole.slice(at, at + 10)));
      since = await watching.looked({ since });
    }
  }
  assertEquals(await watching.yielded(3), ["a", "b", "c"]);
  assertEquals(watching.warnings(), []);
});

Deno.test("a file that stays broken gets one warning that says where, and what it held before stands", async () => {
  await using input = makeInput();
  input.write(events("a"));
  await using watching = input.watch();
  await watching.yielded(1);
  input.write(`[${JSON.stringify(event("a"))},\n {"id": "secret" "query": ""}]`);
  await watching.looked({ since: watching.pauses.length });
  while (watching.linesOf(BROKEN).length === 0) await watching.tick();
  for (let pause = 0; pause < 5; pause++) await watching.tick();
  assertEquals(watching.linesOf(BROKEN), [{ path: input.path, reason: "not valid JSON at line 2 column 18" }]);
  // In doubt it looks again soon, afterwards at the usual intervals.
  assertEquals(watching.pauses.at(-1), 5_000);
  assert(watching.pauses.includes(500));
  input.write(events("a", "b"));
  assertEquals(await watching.yielded(2), ["a", "b"]);
  await watching.logged(HEALED);
  assertEquals([watching.linesOf(BROKEN).length, watching.linesOf(HEALED).length], [1, 1]);
});

Deno.test("a file that can't be opened for a while is read once it can, though it has not changed", async () => {
  await using input = makeInput();
  input.write(events("a"));
  const { openSync } = Deno;
  using stack = new DisposableStack();
  stack.defer(() => Deno.openSync = openSync);
  Deno.openSync = () => {
    throw Object.assign(new Error("Too many open files (os error 24)"), { code: "EMFILE" });
  };
  await using watching = input.watch();
  while (watching.linesOf(BROKEN).length === 0) await watching.tick();
  await watching.tick();
  stack.dispose();
  await watching.tick();
  assertEquals(await watching.yielded(1), ["a"]);
  assertEquals(watching.linesOf(BROKEN), [{ path: input.path, reason: "too many files are open" }]);
});

const BROKEN_TEXTS: Record<string, string> = {
  "": "not valid JSON: it ends too early",
  "[": "not valid JSON: it ends too early",
  '[{"id":"secret"': "not valid JSON: it ends too early",
  "[1,]": "not valid JSON at line 1 column 4",
  '[\n  {"id":"a","query":"q","timestamp":1},\n]\n': "not valid JSON at line 3 column 1",
  '[\n  // secret\n  {"id":"a"}\n]\n': "not valid JSON at line 2 column 3",
  '[\n  {"id":"a"}\n  {"id":"b"}\n]\n': "not valid JSON at line 3 column 3",
  '[{"id":"a"}] secret': "not valid JSON at line 1 column 14",
  "secret": "not valid JSON at line 1 column 1, expected a JSON array of events",
  "\n\n  secret and more of it, so long that it is not quoted whole but only around the place":
    "not valid JSON at line 3 column 3, expected a JSON array of events",
  '{"id":"secret"}': "expected a JSON array of events",
  "null": "expected a JSON array of events",
};

for (const [text, reason] of Object.entries(BROKEN_TEXTS)) {
  Deno.test(`a file that holds ${JSON.stringify(text.slice(0, 20))} is said to be ${reason}, without quoting it`, async () => {
    await using input = makeInput();
    input.write(text);
    await using watching = input.watch();
    // More than one pause: a watch of Deno 2.7.11 also tells what was removed elsewhere, and then it is not quiet yet.
    while (watching.linesOf(BROKEN).length === 0) await watching.tick();
    const { fields } = await watching.logged(BROKEN);
    assertStringIncludes(String(fields.reason), reason);
    assertEquals(String(fields.reason).includes("secret"), false);
    input.write(events("a"));
    assertEquals(await watching.yielded(1), ["a"]);
  });
}

Deno.test("a file that is truncated and filled again yields only what is new", async () => {
  await using input = makeInput();
  input.write(events("a", "b"));
  await using watching = input.watch();
  await watching.yielded(2);
  const since = await watching.looked({ since: 0 });
  Deno.truncateSync(input.path, 0);
  input.write("[]");
  await watching.looked({ since });
  input.write(events("c"));
  assertEquals(await watching.yielded(3), ["a", "b", "c"]);
});

Deno.test("entries that are no events are refused once, with index and reason, and the others go on", async () => {
  await using input = makeInput({ maxBytes: 200 });
  const big = { ...event("big"), query: "x".repeat(200) };
  const bytes = JSON.stringify(big).length;
  const { query: _, ...withoutQuery } = event("no query");
  const entries = [event("a"), 7, { ...event("late"), timestamp: "now" }, withoutQuery, big, event("a"), event("b")];
  input.write(JSON.stringify(entries));
  await using watching = input.watch();
  assertEquals(await watching.yielded(2), ["a", "b"]);
  input.write(JSON.stringify([...entries, event("c")]));
  assertEquals(await watching.yielded(3), ["a", "b", "c"]);
  const { path } = input;
  assertEquals(watching.linesOf("event refused"), [
    { path, index: 1, reason: "expected object, received number" },
    { path, index: 2, reason: "timestamp: expected number, received string", event: "late" },
    { path, index: 3, reason: "query: missing", event: "no query" },
    { path, index: 4, reason: `${bytes} bytes, which is more than EVENT_MAX_BYTES=200`, event: "big" },
    { path, index: 5, reason: "an earlier event of the file has its id", event: "a" },
  ]);
  // For responses.json: what has a usable id, once each, but not a second entry for an event that is answered.
  assertEquals(watching.refusals, [
    "late: timestamp: expected number, received string",
    "no query: query: missing",
    `big: ${bytes} bytes, which is more than EVENT_MAX_BYTES=200`,
  ]);
});

Deno.test("an event that was refused is taken once it is mended", async () => {
  await using input = makeInput();
  input.write(JSON.stringify([{ ...event("a"), query: "" }]));
  await using watching = input.watch();
  await watching.logged("event refused");
  input.write(events("a"));
  assertEquals(await watching.yielded(1), ["a"]);
});

Deno.test("of 100,000 events each is yielded once, however often the file is read", async () => {
  await using input = makeInput();
  const ids = Array.from({ length: 100_000 }, (_, index) => `q${index}`);
  input.write(events(...ids));
  await using watching = input.watch();
  assertEquals(await watching.yielded(ids.length), ids);
  input.replace(events(...ids, "last"));
  assertEquals(await watching.yielded(ids.length + 1), [...ids, "last"]);
});

Deno.test("when told to stop it stops, also in the middle of a long file", async () => {
  await using input = makeInput();
  input.write(events(...Array.from({ length: 1000 }, (_, index) => `q${index}`)));
  const stop = new AbortController();
  await using watching = input.watch();
  const ids: string[] = [];
  let batches = 0;
  for await (const deliveries of watching.transport.events(stop.signal)) {
    ids.push(...deliveries.map(({ event }) => event.id));
    if (++batches === 2) stop.abort();
  }
  assertEquals([batches, ids.length < 1000], [2, true]);
});

Deno.test("a file behind swapped symbolic links, as Kubernetes mounts it, is noticed", async () => {
  await using input = makeInput();
  const { folder, path } = input;
  const mount = (version: string, text: string) => {
    Deno.mkdirSync(`${folder}/..${version}`);
    Deno.writeTextFileSync(`${folder}/..${version}/events.json`, text);
    Deno.symlinkSync(`..${version}`, `${folder}/..data_tmp`);
    Deno.renameSync(`${folder}/..data_tmp`, `${folder}/..data`);
  };
  mount("1", events("a"));
  Deno.symlinkSync("..data/events.json", path);
  await using watching = input.watch();
  assertEquals(await watching.yielded(1), ["a"]);
  mount("2", events("a", "b"));
  assertEquals(await watching.yielded(2), ["a", "b"]);
});

Deno.test("a link that comes leads to its events at once, before the directory behind it is watched", async () => {
  await using input = makeInput();
  await using elsewhere = makeInput();
  elsewhere.write(events("a"));
  await using watching = input.watch();
  await watching.logged(MISSING);
  Deno.symlinkSync(elsewhere.path, input.path);
  const ticked = watching.tick();
  await watching.yielded(1);
  // No notice comes of a link: it is waited for, and the warning that ends this wait has not come.
  assertEquals(watching.warnings(), []);
  await ticked;
});

Deno.test("it tells which events may come from the file again: any, before it was read", async () => {
  await using input = makeInput();
  await using watching = input.watch();
  const { stillHas } = watching.transport;
  await watching.logged(MISSING);
  assertEquals(["a", "b"].map((id) => stillHas!(id)), [true, true]);
  input.write(events("a"));
  await watching.yielded(1);
  await watching.tick();
  assertEquals(["a", "b"].map((id) => stillHas!(id)), [true, false]);
  input.replace(events("b"));
  await watching.yielded(2);
  await watching.tick();
  assertEquals(["a", "b"].map((id) => stillHas!(id)), [false, true]);
});

Deno.test("outcomes need no way back, and there is nothing to close", async () => {
  await using input = makeInput();
  await using watching = input.watch();
  const outcome = { queryId: "a", response: "", timestamp: 1, agentId: "agent" };
  assertEquals(await watching.transport.settle(entryOf(outcome)), true);
  await watching.transport.close();
  await watching.stop();
});
