/** What the transports of all brokers do while a server does not answer. @module */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { FatalError } from "../../src/errors.ts";
import { openQueue, type Queue } from "../../src/transports/queue.ts";
import { REDIS } from "../../src/transports/redis/connection.ts";
import { entryOf } from "../../src/wire.ts";
import { answer, event } from "../support/events.ts";
import { keptLog } from "../support/kept_log.ts";
import { allSettled, manualClock } from "../support/manual_clock.ts";

/** A transport whose server takes connections and says nothing, until `answer` is called. */
function silentQueue() {
  const clock = manualClock(), answered = Promise.withResolvers<void>();
  let closed = 0;
  const queue: Queue<string> = {
    ...REDIS,
    peer: "redis://127.0.0.1",
    async open() {
      await answered.promise;
      return {
        async *deliveries() {
          yield [{ event: event("q1"), handle: "of this connection" }];
        },
        settle: (handle) => Promise.resolve(handle === "of this connection"),
        chunk: () => false,
        handBack: () => Promise.resolve(),
        close: () => void closed++,
      };
    },
    async look() {
      await answered.promise;
      return "all is well";
    },
  };
  const { log } = keptLog({ now: clock.now });
  const transport = openQueue(queue, {
    agentId: "agent",
    prefetch: 1,
    maxBytes: 1_000,
    reconnectMs: 1,
    maxAttempts: 1,
    log,
    clock,
    forget: () => Promise.reject(new Error("no queue forgets")),
    signed: (failure) => failure,
    onReachable() {},
  });
  return { transport, clock, answer: answered.resolve, closed: () => closed };
}

Deno.test("a queue whose server does not answer ends as soon as it is to, and leaves no connection", async () => {
  const { transport, answer, closed } = silentQueue();
  const stop = new AbortController();
  const events = Array.fromAsync(transport.events(stop.signal));
  await allSettled();
  stop.abort();
  assertEquals(await events, []);
  await transport.close();
  answer();
  await allSettled();
  assertEquals(closed(), 1);
});

Deno.test("a delivery of an earlier connection is void, and one without a connection is offered again", async () => {
  const { transport, answer: open } = silentQueue();
  const entry = entryOf(answer("q1")),
    settle = (handle: string) => transport.settle(entry, { event: event("q1"), handle });
  assertEquals(await settle("of this connection"), false);
  open();
  for await (const [delivery] of transport.events(new AbortController().signal)) {
    assertEquals(await transport.settle(entry, delivery), true);
    assertEquals(await settle("of an earlier one"), undefined);
  }
  await transport.close();
});

Deno.test("a look at a server that does not answer ends with 69 after a while", async () => {
  const { transport, clock } = silentQueue();
  const refused = assertRejects(() => transport.check!(new AbortController().signal), FatalError);
  await clock.advance(60_000);
  const { message, exitCode } = await refused;
  assertEquals(exitCode, 69);
  assertStringIncludes(message, "Cannot use redis://127.0.0.1: the server does not answer. Check that");
});
