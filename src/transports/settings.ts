/** Settings of where events come from: the switch, what all transports share, and each transport's own. @module */

import { duration, flag, whole, word } from "../settings/checks.ts";
import { FLAG, milliseconds, optional, setting, type ValuesOf } from "../settings/definition.ts";
import { FILE_SETTINGS } from "./file/settings.ts";
import { NATS_SETTINGS } from "./nats/settings.ts";
import { RABBITMQ_SETTINGS } from "./rabbitmq/settings.ts";
import { REDIS_SETTINGS } from "./redis/settings.ts";
import { WEBSOCKET_SETTINGS } from "./websocket/settings.ts";

/** Settings of every transport; names and defaults of the guide are a contract. */
export const TRANSPORT_SETTINGS = {
  EVENT_TRANSPORT: setting({
    meaning: "Where events come from: a watched file, a WebSocket server, or a queue",
    expected: "file, websocket, rabbitmq, redis or nats",
    check: word(["file", "websocket", "rabbitmq", "redis", "nats"]),
    default: (given) => isOn(given("USE_WEBSOCKET")) ? "websocket" : "file",
    defaultText: "`file`, or `websocket` if `USE_WEBSOCKET=true`",
  }),
  USE_WEBSOCKET: optional({
    meaning: "Older spelling of `EVENT_TRANSPORT`: `true` for websocket, `false` for file",
    expected: FLAG,
    check: flag,
    conflict: ({ EVENT_TRANSPORT: transport, USE_WEBSOCKET: useWebSocket }) =>
      transport !== undefined && useWebSocket !== undefined && useWebSocket !== (transport === "websocket")
        ? `EVENT_TRANSPORT=${transport} and USE_WEBSOCKET=${useWebSocket} contradict each other: remove one of them`
        : undefined,
  }),
  ...FILE_SETTINGS,
  EVENT_MAX_BYTES: setting({
    meaning: "Largest event that is taken, in bytes of JSON; a larger one is refused",
    expected: "a whole number of bytes from 128 to 67108864",
    // Deno's WebSocket ends the connection at a message of 64 MiB, so no larger one could be refused alone.
    check: whole(128, 64 * 1024 * 1024),
    default: "1048576",
  }),
  ...WEBSOCKET_SETTINGS,
  EVENT_PREFETCH: setting({
    meaning: "Queues: most events that this agent holds without having settled them; the others stay in the queue",
    expected: "a whole number from 1 to 1000",
    check: whole(1, 1000),
    default: (given) => String(Math.min(1000, 4 * Number(given("AGENT_CONCURRENCY") ?? 4) || 16)),
    defaultText: "four times `AGENT_CONCURRENCY`",
  }),
  EVENT_MAX_DELIVERIES: setting({
    meaning:
      "Redis and NATS: deliveries of an event after which it is a dead letter; RabbitMQ's queue has its own limit",
    expected: "a whole number from 1 to 1000",
    check: whole(1, 1000),
    default: "5",
  }),
  EVENT_RECONNECT_INTERVAL: setting({
    meaning: "Queues: milliseconds before the first attempt to reconnect; doubles up to a minute",
    expected: milliseconds(1),
    check: duration(1),
    default: "1000",
  }),
  EVENT_MAX_RECONNECT_ATTEMPTS: setting({
    meaning:
      "Queues: failed attempts to make the first connection after which the agent gives up; later ones never end",
    expected: "a whole number from 1 to 1000000",
    check: whole(1, 1_000_000),
    default: "10",
  }),
  ...RABBITMQ_SETTINGS,
  ...REDIS_SETTINGS,
  ...NATS_SETTINGS,
};

/** The checked values of {@linkcode TRANSPORT_SETTINGS}. */
export type TransportSettings = ValuesOf<typeof TRANSPORT_SETTINGS>;

function isOn(value: string | undefined): boolean {
  return value !== undefined && flag(value) === true;
}
