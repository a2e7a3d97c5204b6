/** What `--check` says of NATS: which streams and consumer are there, and what the user may do. Nothing is taken or stored. @module */

import { errors, headers, type Msg, type NatsConnection } from "@nats-io/transport-node";
import { setImmediate } from "node:timers/promises";
import { EXIT, FatalError, messageOf } from "../../errors.ts";
import { lackingPermissions, missingAndNotMade } from "../permissions.ts";
import { hearRefusals, isPermissionError } from "./connection.ts";
import { type ConsumerSettings, type NatsNames, overlapError, unfitConsumer } from "./streams.ts";

/** Milliseconds that the server may take for one answer. */
const ANSWER_MS = 5_000;
/** No stream's name: the server refuses a message that expects it, and says which stream would have taken it. */
const NO_STREAM = "no stream has such a name";
const API = "$JS.API";

/** What the server answers to a request, as far as it is looked at. */
interface Answer {
  readonly error?: { readonly err_code?: number; readonly code?: number; readonly description?: string };
  /** Which stream a message is for. */
  readonly stream?: string;
  readonly config?: ConsumerSettings;
  readonly num_pending?: number;
  readonly num_ack_pending?: number;
}

/**
 * Look what is there.
 *
 * @param peer The server, without secrets.
 * @returns It as a phrase.
 * @throws {FatalError} If something is missing that is not made, if the user lacks permissions, or if no stream takes
 * outcomes or dead letters.
 */
export async function lookAtNats(
  connection: NatsConnection,
  peer: string,
  names: NatsNames & { readonly maxDeliveries: number },
): Promise<string> {
  const { stream, consumer, outcomeStream, subject, declare } = names;
  const probe = createProbe(connection);
  const events = await probe.isThere(`STREAM.INFO.${stream}`);
  const outcomes = await probe.isThere(`STREAM.INFO.${outcomeStream}`);
  const agents = await probe.isThere(`CONSUMER.INFO.${stream}.${consumer}`);
  if (declare && events === "absent") await probe.send(`${API}.STREAM.CREATE.${stream}`);
  if (declare && outcomes === "absent") await probe.send(`${API}.STREAM.CREATE.${outcomeStream}`);
  if (declare && agents === "absent") await probe.send(`${API}.CONSUMER.CREATE.${stream}.${consumer}.${subject}`);
  await probe.send(`${API}.CONSUMER.MSG.NEXT.${stream}.${consumer}`);
  await probe.send(`$JS.ACK.${stream}.${consumer}.1.0.0.0.0`, `$JS.ACK.${stream}.${consumer}.>`);
  const unheard: string[] = [];
  let overlapping: string | undefined;
  for (const given of [names.outcomeSubject, names.deadSubject]) {
    const answer = await probe.offer(`${given}.check`, `${given}.>`);
    if (answer === "nobody" && typeof outcomes === "object") unheard.push(`${given}.>`);
    // The stream that takes it is not the one that the message expects.
    if (outcomes === "absent" && typeof answer === "object" && answer.error) overlapping = outcomeStream;
  }
  const missing = [...probe.missing];
  const copies = await probe.send(`_INBOX.check.${crypto.randomUUID()}`, "_INBOX.>");
  if (missing.length > 0) throw lackingPermissions(peer, { missing, remedy: REMEDY });
  if (!declare) {
    const absent = [[events, stream], [outcomes, outcomeStream], [agents, consumer]].filter(([is]) => is === "absent");
    const what = absent.map(([, name]) => String(name)).join(", no ");
    if (what !== "") throw missingAndNotMade(what, { setting: "NATS_DECLARE", peer });
  }
  const unfit = typeof agents === "object" && agents.config ? unfitConsumer(names, agents.config) : undefined;
  if (unfit) throw unfit;
  if (overlapping !== undefined) throw overlapError(`stream ${overlapping}`);
  if (unheard.length > 0) throw unheardError(peer, unheard, outcomeStream);
  const made = "is made at the start";
  const found = [
    typeof agents === "object" ? describe(stream, agents) : `${stream} ${events === "absent" ? made : "is there"}`,
    ...(agents === "absent" ? [`its consumer ${consumer} ${made}`] : []),
    `${outcomeStream} ${outcomes === "absent" ? made : "is there"}`,
    "this user may take events and publish outcomes and dead letters",
    ...(copies ? [] : ["but no copies of outcomes to an inbox in reply_to: for those it has to publish to _INBOX.>"]),
  ];
  return found.join(", ");
}

const REMEDY = "Allow that in the user's permissions; whoever makes streams needs $JS.API.STREAM.CREATE.* and " +
  "$JS.API.CONSUMER.CREATE.> besides.";

function describe(stream: string, { num_pending: waiting = 0, num_ack_pending: held = 0 }: Answer): string {
  return `${stream} has ${waiting + held} events, of which agents hold ${held}`;
}

function unheardError(peer: string, unheard: readonly string[], outcomeStream: string): FatalError {
  return new FatalError(
    `Cannot use ${peer}: no stream takes ${unheard.join(" and ")}. Add it to the subjects of ${outcomeStream}, or ` +
      "correct NATS_OUTCOME_SUBJECT and NATS_DEAD_SUBJECT.",
    EXIT.unavailable,
  );
}

/** Asks what changes nothing, and remembers what was refused. */
function createProbe(connection: NatsConnection) {
  /** What the user may not do. */
  const missing = new Set<string>();
  /** Subjects whose messages were refused after they had been sent. */
  const violated = new Set<string>();
  void hearRefusals(connection, (subject) => violated.add(subject));

  async function request(
    subject: string,
    { body, shown = subject, expected }: { body: string; shown?: string; expected?: string },
  ): Promise<Answer | "refused" | "nobody"> {
    const fields = headers();
    if (expected !== undefined) fields.set("Nats-Expected-Stream", expected);
    try {
      return answerIn(await connection.request(subject, body, { timeout: ANSWER_MS, headers: fields }));
    } catch (error) {
      if (isPermissionError(error)) {
        missing.add(/for Subscription/i.test(messageOf(error)) ? "subscribe to _INBOX.>" : `publish to ${shown}`);
        return "refused";
      }
      // Also where somebody listens who is no stream, and does not answer.
      if (error instanceof errors.TimeoutError && expected !== undefined) return "nobody";
      if (error instanceof errors.RequestError && error.isNoResponders()) return "nobody";
      throw error;
    }
  }

  return {
    missing,
    /** What an information says, or whether there is nothing to be informed of. */
    async isThere(subject: string): Promise<Answer | "absent" | "refused"> {
      const answer = await request(`${API}.${subject}`, { body: "" });
      if (answer === "nobody") throw new Error("the server has no JetStream, or none for this user's account");
      if (answer === "refused" || !answer.error) return answer;
      if (answer.error.code === 404) return "absent";
      throw new Error(answer.error.description ?? "the server refuses the question");
    },
    /** Offer a message that no stream stores. */
    offer: (subject: string, shown: string) => request(subject, { body: "", shown, expected: NO_STREAM }),
    /** Send what is no request and no acknowledgement, and asks for no answer. @returns Whether the user may. */
    async send(subject: string, shown = subject): Promise<boolean> {
      connection.publish(subject, "check");
      await connection.flush();
      // The refusal came before the answer to the flush.
      await setImmediate();
      if (violated.has(subject)) missing.add(`publish to ${shown}`);
      return !violated.has(subject);
    },
  };
}

function answerIn(message: Msg): Answer {
  try {
    return message.json<Answer>();
  } catch {
    // A status, which has no body, or an answer of somebody else.
    return {};
  }
}
