/** Forgetting beside a journal that holds more events than fit into memory. @module */

import { assertEquals } from "@std/assert";
import { whoseOf } from "../../src/forget_request.ts";
import type { Mind } from "../../src/mind/mind.ts";
import type { TransportHooks } from "../../src/transports/transport.ts";
import { event } from "../support/events.ts";
import { makeFolder } from "../support/folder.ts";
import { givenEvents, heldMind, startLoop } from "../support/loop.ts";

/** More than the loop holds in memory: whatever comes behind it waits in the journal. */
const HUGE = "x".repeat(33 * 1024 * 1024);
const alice = { userId: "alice" }, bob = { userId: "bob" }, carol = { userId: "carol" };

/** A source that yields what it is given, and can ask to forget. */
function forgetfulSource(...events: Parameters<typeof givenEvents>) {
  const source = givenEvents(...events);
  let hooks: TransportHooks | undefined;
  return {
    ...source,
    open: (given: TransportHooks) => {
      hooks = given;
      return source.open();
    },
    forget: (user: string) => hooks!.forget(whoseOf({ userId: user })),
  };
}

Deno.test("an event that fills all of the room leaves none behind it unanswered", async () => {
  await using folder = makeFolder();
  const mind = heldMind();
  const source = givenEvents(event("huge", HUGE, bob), event("next", undefined, alice));
  await using loop = startLoop(folder.path, { mind, openTransport: source.open, concurrency: 1 });
  await mind.questions(1);
  mind.reply("huge");
  await mind.questions(2);
  mind.reply("next");
  await source.settles(2);
  await loop.stop();
  assertEquals(mind.asked, ["huge", "next"]);
});

Deno.test("what waits behind events that are forgotten is answered", async () => {
  await using folder = makeFolder();
  const mind = heldMind();
  const source = forgetfulSource(event("huge", HUGE, alice), event("next", undefined, bob));
  await using loop = startLoop(folder.path, { mind, openTransport: source.open, concurrency: 1 });
  await mind.questions(1);
  const { deleted } = await source.forget("alice");
  assertEquals(deleted.events, 1);
  mind.reply("huge");
  await mind.questions(2);
  mind.reply("next");
  await source.settles(2);
  await loop.stop();
  assertEquals(loop.entries().map(({ queryId, response }) => [queryId, response]), [
    ["huge", undefined],
    ["next", "answer to next"],
  ]);
});

Deno.test("an event that is loaded from the journal while it is being forgotten gets one outcome", async () => {
  await using folder = makeFolder();
  const mind = heldMind(), mayPublish = Promise.withResolvers<void>();
  const source = forgetfulSource(
    event("first", undefined, carol),
    event("huge", HUGE, bob),
    event("meant", undefined, alice),
    event("last", undefined, carol),
  );
  const parts = { mind, openTransport: source.open, concurrency: 1, mayPublish: mayPublish.promise };
  await using loop = startLoop(folder.path, parts);
  await mind.questions(1);
  mind.reply("first");
  await mind.questions(2);
  // It waits for the responses file, and meanwhile the next events are loaded.
  const forgotten = source.forget("alice");
  mind.reply("huge");
  await mind.questions(3);
  mayPublish.resolve();
  assertEquals((await forgotten).deleted.events, 1);
  mind.reply("last");
  await source.settles(4);
  await loop.stop();
  assertEquals(mind.asked, ["first", "huge", "last"]);
  assertEquals(loop.entries().filter(({ error }) => error !== undefined).map(({ queryId }) => queryId), ["meant"]);
});

Deno.test("an event that is forgotten while it is being answered holds up none of its conversation", async () => {
  await using folder = makeFolder();
  const held = heldMind(), cut: string[] = [];
  const mind: Mind = {
    ...held,
    answer(event, signal, { unwanted } = {}) {
      unwanted?.().addEventListener("abort", () => {
        cut.push(event.id);
        held.fail(event.id, "cut off");
      });
      return held.answer(event, signal);
    },
  };
  const shared = { conversationId: "shared" };
  const source = forgetfulSource(
    event("first", undefined, { ...alice, ...shared }),
    event("next", undefined, { ...bob, ...shared }),
  );
  await using loop = startLoop(folder.path, { mind, openTransport: source.open });
  await held.questions(1);
  assertEquals((await source.forget("alice")).deleted.events, 1);
  await held.questions(2);
  held.reply("next");
  await source.settles(2);
  await loop.stop();
  assertEquals([held.asked, cut], [["first", "next"], ["first"]]);
});
