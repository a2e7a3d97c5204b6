/** What `--check` says of RabbitMQ: which queues are there, and what the user may do. Nothing is consumed or made. @module */

import type { AMQPChannel, AMQPClient } from "@cloudamqp/amqp-client";
import { EXIT, FatalError, messageOf } from "../../errors.ts";
import { lackingPermissions, missingAndNotMade } from "../permissions.ts";
import {
  deadQueueOf,
  depthOf,
  isPermissionError,
  queueArguments,
  type RabbitQueues,
  tryConsuming,
  tryPublishing,
  withChannel,
} from "./connection.ts";

/** The name of the exchange without a name, as permissions have it. */
const DEFAULT_EXCHANGE = "amq.default";

/**
 * Look what is there.
 *
 * @param peer The server, without secrets.
 * @returns It as a phrase.
 * @throws {FatalError} If something is missing that is not made, if the user lacks permissions, or if the broker takes
 * nothing for now.
 */
export async function lookAtRabbit(client: AMQPClient, peer: string, options: RabbitQueues): Promise<string> {
  const { queues, outcomeQueue, declare } = options;
  const found: string[] = [], absent: string[] = [], missing: string[] = [];
  const lacks = async (what: string, ask: (channel: AMQPChannel) => Promise<unknown>) => {
    if (await isRefused(() => withChannel(client, ask))) missing.push(what);
  };
  const mayMake = (queue: string, dead?: string) =>
    lacks(`configure the queue ${queue}, which has to be made`, async (channel) => {
      // An argument of the wrong type: the server refuses it, after it has looked whether the user may make the queue.
      await channel.queueDeclare(queue, { durable: true }, { ...queueArguments(dead), "x-max-length": "none" });
    });
  for (const queue of [...queues, outcomeQueue]) {
    const depth = await depthOf(client, queue), isOutcomes = queue === outcomeQueue, dead = deadQueueOf(queue);
    if (depth === undefined && !declare) absent.push(queue);
    found.push(`${queue} ${depth === undefined ? "is made at the start" : `has ${depth} messages waiting`}`);
    if (!isOutcomes) {
      if (await isRefused(() => tryConsuming(client, queue))) missing.push(`read from the queue ${queue}`);
    }
    if (depth === undefined && declare) await mayMake(queue, isOutcomes ? undefined : dead);
    if (isOutcomes) continue;
    const deadDepth = await depthOf(client, dead);
    if (depth === undefined && deadDepth === undefined && declare) await mayMake(dead);
    // The arguments of a queue can't be asked for.
    if (depth !== undefined && deadDepth === undefined) {
      found.push(`there is no ${dead}, so that dead letters of ${queue} go where its own settings say, or nowhere`);
    }
  }
  if (await isRefused(() => publishUnlessBlocked(client))) {
    missing.push(`write to the exchange ${DEFAULT_EXCHANGE}, over which outcomes go`);
  }
  if (missing.length > 0) throw lackingPermissions(peer, { missing, remedy: REMEDY });
  if (absent.length > 0) {
    throw missingAndNotMade(`queue ${absent.join(" and no queue ")}`, { setting: "RABBITMQ_DECLARE", peer });
  }
  return [...found, "this user may read events and publish outcomes"].join(", ");
}

const REMEDY =
  "`rabbitmqctl set_permissions -p VHOST USER CONFIGURE WRITE READ` grants it: three regular expressions " +
  "for names of queues and exchanges.";

/** Whether the user lacks the permission for something that the server refuses in any case, or that leaves nothing. */
async function isRefused(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask();
    return false;
  } catch (error) {
    if (isPermissionError(error)) return true;
    // The server got as far as to look at the arguments, or for the queue.
    if (/PRECONDITION_FAILED|NOT_FOUND/.test(messageOf(error))) return false;
    throw error;
  }
}

async function publishUnlessBlocked(client: AMQPClient): Promise<void> {
  const blocked = Promise.withResolvers<never>();
  client.onblocked = (reason) => {
    blocked.reject(
      new FatalError(
        `RabbitMQ takes nothing for now (${reason}): free memory or disk there. Until then agents wait, and lose nothing.`,
        EXIT.unavailable,
      ),
    );
  };
  const published = tryPublishing(client);
  published.catch(() => {}); // where the server takes nothing, it ends with the connection
  await Promise.race([published, blocked.promise]);
}
