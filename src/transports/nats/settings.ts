/** Settings of the NATS transport. @module */

import { duration, flag, text, urlsWith } from "../../settings/checks.ts";
import { FLAG, milliseconds, optional, setting } from "../../settings/definition.ts";

/** Names of streams, subjects and consumer are those that KEDA's `nats-jetstream` scaler asks for. */
export const NATS_SETTINGS = {
  NATS_URL: optional({
    meaning: "NATS transport: the server, `nats://user:password@host:port`, or tls://; several separated by commas",
    expected: "nats:// or tls:// URLs without a path, separated by commas",
    check: urlsWith(["nats", "tls"]),
    secret: true,
    connects: {
      when: ({ EVENT_TRANSPORT }) => EVENT_TRANSPORT === "nats",
      secrets: ["NATS_CREDS_FILE", "NATS_NKEY_FILE"],
    },
    conflict: ({ EVENT_TRANSPORT: transport, NATS_URL: url }) =>
      transport === "nats" && url === undefined
        ? "NATS_URL: expected with EVENT_TRANSPORT=nats: a URL such as nats://127.0.0.1:4222"
        : undefined,
  }),
  NATS_STREAM: setting({
    meaning: "NATS transport: the stream of events",
    expected: "the name of a stream",
    check: name,
    default: "AGENT_EVENTS",
  }),
  NATS_SUBJECT: setting({
    meaning:
      "NATS transport: the subjects of events, which the stream and the consumer are made for where they are missing",
    expected: "a subject, which may end in .>",
    check: subject,
    default: "agent.events.>",
    // What an agent publishes would come back to it, and dead letters without end.
    conflict: ({ EVENT_TRANSPORT: transport, NATS_SUBJECT: events, ...to }) => {
      if (transport !== "nats" || events === undefined) return undefined;
      const below = [to.NATS_OUTCOME_SUBJECT, to.NATS_DEAD_SUBJECT].map((subject) => `${subject}.>`);
      const both = below.find((subject) => overlap(String(events), subject));
      return both === undefined
        ? undefined
        : `NATS_SUBJECT: ${events} takes in ${both}, where outcomes or dead letters go: take events from another subject`;
    },
  }),
  NATS_CONSUMER: setting({
    meaning: "NATS transport: the durable consumer that the agents share",
    expected: "the name of a consumer",
    check: name,
    default: "agents",
  }),
  NATS_OUTCOME_STREAM: setting({
    meaning: "NATS transport: the stream of outcomes and dead letters, made where it is missing",
    expected: "the name of a stream",
    check: name,
    default: "AGENT_OUTCOMES",
  }),
  NATS_OUTCOME_SUBJECT: setting({
    meaning: "NATS transport: subject that outcomes are published to, followed by a point and the event's id",
    expected: "a subject without wildcards",
    check: plainSubject,
    default: "agent.outcomes",
  }),
  NATS_DEAD_SUBJECT: setting({
    meaning: "NATS transport: the same for messages that are no event, or were delivered too often",
    expected: "a subject without wildcards",
    check: plainSubject,
    default: "agent.dead",
  }),
  NATS_ACK_WAIT: setting({
    meaning: "NATS transport: milliseconds without a sign of life of an agent until its events go to others",
    expected: milliseconds(500),
    check: duration(500),
    default: "30000",
  }),
  NATS_DECLARE: setting({
    meaning: "NATS transport: whether streams and consumer are made where they are missing",
    expected: FLAG,
    check: flag,
    default: "true",
  }),
  NATS_CREDS_FILE: optional({
    meaning: "NATS transport: the user's credentials file, as `nsc` writes it",
    expected: "a path",
    access: "read",
    check: text,
  }),
  NATS_NKEY_FILE: optional({
    meaning: "NATS transport: file of the user's nkey seed; `NATS_CREDS_FILE` comes first",
    expected: "a path",
    access: "read",
    check: text,
  }),
  NATS_CA_FILE: optional({
    meaning: "NATS transport: PEM file of the certificate authority to trust for tls://",
    expected: "a path",
    access: "read",
    check: text,
  }),
  NATS_CERT_FILE: optional({
    meaning: "NATS transport: PEM file of the agent's own certificate, for servers that ask for one",
    expected: "a path",
    access: "read",
    check: text,
    conflict: ({ NATS_CERT_FILE: cert, NATS_KEY_FILE: key }) =>
      (cert === undefined) === (key === undefined)
        ? undefined
        : "NATS_CERT_FILE and NATS_KEY_FILE: expected both or none of them",
  }),
  NATS_KEY_FILE: optional({
    meaning: "NATS transport: PEM file of the private key to `NATS_CERT_FILE`",
    expected: "a path",
    access: "read",
    check: text,
  }),
};

function name(given: string): string | undefined {
  return /^[^\s.*>/\\]+$/.test(given) ? given : undefined;
}

function plainSubject(given: string): string | undefined {
  return /^[^\s.*>]+(\.[^\s.*>]+)*$/.test(given) ? given : undefined;
}

function subject(given: string): string | undefined {
  return /^([^\s.*>]+|\*)(\.([^\s.*>]+|\*))*(\.>)?$/.test(given) ? given : undefined;
}

/** Whether there are subjects that both patterns take in. */
function overlap(one: string, other: string): boolean {
  const parts = one.split("."), others = other.split(".");
  for (let at = 0; at < Math.max(parts.length, others.length); at++) {
    const part = parts[at], beside = others[at];
    if (part === undefined || beside === undefined) return false;
    if (part === ">" || beside === ">") return true;
    if (part !== beside && part !== "*" && beside !== "*") return false;
  }
  return true;
}
