/** One connection to a RabbitMQ server, logged in, and the queues behind it. @module */

import { Buffer } from "node:buffer";
import { isIP } from "node:net";
import { nextTick } from "node:process";
import { setImmediate } from "node:timers";
import { type AMQPChannel, AMQPClient } from "@cloudamqp/amqp-client";
import { EXIT, FatalError, messageOf } from "../../errors.ts";
import type { TlsFiles } from "../../certificates.ts";
import { missingAndNotMade } from "../permissions.ts";
import type { BrokerKind } from "../queue.ts";
import { addressOf, type OpenTunnel } from "../through_proxy.ts";

/** Whom to connect to. */
export interface RabbitServer {
  /** `amqp://` or `amqps://`, with user name, password and virtual host. */
  readonly url: URL;
  readonly tls?: TlsFiles;
  /** The way through a proxy, for amqps:// alone. */
  readonly openTunnel?: OpenTunnel;
}

/** The queues that are used. */
export interface RabbitQueues {
  /** Queues of events. */
  readonly queues: readonly string[];
  readonly outcomeQueue: string;
  /** Whether missing ones are made. */
  readonly declare: boolean;
}

/** Whether an error says that the user may not use a queue or an exchange. */
export function isPermissionError(error: unknown): boolean {
  return /access to \w+ '.*' in vhost '.*' refused/.test(messageOf(error));
}

/** How messages name it, and what they advise. */
export const RABBITMQ: BrokerKind = {
  name: "rabbitmq",
  product: "RabbitMQ",
  advice: {
    reach: "Check that the server runs, and RABBITMQ_URL.",
    login: "Check user name, password and virtual host in RABBITMQ_URL.",
  },
  authority: "RABBITMQ_CA_FILE",
  isPermissionError,
  // The same codes also tell of limits of connections and of a queue with an exclusive consumer, which may end.
  isLoginError: (error) => /^(?!.*(limit|exclusive)).*(ACCESS_REFUSED|NOT_ALLOWED)/s.test(messageOf(error)),
};

/** Seconds without a sign of life after which either side gives the connection up. */
const HEARTBEAT_S = 20;
/**
 * Bytes of a frame, at most. Most answers fit, and longer ones are cut up: the client keeps a buffer of this size for each
 * outcome that is not confirmed.
 */
const FRAME_BYTES = 16 * 1024;
/** Deliveries after which the broker makes a message a dead letter: RabbitMQ's own default from 4.0 on. */
const DELIVERY_LIMIT = 20;

/** @throws {Error} If the server can't be reached, or refuses the login. */
export async function connectRabbit({ url, tls = {}, openTunnel }: RabbitServer): Promise<AMQPClient> {
  const address = new URL(url);
  address.searchParams.set("heartbeat", String(HEARTBEAT_S));
  address.searchParams.set("frameMax", String(FRAME_BYTES));
  const { caCerts, cert, key } = tls;
  const to = addressOf(url), socket = (await openTunnel?.(to))?.socket;
  const client = new AMQPClient(address.href, {
    ...(socket && { socket }),
    // The client asks an address for no name by an empty one, for which Deno 2.7.11 takes localhost, and would accept any
    // certificate for that. Without one it takes the address.
    ...(isIP(to.host) !== 0 && { servername: undefined }),
    ...(caCerts && { ca: [...caCerts] }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  });
  // Its own answer to an error is to print it; whoever waits for something learns of it anyway.
  client.onerror = () => {};
  gatherSends(client);
  const connected = client.connect();
  // The client listens for the end of a connection from this event on, which a socket that is open already never has.
  if (socket) client.socket?.emit("connect");
  await connected;
  return client;
}

/**
 * Send the frames of one turn of the event loop together: a write to the socket costs more than making a frame, and an
 * agent settles many events at once.
 *
 * A rejection that nobody hears ends the program, and the client leaves some of a failed write behind. Nobody waits for its
 * first bytes, which fail on Deno 2.7.11 where the broker's certificate is not accepted. It hands `rejectConnect` on without
 * its object. And it listens for the confirmation of a message only after that is sent, but gives up what is not
 * confirmed with the channel in any case: so a message counts as sent, and its channel is closed.
 */
function gatherSends(client: AMQPClient): void {
  // Not public to TypeScript.
  const inner = client as unknown as { send(bytes: Uint8Array): Promise<void>; rejectConnect(error: Error): void };
  const send = inner.send.bind(client);
  inner.rejectConnect = inner.rejectConnect.bind(client);
  let gathered: { readonly frames: Uint8Array[]; readonly sent: PromiseWithResolvers<void> } | undefined;
  const flush = () => {
    const { frames, sent } = gathered!;
    gathered = undefined;
    send(frames.length === 1 ? frames[0]! : Buffer.concat(frames)).then(sent.resolve, (error) => {
      sent.reject(error);
      // Behind those who begin to wait for a confirmation now.
      setImmediate(() => giveUp(client, error));
    });
  };
  inner.send = (bytes) => {
    if (!gathered) {
      gathered = { frames: [], sent: Promise.withResolvers() };
      gathered.sent.promise.catch(() => {});
      // After the promises that are settled by now, which may send as well.
      nextTick(flush);
    }
    gathered.frames.push(bytes);
    const { promise } = gathered.sent;
    return isPublication(bytes) ? promise.catch(() => {}) : promise;
  };
}

/** Whether a frame is the method basic.publish. */
function isPublication(bytes: Uint8Array): boolean {
  return bytes[0] === 1 && bytes[8] === 60 && bytes[10] === 40;
}

/** Close all channels: whoever waits for something on them is told. */
function giveUp(client: AMQPClient, error: Error): void {
  for (const channel of client.channels) channel?.setClosed(error);
}

/** End a connection without waiting for the server, which may answer nothing any more. */
export function abandon(client: AMQPClient, problem: string): void {
  void client.close().catch(() => {}); // it may be what has failed
  giveUp(client, new Error(problem));
}

/** Where the broker puts dead letters of a queue that was made by an agent. */
export function deadQueueOf(queue: string): string {
  return `${queue}.dead`;
}

/**
 * Make queues that are missing.
 *
 * @throws {FatalError} 69, if one is missing that may not be made, or can't be used.
 */
export async function makeQueues(client: AMQPClient, { queues, outcomeQueue, declare }: RabbitQueues): Promise<void> {
  const durable = { durable: true };
  for (const queue of queues) {
    if (await depthOf(client, queue) !== undefined) {
      await tryConsuming(client, queue);
      continue;
    }
    if (!declare) throw missing(queue);
    const channel = await client.channel();
    await channel.queueDeclare(deadQueueOf(queue), durable, queueArguments());
    await channel.queueDeclare(queue, durable, queueArguments(deadQueueOf(queue)));
    leave(channel);
  }
  if (await depthOf(client, outcomeQueue) !== undefined) return;
  if (!declare) throw missing(outcomeQueue);
  const channel = await client.channel();
  await channel.queueDeclare(outcomeQueue, durable, queueArguments());
  leave(channel);
}

/** Arguments of a queue that is made. `dead`: where its dead letters go. */
export function queueArguments(dead?: string) {
  return {
    "x-queue-type": "quorum",
    ...(dead !== undefined && {
      "x-delivery-limit": DELIVERY_LIMIT,
      "x-dead-letter-exchange": "",
      "x-dead-letter-routing-key": dead,
    }),
  };
}

/** Close a channel that is of no use any more. Where the connection ends meanwhile, the client would wait for ever. */
function leave(channel: AMQPChannel): void {
  void channel.close().catch(() => {}); // then it has ended with its connection
}

/** How many messages wait in a queue; undefined if there is none. An absent queue ends the channel that asks for it. */
export async function depthOf(client: AMQPClient, queue: string): Promise<number | undefined> {
  const channel = await client.channel();
  try {
    const { messageCount } = await channel.queueDeclare(queue, { passive: true });
    leave(channel);
    return messageCount;
  } catch (error) {
    if (messageOf(error).includes("NOT_FOUND")) return undefined;
    throw error;
  }
}

/** End a connection in good order; at once where the server reads nothing, and would not answer. */
export async function disconnect(client: AMQPClient): Promise<void> {
  if (client.blocked === undefined) await client.close();
  else client.socket?.destroy();
}

/**
 * Ask to consume a queue in a way that every kind of queue refuses, so that nothing is delivered: a stream because there is
 * no prefetch, any other queue because the argument is for streams (3.10 to 4.3). An absent queue is refused as well.
 *
 * @throws {FatalError} 69, if the queue is a stream.
 * @throws {Error} If this user may not read from it.
 */
export async function tryConsuming(client: AMQPClient, queue: string): Promise<void> {
  try {
    await withChannel(client, (channel) => {
      return channel.basicConsume(queue, { noAck: false, args: { "x-stream-offset": "next" } }, () => {});
    });
  } catch (error) {
    const message = messageOf(error);
    if (/prefetch count is not set/.test(message)) {
      throw new FatalError(
        `Cannot take events from ${queue}: it is a stream, which keeps its messages and gives each to every agent. ` +
          "Name a quorum queue or a classic one in RABBITMQ_QUEUE.",
        EXIT.unavailable,
        { cause: error },
      );
    }
    if (!/PRECONDITION_FAILED|NOT_FOUND/.test(message)) throw error;
  }
}

/** Use a channel that nobody else uses: an error ends it. */
export async function withChannel<T>(client: AMQPClient, use: (channel: AMQPChannel) => Promise<T>): Promise<T> {
  const channel = await client.channel();
  // Its own answer to an error is to print it; whoever waits for something learns of it.
  channel.onerror = () => {};
  const result = await use(channel);
  leave(channel);
  return result;
}

/**
 * Publish a message that no queue has the name for, so that the server sends it back.
 *
 * @throws {Error} If this user may not publish.
 */
export function tryPublishing(client: AMQPClient): Promise<void> {
  return withChannel(client, async (channel) => {
    channel.onReturn = () => {};
    await channel.confirmSelect();
    await channel.basicPublish("", `check.${crypto.randomUUID()}`, "", {}, true);
  });
}

function missing(queue: string): FatalError {
  return missingAndNotMade(`queue ${queue}`, { setting: "RABBITMQ_DECLARE" });
}
