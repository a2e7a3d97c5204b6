/** Held acks: when they leave, and what their senders are told. @module */

import { assertEquals } from "@std/assert";
import { holdAcks } from "../../../src/transports/websocket/held_acks.ts";

/** A line that keeps what is sent on it. */
function makeLine() {
  const sent: string[] = [];
  const state = { open: true, unsentBytes: 0 };
  const line = {
    send: (ack: string) => void sent.push(ack),
    isOpen: () => state.open,
    unsentBytes: () => state.unsentBytes,
  };
  return { sent, state, acks: holdAcks(line) };
}

Deno.test("acks leave together once the line has been quiet", async () => {
  const { sent, acks } = makeLine();
  const told = [acks.hold("a"), acks.hold("b")];
  assertEquals(sent, []);
  assertEquals(await Promise.all(told), [true, true]);
  assertEquals(sent, ["a", "b"]);
});

Deno.test("a hundred acks leave at once", () => {
  const { sent, acks } = makeLine();
  for (let n = 1; n <= 99; n++) acks.hold(`${n}`);
  assertEquals(sent.length, 0);
  acks.hold("100");
  assertEquals(sent.length, 100);
  acks.end({ delivered: false });
});

Deno.test("the acks of a burst leave at the end of its turn, those of a few wait", async () => {
  const burst = makeLine(), few = makeLine();
  for (let n = 0; n < 32; n++) burst.acks.hold(`${n}`);
  for (let n = 0; n < 31; n++) few.acks.hold(`${n}`);
  await Promise.resolve();
  assertEquals([burst.sent.length, few.sent.length], [32, 0]);
  for (const { acks } of [burst, few]) acks.end({ delivered: false });
});

Deno.test("flushing sends what is held", async () => {
  const { sent, acks } = makeLine();
  const told = acks.hold("a");
  acks.flush();
  assertEquals(sent, ["a"]);
  assertEquals(await told, true);
});

Deno.test("while the peer does not read, acks count as not sent; they do once it has read", async () => {
  const { state, acks } = makeLine();
  state.unsentBytes = 2 * 1024 * 1024;
  let isTold = false;
  const told = acks.hold("a").then((done) => {
    isTold = true;
    return done;
  });
  acks.flush();
  // The wait for the second ack spans several looks at the line.
  const other = makeLine();
  await other.acks.hold("marker");
  assertEquals(isTold, false);
  state.unsentBytes = 0;
  assertEquals(await told, true);
});

Deno.test("when the line has gone, whoever waits is told that nothing was delivered", async () => {
  const { sent, state, acks } = makeLine();
  const held = acks.hold("held");
  acks.end({ delivered: false });
  assertEquals(await held, false);
  state.open = false;
  const late = acks.hold("late");
  acks.flush();
  assertEquals(await late, false);
  assertEquals(sent, ["late"]); // a closed socket takes it without a word
  acks.end({ delivered: false });
});

Deno.test("at a proper end the acks that were sent count as delivered, whatever was left unread", async () => {
  const { state, acks } = makeLine();
  state.unsentBytes = 2 * 1024 * 1024;
  const told = acks.hold("a");
  acks.flush();
  acks.end({ delivered: true });
  assertEquals(await told, true);
});
