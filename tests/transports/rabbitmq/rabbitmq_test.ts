/** RabbitMQ, with a real server: what holds for every queue, and what RabbitMQ alone does. @module */

import { NO_RABBITMQ, startRabbit } from "../../support/brokers/rabbitmq.ts";
import { testQueue } from "../queue_suite.ts";

testQueue({
  name: "rabbitmq",
  missing: NO_RABBITMQ,
  start: startRabbit,
  startStrict: () => startRabbit({ config: "max_message_size = 1048576\n" }),
  // Between the confirmation of an outcome and the acknowledgement of its event.
  duplicatesPerCrash: 16,
  outcomesOfRepeated: (times) => times,
  // The first, and as many more as the limit of the queue says.
  maxDeliveries: 21,
});
