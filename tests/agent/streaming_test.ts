/** Pieces of an answer on their way to a sender that asked for them. */

import { assertEquals } from "@std/assert";
import { chunkWriter } from "../../src/agent/streaming.ts";
import type { Delivery } from "../../src/transports/transport.ts";
import type { AgentEvent, Chunk } from "../../src/wire.ts";
import { manualClock } from "../support/manual_clock.ts";

const asked: AgentEvent = { id: "q1", query: "?", timestamp: 1, metadata: { stream: true } };

/** A writer, and the chunks that its peer got. */
function startWriting(event: AgentEvent = asked) {
  const sent: Omit<Chunk, "queryId" | "timestamp">[] = [];
  const peer: { isThere: boolean; delivery?: Delivery } = { isThere: true }, answer = { isWanted: true };
  const writer = chunkWriter(event, {
    transport: {
      chunk({ queryId, timestamp, ...chunk }) {
        assertEquals([queryId, timestamp], ["q1", 7]);
        if (peer.isThere) sent.push(chunk);
        return peer.isThere;
      },
    },
    delivery: () => peer.delivery,
    isWanted: () => answer.isWanted,
    clock: manualClock(7),
  });
  return { writer, sent, peer, answer };
}

Deno.test("pieces are counted from 0, and together are the answer", () => {
  const { writer, sent } = startWriting();
  for (const delta of ["It ", "is ", "so."]) writer!.write(delta);
  assertEquals(sent, [{ index: 0, delta: "It " }, { index: 1, delta: "is " }, { index: 2, delta: "so." }]);
});

Deno.test("an answer that begins anew says so with its first piece, and counts from 0", () => {
  const { writer, sent } = startWriting();
  writer!.restart();
  writer!.write("It ");
  writer!.restart();
  writer!.restart();
  writer!.write("No, it ");
  writer!.write("is.");
  assertEquals(sent, [
    { index: 0, delta: "It " },
    { index: 0, delta: "No, it ", restart: true },
    { index: 1, delta: "is." },
  ]);
});

Deno.test("an answer begins anew for whoever sends its event again while it grows", () => {
  const { writer, sent, peer } = startWriting();
  peer.delivery = { event: asked, handle: 1 };
  writer!.write("It ");
  peer.delivery = { event: asked, handle: 2 };
  writer!.write("is ");
  writer!.write("so.");
  assertEquals(sent, [
    { index: 0, delta: "It " },
    { index: 0, delta: "It is ", restart: true },
    { index: 1, delta: "so." },
  ]);
});

Deno.test("of an answer that is not wanted any more no further piece is sent", () => {
  const { writer, sent, answer } = startWriting();
  writer!.write("It ");
  answer.isWanted = false;
  writer!.write("is ");
  writer!.restart();
  writer!.write("No");
  writer!.end();
  assertEquals(sent, [{ index: 0, delta: "It " }]);
});

Deno.test("what a peer could not take comes with the next piece, and begins the answer anew", () => {
  const { writer, sent, peer } = startWriting();
  writer!.write("It ");
  peer.isThere = false;
  writer!.write("is ");
  writer!.write("so");
  peer.isThere = true;
  writer!.write(", yes");
  writer!.write(".");
  assertEquals(sent, [
    { index: 0, delta: "It " },
    { index: 0, delta: "It is so, yes", restart: true },
    { index: 1, delta: "." },
  ]);
});

Deno.test("a last piece that a peer could not take comes at the end, if it can take it then", () => {
  const { writer, sent, peer } = startWriting();
  writer!.write("It ");
  peer.isThere = false;
  writer!.write("is so.");
  writer!.end();
  assertEquals(sent, [{ index: 0, delta: "It " }], "nobody is there");
  peer.isThere = true;
  writer!.end();
  assertEquals(sent.slice(1), [{ index: 0, delta: "It is so.", restart: true }]);
  writer!.end();
  assertEquals(sent.length, 2, "nothing is owed any more");
});

Deno.test("pieces are well-formed, wherever the text was cut, and together are the answer's well-formed text", () => {
  for (
    const pieces of [
      ["Tomato \ud83c", "\udf45 ok"],
      ["\ud83c", "\udf45", "\ud83c", "\udf45."],
      ["Lone \ud83c end"],
      ["Lone \ud83c", " end"],
      ["Lone \ud83c", "\ud83c", "\udf45"],
      ["\udf45", " lone"],
      ["Half at the end \ud83c"],
      ["Half at the end ", "\ud83c"],
    ]
  ) {
    const { writer, sent } = startWriting();
    for (const piece of pieces) writer!.write(piece);
    writer!.end();
    const deltas = sent.map(({ delta }) => delta);
    assertEquals(deltas.filter((delta) => delta === "" || !delta.isWellFormed()), []);
    assertEquals(deltas.join(""), pieces.join("").toWellFormed());
    assertEquals(sent.map(({ index }) => index), [...sent.keys()]);
  }
});

Deno.test("half a pair that waits for the other is void where the answer begins anew", () => {
  const { writer, sent } = startWriting();
  writer!.write("It \ud83c");
  writer!.restart();
  writer!.write("\udf45 is");
  assertEquals(sent, [{ index: 0, delta: "It " }, { index: 0, delta: "\ufffd is", restart: true }]);
});

Deno.test("nobody gets pieces who did not ask, nor over a transport that carries none", () => {
  for (const metadata of [undefined, {}, { stream: "true" }, { stream: 1 }, { stream: false }]) {
    const event: AgentEvent = { id: "q1", query: "?", timestamp: 1, ...(metadata && { metadata }) };
    assertEquals(startWriting(event).writer, undefined);
  }
  const parts = { transport: {}, delivery: () => undefined, isWanted: () => true, clock: manualClock(7) };
  assertEquals(chunkWriter(asked, parts), undefined);
});
