/** Settings of the Redis transport. @module */

import { duration, names, text, urlWith } from "../../settings/checks.ts";
import { milliseconds, optional, setting } from "../../settings/definition.ts";

/** Braces in the names keep all keys in one slot of a Redis Cluster, which the transport's script needs. */
export const REDIS_SETTINGS = {
  REDIS_URL: optional({
    meaning: "Redis transport: the server, `redis://user:password@host:port/database`, or rediss:// for TLS",
    expected: "a redis:// or rediss:// URL without a query",
    check: urlWith(["redis", "rediss"]),
    secret: true,
    connects: { when: ({ EVENT_TRANSPORT }) => EVENT_TRANSPORT === "redis" },
    conflict: ({ EVENT_TRANSPORT: transport, REDIS_URL: url }) =>
      transport === "redis" && url === undefined
        ? "REDIS_URL: expected with EVENT_TRANSPORT=redis: a URL such as redis://127.0.0.1:6379"
        : undefined,
  }),
  REDIS_STREAM: setting({
    meaning: "Redis transport: the stream of events, or several, separated by commas, in the order of their priority",
    expected: "names of streams, separated by commas",
    check: names,
    default: "{agent}:events",
    // What an agent adds would come back to it, and dead letters without end.
    conflict: ({ EVENT_TRANSPORT: transport, REDIS_STREAM: streams, ...to }) => {
      if (transport !== "redis" || streams === undefined) return undefined;
      const both = String(streams).split(",").find((stream) =>
        stream === to.REDIS_OUTCOME_STREAM || stream === to.REDIS_DEAD_STREAM
      );
      return both === undefined
        ? undefined
        : `REDIS_STREAM: ${both} is where outcomes or dead letters go: take events from another stream`;
    },
  }),
  REDIS_OUTCOME_STREAM: setting({
    meaning: "Redis transport: the stream that outcomes are added to",
    expected: "the name of a stream",
    check: text,
    default: "{agent}:outcomes",
  }),
  REDIS_DEAD_STREAM: setting({
    meaning: "Redis transport: the stream of entries that are no event, or were delivered too often",
    expected: "the name of a stream",
    check: text,
    default: "{agent}:dead",
  }),
  REDIS_GROUP: setting({
    meaning: "Redis transport: the consumer group that the agents share",
    expected: "the name of a group",
    check: text,
    default: "agents",
  }),
  REDIS_CLAIM_AFTER: setting({
    meaning: "Redis transport: milliseconds without a sign of life of an agent until others take over its events",
    expected: milliseconds(500),
    check: duration(500),
    default: "30000",
  }),
  REDIS_CA_FILE: optional({
    meaning: "Redis transport: PEM file of the certificate authority to trust for rediss://",
    expected: "a path",
    access: "read",
    check: text,
  }),
  REDIS_CERT_FILE: optional({
    meaning: "Redis transport: PEM file of the agent's own certificate, for servers that ask for one",
    expected: "a path",
    access: "read",
    check: text,
    conflict: ({ REDIS_CERT_FILE: cert, REDIS_KEY_FILE: key }) =>
      (cert === undefined) === (key === undefined)
        ? undefined
        : "REDIS_CERT_FILE and REDIS_KEY_FILE: expected both or none of them",
  }),
  REDIS_KEY_FILE: optional({
    meaning: "Redis transport: PEM file of the private key to `REDIS_CERT_FILE`",
    expected: "a path",
    access: "read",
    check: text,
  }),
};
