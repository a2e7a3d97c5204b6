/** Acknowledgements over one channel, against a broker that counts: each delivery once, whatever the order. @module */

import { assertEquals } from "@std/assert";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { createAcks } from "../../../src/transports/rabbitmq/acks.ts";

/** A channel as the protocol has it: an unknown tag is an error, `multiple` means all that are open up to the tag. */
function createChannel() {
  const open: number[] = [], acked: number[] = [], rejected: number[] = [], unknown: number[] = [];
  let frames = 0;
  const take = (tag: number, into: number[]) => {
    const at = open.indexOf(tag);
    if (at < 0) unknown.push(tag);
    else into.push(...open.splice(at, 1));
  };
  return {
    open,
    acked,
    rejected,
    unknown,
    frames: () => frames,
    basicAck(tag: number, multiple = false) {
      frames++;
      if (!open.includes(tag)) unknown.push(tag);
      for (const one of multiple ? open.filter((one) => one <= tag) : [tag]) take(one, acked);
      return Promise.resolve();
    },
    basicReject(tag: number) {
      take(tag, rejected);
      return Promise.resolve();
    },
  };
}

Deno.test("deliveries that are settled in one turn are acknowledged in one frame", async () => {
  const channel = createChannel(), acks = createAcks(channel);
  for (const tag of [1, 2, 3, 4]) {
    channel.open.push(tag);
    acks.delivered(tag);
  }
  await Promise.all([3, 1, 2].map(acks.ack));
  assertEquals([channel.acked, channel.open, channel.frames()], [[1, 2, 3], [4], 1]);
});

Deno.test("whatever is settled or refused when, each delivery is acknowledged or refused once, and no other", async () => {
  const step = fc.record({ do: fc.constantFrom("deliver", "deliver", "ack", "ack", "reject", "turn"), nth: fc.nat(9) });
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
    const channel = createChannel(), acks = createAcks(channel);
    const held: number[] = [], meant = { acked: [] as number[], rejected: [] as number[] };
    let last = 0;
    for (const { do: what, nth } of steps) {
      if (what === "deliver") {
        channel.open.push(++last);
        acks.delivered(last);
        held.push(last);
      } else if (what === "turn") await setImmediate();
      else if (held.length > 0) {
        const [tag] = held.splice(nth % held.length, 1);
        if (what === "ack") void acks.ack(tag!);
        else void acks.reject(tag!);
        meant[what === "ack" ? "acked" : "rejected"].push(tag!);
      }
    }
    await setImmediate();
    const sorted = (tags: readonly number[]) => tags.toSorted((a, b) => a - b);
    assertEquals(
      [channel.unknown, sorted(channel.acked), sorted(channel.rejected), sorted(channel.open)],
      [[], sorted(meant.acked), sorted(meant.rejected), sorted(held)],
    );
  }));
});
