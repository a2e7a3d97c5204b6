/** RabbitMQ connections that are lost at any moment: whoever waits is told, and nothing ends the agent. @module */

import { assert, assertRejects } from "@std/assert";
import { systemClock } from "../../../src/clock.ts";
import { silentLog } from "../../../src/log.ts";
import { connectRabbit, disconnect, makeQueues } from "../../../src/transports/rabbitmq/connection.ts";
import { openRabbitSession } from "../../../src/transports/rabbitmq/session.ts";
import { EVENTS, NO_RABBITMQ, OUTCOMES, startRabbit } from "../../support/brokers/rabbitmq.ts";
import { startRelay } from "../../support/relay.ts";
import { freePort } from "../../support/ports.ts";
import { testUnless } from "../../support/optional.ts";

const QUEUES = { queues: [EVENTS], outcomeQueue: OUTCOMES, declare: true };
/** Far above what any machine needs: it only ends a test that failed. */
const PATIENCE_MS = 30_000;

testUnless(NO_RABBITMQ, "rabbitmq: a message that can't be sent any more fails, and that is all", async () => {
  await using broker = await startRabbit();
  const client = await connectRabbit({ url: broker.url });
  const ended = Promise.withResolvers<void>();
  client.ondisconnect = () => ended.resolve();
  const channel = await client.channel();
  await channel.confirmSelect();
  client.socket!.end();
  await assertRejects(() => channel.basicPublish("", OUTCOMES, "late"));
  // A rejection that nobody hears would end the test here.
  await ended.promise;
});

testUnless(NO_RABBITMQ, "rabbitmq: a connection that is cut anywhere while it is made fails or works", async () => {
  await using broker = await startRabbit();
  const first = await connectRabbit({ url: broker.url });
  await makeQueues(first, QUEUES);
  await disconnect(first);
  const url = new URL(broker.url), port = freePort();
  let limits = { up: Infinity, down: Infinity };
  await using _relay = startRelay({ port, upstreamPort: Number(url.port), limits: () => limits });
  url.port = String(port);
  let opened = 0;
  for (const way of ["up", "down"] as const) {
    for (let bytes = 1; bytes < 1_200; bytes += 9) {
      limits = { up: Infinity, down: Infinity, [way]: bytes };
      const late = new AbortController();
      const hanging = systemClock.sleep(PATIENCE_MS, late.signal).then(() => `${way} ${bytes}: nothing happens`);
      const result = await Promise.race([open(url), hanging]);
      late.abort();
      assert(typeof result === "boolean", String(result));
      if (result) opened++;
    }
  }
  assert(opened > 0);
});

/** Whether a session can be opened; what was opened is closed. */
async function open(url: URL): Promise<boolean> {
  const options = {
    ...QUEUES,
    url,
    agentId: "agent",
    prefetch: 1,
    maxBytes: 1_000,
    reconnectMs: 1,
    maxAttempts: 1,
    log: silentLog,
    clock: systemClock,
    forget: () => Promise.reject(new Error("no queue forgets")),
    signed: <Failure>(failure: Failure) => failure,
    onReachable() {},
    onBeat() {},
  };
  try {
    const client = await connectRabbit({ url });
    try {
      (await openRabbitSession(client, options)).close();
      return true;
    } finally {
      client.socket?.destroy();
    }
  } catch {
    return false;
  }
}
