/** NATS JetStream, with a real server: what holds for every queue, and what NATS alone does. @module */

import { NO_NATS, startNats } from "../../support/brokers/nats.ts";
import { testQueue } from "../queue_suite.ts";

testQueue({
  name: "nats",
  missing: NO_NATS,
  start: startNats,
  // Its max_payload is a megabyte.
  startStrict: startNats,
  duplicatesPerCrash: 0,
  // Within the time that the server remembers ids.
  outcomesOfRepeated: () => 1,
  maxDeliveries: 3,
});
