/** Which exchanges of conversations are held in memory, and which are let go. @module */

import { assertEquals } from "@std/assert";
import { createRecentExchanges } from "../../src/mind/recent.ts";

function exchange(id: string, text = "") {
  return { event: id, question: `${id}?`, reply: { text: `${id}!${text}`, sources: [] } };
}

function idsOf(recent: ReturnType<typeof createRecentExchanges>, roomId: string) {
  return recent.of(roomId)?.map(({ event }) => event);
}

Deno.test("a room that was read back is held, and grows by what is said in it, up to its last exchanges", () => {
  const recent = createRecentExchanges({ each: 2 });
  recent.hold("room", [exchange("a"), exchange("b"), exchange("c")]);
  assertEquals(idsOf(recent, "room"), ["b", "c"]);
  recent.add("room", exchange("d"));
  assertEquals(idsOf(recent, "room"), ["c", "d"]);
});

Deno.test("where one exchange of a room is held, each further one takes its place", () => {
  const recent = createRecentExchanges({ each: 1 });
  recent.hold("room", []);
  for (const id of ["a", "b", "c"]) recent.add("room", exchange(id));
  assertEquals(idsOf(recent, "room"), ["c"]);
});

Deno.test("what is said in a room that is not held makes nobody believe that it is all that was said there", () => {
  const recent = createRecentExchanges({ each: 2 });
  recent.add("room", exchange("a"));
  assertEquals(recent.of("room"), undefined);
});

Deno.test("a room without exchanges is held too, until all are let go of", () => {
  const recent = createRecentExchanges({ each: 2 });
  recent.hold("room", []);
  assertEquals(idsOf(recent, "room"), []);
  recent.clear();
  assertEquals(recent.of("room"), undefined);
});

Deno.test("beyond the bound the room that was not used for longest goes, and a long answer counts as much as many", () => {
  const recent = createRecentExchanges({ each: 2, maxHeld: 2_200 });
  for (const room of ["first", "second", "third"]) recent.hold(room, [exchange(room)]);
  recent.of("first");
  recent.add("third", exchange("long", "x".repeat(1_000)));
  assertEquals(["first", "second", "third"].map((room) => recent.of(room) !== undefined), [true, false, true]);
});
