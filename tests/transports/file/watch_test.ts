/** The file transport: when it looks at its file, with a watch that works, fails or says nothing. @module */

import { assertEquals } from "@std/assert";
import { events, makeInput, UNWATCHED } from "./fixture.ts";

/** Puts `watchFs` in the place of Deno's, until it is disposed of. */
function replaceWatch(watchFs: typeof Deno.watchFs): Disposable {
  const original = Deno.watchFs;
  Deno.watchFs = watchFs;
  return { [Symbol.dispose]: () => Deno.watchFs = original };
}

/** Counts how often a file is opened, until it is disposed of. */
function countOpens(): Disposable & { count(): number } {
  const { openSync } = Deno;
  let opens = 0;
  Deno.openSync = (...args) => {
    opens++;
    return openSync(...args);
  };
  return { count: () => opens, [Symbol.dispose]: () => Deno.openSync = openSync };
}

Deno.test("where watching fails the file is read at intervals, which is said once, and watched as soon as it works", async () => {
  await using input = makeInput();
  input.write(events("a"));
  const watchFs = Deno.watchFs;
  let attempts = 0;
  using _ = replaceWatch((...args) => {
    if (++attempts <= 3) throw new Error("No space left on device (os error 28)");
    return watchFs(...args);
  });
  await using watching = input.watch();
  await watching.yielded(1);
  input.write(events("a", "b"));
  await watching.tick();
  assertEquals(await watching.yielded(2), ["a", "b"]);
  assertEquals(watching.linesOf(UNWATCHED), [{ path: input.folder, error: "No space left on device (os error 28)" }]);
  for (let pause = 0; pause < 3; pause++) await watching.tick();
  input.write(events("a", "b", "c"));
  assertEquals(await watching.yielded(3), ["a", "b", "c"]);
  assertEquals(watching.warnings(), [UNWATCHED]);
});

Deno.test("where the watch says nothing the file is read at intervals, and not while it is unchanged", async () => {
  await using input = makeInput();
  input.write(events("a"));
  using _ = replaceWatch(() => {
    const closed = Promise.withResolvers<IteratorResult<Deno.FsEvent>>();
    const close = () => closed.resolve({ done: true, value: undefined });
    const watcher = {
      close,
      next: () => closed.promise,
      [Symbol.dispose]: close,
      [Symbol.asyncIterator]: () => watcher,
    };
    return watcher as Deno.FsWatcher;
  });
  using opens = countOpens();
  await using watching = input.watch();
  await watching.yielded(1);
  for (let pause = 0; pause < 3; pause++) await watching.tick();
  assertEquals(opens.count(), 1);
  input.write(events("a", "b"));
  await watching.tick();
  assertEquals(await watching.yielded(2), ["a", "b"]);
  assertEquals(opens.count(), 2);
});

Deno.test("changes of other files in the directory cost no read", async () => {
  await using input = makeInput();
  input.write(events("a"));
  await using watching = input.watch();
  await watching.yielded(1);
  await watching.tick();
  using opens = countOpens();
  const since = watching.pauses.length;
  Deno.writeTextFileSync(`${input.folder}/responses.json`, "[]");
  await watching.looked({ since });
  assertEquals(opens.count(), 0);
});
