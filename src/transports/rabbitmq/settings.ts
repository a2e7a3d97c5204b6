/** Settings of the RabbitMQ transport. @module */

import { flag, names, text, urlWith } from "../../settings/checks.ts";
import { FLAG, optional, setting } from "../../settings/definition.ts";

/** Why events can't come from there: what an agent sends would come back to it. */
const FROM_ELSEWHERE = "take events from another queue";

export const RABBITMQ_SETTINGS = {
  RABBITMQ_URL: optional({
    meaning: "RabbitMQ transport: the server, `amqp://user:password@host:port/vhost`, or amqps:// for TLS",
    expected: "an amqp:// or amqps:// URL without a query",
    check: urlWith(["amqp", "amqps"]),
    secret: true,
    connects: { when: ({ EVENT_TRANSPORT }) => EVENT_TRANSPORT === "rabbitmq" },
    conflict: ({ EVENT_TRANSPORT: transport, RABBITMQ_URL: url }) =>
      transport === "rabbitmq" && url === undefined
        ? "RABBITMQ_URL: expected with EVENT_TRANSPORT=rabbitmq: a URL such as amqp://guest:guest@127.0.0.1:5672"
        : undefined,
  }),
  RABBITMQ_QUEUE: setting({
    meaning: "RabbitMQ transport: the queue of events, or several, separated by commas",
    expected: "names of queues, separated by commas",
    check: names,
    default: "agent.events",
  }),
  RABBITMQ_OUTCOME_QUEUE: setting({
    meaning: "RabbitMQ transport: the queue of outcomes whose event names no `reply_to`, or one that is gone",
    expected: "the name of a queue",
    check: text,
    default: "agent.outcomes",
    // A queue's dead letters go to its name with `.dead`.
    conflict: ({ EVENT_TRANSPORT: transport, RABBITMQ_QUEUE: queues, RABBITMQ_OUTCOME_QUEUE: outcomes }) => {
      if (transport !== "rabbitmq" || queues === undefined) return undefined;
      const list = String(queues).split(","), dead = list.map((queue) => `${queue}.dead`);
      const both = [...dead, outcomes].find((queue) => list.includes(String(queue)));
      if (both !== undefined) return `RABBITMQ_QUEUE: ${both} is where outcomes or dead letters go: ${FROM_ELSEWHERE}`;
      return dead.includes(String(outcomes))
        ? `RABBITMQ_OUTCOME_QUEUE: ${outcomes} is where dead letters go: name another queue`
        : undefined;
    },
  }),
  RABBITMQ_DECLARE: setting({
    meaning: "RabbitMQ transport: whether queues are made where they are missing; those that exist stay as they are",
    expected: FLAG,
    check: flag,
    default: "true",
  }),
  RABBITMQ_CA_FILE: optional({
    meaning: "RabbitMQ transport: PEM file of the certificate authority to trust for amqps://",
    expected: "a path",
    access: "read",
    check: text,
  }),
  RABBITMQ_CERT_FILE: optional({
    meaning: "RabbitMQ transport: PEM file of the agent's own certificate, for servers that ask for one",
    expected: "a path",
    access: "read",
    check: text,
    conflict: ({ RABBITMQ_CERT_FILE: cert, RABBITMQ_KEY_FILE: key }) =>
      (cert === undefined) === (key === undefined)
        ? undefined
        : "RABBITMQ_CERT_FILE and RABBITMQ_KEY_FILE: expected both or none of them",
  }),
  RABBITMQ_KEY_FILE: optional({
    meaning: "RabbitMQ transport: PEM file of the private key to `RABBITMQ_CERT_FILE`",
    expected: "a path",
    access: "read",
    check: text,
  }),
};
