/** The outbox of a source that redelivers, on a real journal, with a transport that answers when the test lets it. @module */

import { assertEquals } from "@std/assert";
import { createBrokerOutbox } from "../../src/agent/broker_outbox.ts";
import { createDeliveries } from "../../src/agent/deliveries.ts";
import { openJournal } from "../../src/journal/journal.ts";
import { silentLog } from "../../src/log.ts";
import { openStateDatabase } from "../../src/program/state.ts";
import { noSeal } from "../../src/store/seal.ts";
import type { Delivery } from "../../src/transports/transport.ts";
import { answer, event } from "../support/events.ts";
import { makeFolder } from "../support/folder.ts";

/** A journal, and an outbox before a transport that holds every offer. */
function openBox() {
  const folder = makeFolder();
  const database = openStateDatabase(folder.path);
  const journal = openJournal(database, { seal: noSeal, now: () => 0 });
  const deliveries = createDeliveries();
  const offers: { handle: unknown; text: string; end: (isSettled: boolean | undefined) => void }[] = [];
  const outbox = createBrokerOutbox({
    journal,
    deliveries,
    log: silentLog,
    onError(error) {
      throw error;
    },
    transport: {
      settle({ text }, delivery) {
        const { promise, resolve } = Promise.withResolvers<boolean | undefined>();
        offers.push({ handle: delivery?.handle, text, end: resolve });
        return promise;
      },
    },
  });
  return {
    journal,
    outbox,
    deliveries,
    offers,
    /** Record an outcome and release it. */
    answer(id: string) {
      const recorded = journal.record(answer(id));
      outbox.release(recorded.seq, [recorded]);
    },
    isSettled(id: string) {
      const accepted = journal.accept(event(id));
      return accepted.state === "answered" && accepted.settled;
    },
    async [Symbol.asyncDispose]() {
      database[Symbol.dispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

function delivery(id: string, handle: string): Delivery {
  return { event: event(id), handle };
}

/** Until the outbox has seen what became of its offers: they pass through promises only. */
async function seen(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

Deno.test("an outcome goes out with its delivery; without one it waits until the event is delivered again", async () => {
  await using box = openBox();
  box.answer("lost");
  box.deliveries.add(delivery("here", "h1"));
  box.answer("here");
  assertEquals(box.offers.map(({ handle }) => handle), ["h1"]);
  box.deliveries.add(delivery("lost", "h2"));
  box.outbox.redelivered("lost", delivery("lost", "h2"));
  assertEquals(box.offers.map(({ handle }) => handle), ["h1", "h2"]);
  for (const { end } of box.offers) end(true);
  await box.outbox.drained();
  assertEquals([box.isSettled("here"), box.isSettled("lost")], [true, true]);
});

Deno.test("a refused outcome holds up no other, and is offered again when the broker can be reached", async () => {
  await using box = openBox();
  box.deliveries.add(delivery("a", "h1"));
  box.answer("a");
  box.offers[0]!.end(false);
  await seen();
  box.deliveries.add(delivery("b", "h2"));
  box.answer("b");
  assertEquals(box.offers.map(({ handle }) => handle), ["h1", "h2"]);
  box.outbox.retry();
  assertEquals(box.offers.map(({ handle }) => handle), ["h1", "h2", "h1"]);
});

Deno.test("every delivery of an event is settled, with the same text", async () => {
  await using box = openBox();
  box.deliveries.add(delivery("a", "h1"));
  box.deliveries.add(delivery("a", "h2"));
  box.answer("a");
  assertEquals(box.offers.map(({ handle }) => handle), ["h1", "h2"]);
  assertEquals(new Set(box.offers.map(({ text }) => text)).size, 1);
  box.offers[0]!.end(true);
  await seen();
  assertEquals([box.isSettled("a"), box.deliveries.of("a").map(({ handle }) => handle)], [true, ["h2"]]);
  box.offers[1]!.end(true);
  await seen();
  assertEquals(box.deliveries.has("a"), false);
});

Deno.test("a delivery that is void is forgotten, and its outcome waits until the event is delivered again", async () => {
  await using box = openBox();
  box.deliveries.add(delivery("a", "lost"));
  box.answer("a");
  box.offers[0]!.end(undefined);
  await seen();
  assertEquals([box.isSettled("a"), box.deliveries.has("a")], [false, false]);
  box.outbox.retry();
  assertEquals(box.offers.length, 1);
  box.deliveries.add(delivery("a", "again"));
  box.outbox.redelivered("a", delivery("a", "again"));
  box.offers[1]!.end(true);
  await seen();
  assertEquals([box.isSettled("a"), box.deliveries.has("a")], [true, false]);
});

Deno.test("an event that came again over another connection leaves none of its deliveries behind", async () => {
  await using box = openBox();
  box.deliveries.add(delivery("a", "lost"));
  box.deliveries.add(delivery("a", "again"));
  box.answer("a");
  box.offers[0]!.end(undefined);
  box.offers[1]!.end(true);
  await seen();
  assertEquals([box.isSettled("a"), box.deliveries.has("a")], [true, false]);
});

Deno.test("an event that is delivered again before its outcome is on disk gets the outcome once it is", async () => {
  await using box = openBox();
  const recorded = box.journal.record(answer("a"));
  box.deliveries.add(delivery("a", "h1"));
  box.outbox.redelivered("a", delivery("a", "h1"));
  assertEquals(box.offers.length, 0);
  box.outbox.release(recorded.seq, [recorded]);
  assertEquals(box.offers.map(({ handle }) => handle), ["h1"]);
});

Deno.test("what nobody delivers again is given up after its retention", async () => {
  const folder = makeFolder();
  await using _folder = folder;
  using database = openStateDatabase(folder.path);
  let now = 0;
  const journal = openJournal(database, { seal: noSeal, now: () => now });
  journal.accept(event("unanswered"));
  journal.accept(event("answered"));
  journal.record(answer("answered"));
  database.commit();
  now = 1_000;
  journal.giveUpWaiting({ madeBefore: 0 });
  assertEquals([journal.pendingCount(), journal.unsettled({ seq: 0, upTo: 9, limit: 9 }).length], [1, 1]);
  journal.giveUpWaiting({ madeBefore: 1 });
  assertEquals([journal.pendingCount(), journal.unsettled({ seq: 0, upTo: 9, limit: 9 }).length], [0, 0]);
});
