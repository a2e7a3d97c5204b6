/** A list of NATS servers: those that cannot be reached are passed over. @module */

import { assert, assertRejects } from "@std/assert";
import { connectNats } from "../../../src/transports/nats/connection.ts";
import { NO_NATS, startNats } from "../../support/brokers/nats.ts";
import { freePort } from "../../support/ports.ts";
import { testUnless } from "../../support/optional.ts";

testUnless(NO_NATS, "one server of NATS_URL that lives is enough, wherever it stands in the list", async () => {
  await using broker = await startNats();
  const dead = () => new URL(`nats://127.0.0.1:${freePort()}`);
  // The package tries the servers in an order of chance: so many turns meet every order.
  for (let turn = 0; turn < 12; turn++) {
    const connection = await connectNats({ urls: [dead(), broker.url, dead()] });
    assert(!connection.isClosed());
    await connection.close();
  }
  await assertRejects(() => connectNats({ urls: [dead(), dead()] }));
});
