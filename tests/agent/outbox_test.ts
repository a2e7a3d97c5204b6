/** The outbox, on a real journal, with a transport that answers when the test lets it. @module */

import { assert, assertEquals, assertGreater } from "@std/assert";
import fc from "fast-check";
import { openJournal } from "../../src/journal/journal.ts";
import { silentLog } from "../../src/log.ts";
import { createDeliveries } from "../../src/agent/deliveries.ts";
import { createOutbox } from "../../src/agent/outbox.ts";
import { noSeal } from "../../src/store/seal.ts";
import type { Delivery } from "../../src/transports/transport.ts";
import { entryOf } from "../../src/wire.ts";
import { answer } from "../support/events.ts";
import { makeFolder } from "../support/folder.ts";
import { openStateDatabase } from "../../src/program/state.ts";

const MAX_UNDER_WAY = 1024;

function deliveryOf(id: string): Delivery {
  return { event: { id, query: "?", timestamp: 1 }, handle: `handle of ${id}` };
}

/** What the outbox handed to the transport, and what becomes of it. */
interface Offer {
  readonly id: string;
  readonly delivery: Delivery | undefined;
  /** Lets `settle` resolve: delivered or not. */
  readonly end: (delivered: boolean) => void;
  readonly fail: (error: Error) => void;
}

/** A journal with answers to `ids`, and an outbox before a transport that holds every offer. */
function openOutbox(ids: readonly string[]) {
  const folder = makeFolder();
  const database = openStateDatabase(folder.path);
  const journal = openJournal(database, { seal: noSeal, now: () => 0 });
  for (const id of ids) journal.record(answer(id));
  const deliveries = createDeliveries();
  const errors: unknown[] = [];

  function start() {
    const offers: Offer[] = [];
    const outbox = createOutbox({
      journal,
      deliveries,
      log: silentLog,
      onError: (error) => errors.push(error),
      transport: {
        settle({ outcome: { queryId } }, delivery) {
          const { promise, resolve, reject } = Promise.withResolvers<boolean>();
          offers.push({ id: queryId, delivery, end: resolve, fail: reject });
          return promise;
        },
      },
    });
    return { outbox, offers, offered: () => offers.map(({ id }) => id) };
  }

  return {
    journal,
    deliveries,
    errors,
    /** A new outbox on the same journal: what a restart makes. */
    start,
    ...start(),
    async [Symbol.asyncDispose]() {
      database[Symbol.dispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Until the outbox has seen what became of its offers: they pass through promises only. */
async function seen(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

Deno.test("outcomes are offered in order, as soon as they are released and not before", async () => {
  await using box = openOutbox(["a", "b", "c"]);
  assertEquals(box.offered(), []);
  box.outbox.release(2);
  assertEquals(box.offered(), ["a", "b"]);
  box.outbox.release(3);
  assertEquals(box.offered(), ["a", "b", "c"]);
});

Deno.test("what was delivered is not offered again, not even after a restart", async () => {
  await using box = openOutbox(["a", "b", "c"]);
  box.outbox.release(3);
  box.offers[1]!.end(true);
  await seen();
  const restarted = box.start();
  restarted.outbox.release(3);
  assertEquals(restarted.offered(), ["a", "c"]);
});

Deno.test("a peer out of reach is offered nothing until it is back, then all it did not get, in order", async () => {
  await using box = openOutbox(["a", "b", "c", "d"]);
  box.outbox.release(3);
  box.offers[0]!.end(true);
  box.offers[1]!.end(false);
  box.offers[2]!.end(false);
  await box.outbox.drained();
  box.outbox.release(4);
  assertEquals(box.offered(), ["a", "b", "c"]);
  box.outbox.retry();
  assertEquals(box.offered(), ["a", "b", "c", "b", "c", "d"]);
});

Deno.test("what is under way when the peer comes back is not offered a second time", async () => {
  await using box = openOutbox(["a", "b"]);
  box.outbox.release(2);
  box.offers[0]!.end(false);
  await seen();
  box.outbox.retry();
  assertEquals(box.offered(), ["a", "b", "a"]);
  box.offers[1]!.end(true);
  box.offers[2]!.end(true);
  await box.outbox.drained();
  assertEquals(box.offered(), ["a", "b", "a"]);
});

Deno.test("an outcome that is asked for again while it is under way goes out again once it is delivered, and once only", async () => {
  await using box = openOutbox(["a", "b"]);
  box.outbox.release(2);
  // The frame may have left before the event came again.
  for (let n = 0; n < 2; n++) box.outbox.redelivered("a", deliveryOf("a"));
  assertEquals(box.offered(), ["a", "b"]);
  box.offers[1]!.end(true);
  box.offers[0]!.end(true);
  await seen();
  assertEquals(box.offered(), ["a", "b", "a"]);
  assertEquals(box.offers[2]!.delivery, deliveryOf("a"));
  box.offers[2]!.end(true);
  await box.outbox.drained();
  assertEquals(box.offered(), ["a", "b", "a"]);
});

Deno.test("an outcome that is asked for again while it is under way, and does not arrive, goes out once when the peer is back", async () => {
  await using box = openOutbox(["a"]);
  box.outbox.release(1);
  box.outbox.redelivered("a", deliveryOf("a"));
  box.offers[0]!.end(false);
  await seen();
  box.outbox.retry();
  box.offers[1]!.end(true);
  await box.outbox.drained();
  assertEquals(box.offered(), ["a", "a"]);
});

Deno.test("a refusal that comes in after the peer is back does not count against it", async () => {
  await using box = openOutbox(["a", "b", "c"]);
  box.outbox.release(2);
  box.offers[0]!.end(false);
  box.offers[1]!.end(true);
  // In one go, as a transport may: the outbox has not yet seen what became of the two.
  box.outbox.retry();
  await seen();
  assertEquals(box.offered(), ["a", "b", "a"]);
  box.outbox.release(3);
  assertEquals(box.offered(), ["a", "b", "a", "c"]);
});

Deno.test("a slow transport has a bounded number of outcomes, and gets each of the others when there is room", async () => {
  const ids = Array.from({ length: 3 * MAX_UNDER_WAY + 7 }, (_, index) => `q${index}`);
  await using box = openOutbox(ids);
  box.outbox.release(ids.length);
  assertEquals(box.offers.length, MAX_UNDER_WAY);
  for (let ended = 0; ended < box.offers.length; ended++) {
    box.offers[ended]!.end(true);
    await seen();
    assertEquals(box.offers.length, Math.min(ids.length, MAX_UNDER_WAY + ended + 1));
  }
  assertEquals(box.offered(), ids);
});

Deno.test("the source gets its own handle back, once", async () => {
  await using box = openOutbox(["a", "b"]);
  box.deliveries.add(deliveryOf("a"));
  box.outbox.release(2);
  assertEquals(box.offers.map(({ delivery }) => delivery), [deliveryOf("a"), undefined]);
  box.offers[0]!.end(false);
  await seen();
  assert(box.deliveries.has("a"));
  box.outbox.retry();
  assertEquals(box.offers[2]!.delivery, deliveryOf("a"));
  box.offers[2]!.end(true);
  await seen();
  assert(!box.deliveries.has("a"));
});

Deno.test("a sender that asks again is told again, with the handle of its new question", async () => {
  await using box = openOutbox(["a"]);
  box.outbox.release(1);
  box.offers[0]!.end(true);
  await seen();
  box.outbox.again(answer("a"), deliveryOf("a"));
  assertEquals([box.offers[1]!.id, box.offers[1]!.delivery], ["a", deliveryOf("a")]);
});

Deno.test("whoever asks again for more than the transport can take gets all of it, errors that are not kept included", async () => {
  const ids = Array.from({ length: MAX_UNDER_WAY + 2 }, (_, n) => `e${n}`);
  await using box = openOutbox(ids);
  for (const seq of ids.keys()) box.journal.settled(seq + 1);
  for (const id of ids) box.outbox.again(answer(id), deliveryOf(id));
  box.outbox.again({ queryId: "gone", error: "no longer kept", timestamp: 1, agentId: "a" }, deliveryOf("gone"));
  assertEquals(box.offers.length, MAX_UNDER_WAY);
  for (let n = 0; n < box.offers.length; n++) {
    box.offers[n]!.end(true);
    await seen();
  }
  assertEquals(box.offered(), [...ids, "gone"]);
  await box.outbox.drained();
});

Deno.test("what waits for a sender that goes is not sent to it when it is back", async () => {
  const ids = Array.from({ length: MAX_UNDER_WAY + 1 }, (_, n) => `e${n}`);
  await using box = openOutbox(ids);
  for (const seq of ids.keys()) box.journal.settled(seq + 1);
  for (const id of ids) box.outbox.again(answer(id), deliveryOf(id));
  for (const { end } of box.offers) end(false);
  await box.outbox.drained();
  box.outbox.retry();
  assertEquals(box.offers.length, MAX_UNDER_WAY);
});

Deno.test("telling a sender again that is out of reach holds nothing up and is not tried again", async () => {
  await using box = openOutbox(["a", "b"]);
  box.outbox.release(1);
  box.offers[0]!.end(true);
  await seen();
  box.outbox.again(answer("a"), deliveryOf("a"));
  box.offers[1]!.end(false);
  await seen();
  box.outbox.release(2);
  box.outbox.retry();
  assertEquals(box.offered(), ["a", "a", "b"]);
});

Deno.test("drained waits for all that is with the transport, also for what was let in meanwhile", async () => {
  await using box = openOutbox(["a", "b"]);
  box.outbox.release(1);
  let drained = false;
  const wait = box.outbox.drained().then(() => drained = true);
  box.outbox.release(2);
  box.offers[0]!.end(true);
  await seen();
  assertEquals(drained, false);
  box.offers[1]!.end(false);
  await wait;
});

Deno.test("a transport that throws is reported, and the other outcomes go on", async () => {
  await using box = openOutbox(["a", "b"]);
  box.outbox.release(2);
  const error = new Error("a bug");
  box.offers[0]!.fail(error);
  box.offers[1]!.end(true);
  await box.outbox.drained();
  assertEquals(box.errors, [error]);
  const restarted = box.start();
  restarted.outbox.release(2);
  assertEquals(restarted.offered(), ["a"]);
});

Deno.test("a journal that fails is reported, and nothing waits for ever", async () => {
  const errors: unknown[] = [];
  const error = new Error("database or disk is full");
  let fails = false;
  const journal = {
    unsettled() {
      if (fails) throw error;
      return [{ seq: 1, ...entryOf(answer("a")) }];
    },
    settled() {
      fails = true;
      throw error;
    },
    recorded: () => undefined,
  };
  const transport = { settle: () => Promise.resolve(true) };
  const outbox = createOutbox({
    journal,
    transport,
    deliveries: createDeliveries(),
    log: silentLog,
    onError: (error) => errors.push(error),
  });
  outbox.release(1);
  outbox.again(answer("a"), deliveryOf("a"));
  await outbox.drained();
  assertGreater(errors.length, 0);
  assert(errors.every((each) => each === error));
});

type Step = { readonly do: "release" | "retry" } | { readonly do: "end"; readonly nth: number; readonly as: boolean };

const aStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom("release", "retry") }),
  { weight: 3, arbitrary: fc.record({ do: fc.constant("end"), nth: fc.nat(), as: fc.boolean() }) },
);

Deno.test("whatever the peer does, each outcome is delivered exactly once and never twice at a time", async () => {
  const ids = ["a", "b", "c", "d", "e", "f"];
  await fc.assert(fc.asyncProperty(fc.array(aStep, { maxLength: 40 }), async (steps) => {
    await using box = openOutbox(ids);
    const ended = new Set<Offer>();
    const delivered: string[] = [];
    let released = 0;
    const underWay = () => box.offers.filter((offer) => !ended.has(offer));
    const end = async (offer: Offer, as: boolean) => {
      ended.add(offer);
      if (as) delivered.push(offer.id);
      offer.end(as);
      await seen();
    };
    for (const step of steps) {
      if (step.do === "end") {
        const offer = underWay()[step.nth % Math.max(1, underWay().length)];
        if (offer) await end(offer, step.as);
      } else if (step.do === "release") {
        box.outbox.release(released = Math.min(released + 1, ids.length));
      } else {
        box.outbox.retry();
      }
      const now = underWay().map(({ id }) => id);
      assertEquals(now, [...new Set(now)]);
      assertEquals(box.offered().filter((id) => !ids.slice(0, released).includes(id)), []);
    }
    // The peer is back, and takes everything.
    box.outbox.release(ids.length);
    box.outbox.retry();
    while (underWay().length > 0) await end(underWay()[0]!, true);
    assertEquals(delivered.toSorted(), ids);
    assertEquals(box.errors, []);
  }));
});
