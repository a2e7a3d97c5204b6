/** Asking over Redis Streams: questions into the stream of events, answers out of the stream of outcomes. @module */

import { messageOf } from "../../../errors.ts";
import type { redisOptions } from "../../../transports/options.ts";
import { cannotUse } from "../../../transports/queue.ts";
import { connectRedis, REDIS, type RedisConnection, type Reply } from "../../../transports/redis/connection.ts";
import { readEntries } from "../../../transports/redis/entries.ts";
import { publicUrl } from "../../../urls.ts";
import { wantsStream } from "../../../wire.ts";
import { atLeastOne, hear, placeOf, type Way, type WayHooks } from "../way.ts";

/** Milliseconds that a read waits for outcomes. */
const BLOCK_MS = 2_000;
/** Outcomes of one read, at most. */
const COUNT = 1_000;
/** A connection on which nothing comes or goes for this long is broken. */
const SILENCE_MS = 20_000;

/** Connect: one connection waits for outcomes, one hears pieces of answers, one does everything else. */
export async function openRedisWay(options: ReturnType<typeof redisOptions>, hooks: WayHooks): Promise<Way> {
  const peer = publicUrl(options.url);
  const open: RedisConnection[] = [];
  const connect = async () => {
    const connection = await connectRedis(options, { silenceMs: SILENCE_MS });
    open.push(connection);
    return connection;
  };
  const over = new AbortController();
  const own: { deletion: Promise<void> } = { deletion: Promise.resolve() };
  const close = () => {
    over.abort();
    for (const connection of open) connection.close();
  };
  try {
    const commands = await connect(), reader = await connect(), listener = await connect();
    const replyTo = `${options.outcomeStream}:${crypto.randomUUID()}`;
    await listener.subscribe(replyTo, (message) => hear(message, hooks));
    // Outcomes of before are no answers to what is asked from now on.
    const after = await lastEntry(commands, options.outcomeStream);
    const reading = readOutcomes(
      {
        reader,
        after,
        stream: options.outcomeStream,
        over: over.signal,
        forget: (entries) => own.deletion = forget(commands, options.outcomeStream, entries),
      },
      hooks,
    );
    const told = reading.catch((error) => {
      if (!over.signal.aborted) hooks.lost(cannotUse(REDIS, peer, error));
    });
    const streams = atLeastOne(options.streams);
    return {
      place: `${peer}, stream ${options.streams.join(", ")}`,
      async send(events) {
        try {
          await Promise.all(
            events.map((event) => {
              const fields = ["body", JSON.stringify(event), ...(wantsStream(event) ? ["reply_to", replyTo] : [])];
              return commands.command("XADD", placeOf(event, streams), "*", ...fields);
            }),
          );
        } catch (error) {
          throw cannotUse(REDIS, peer, error);
        }
      },
      async close() {
        await own.deletion.catch(() => {}); // its reader has told of it
        close();
        await told;
      },
    };
  } catch (error) {
    close();
    throw cannotUse(REDIS, peer, error);
  }
}

async function lastEntry({ command }: RedisConnection, stream: string): Promise<string> {
  const [last] = await command("XREVRANGE", stream, "+", "-", "COUNT", "1") as readonly (readonly Reply[])[];
  return String(last?.[0] ?? "0");
}

/** Hear the outcomes of one's own questions, and delete them: nobody else reads them. */
async function readOutcomes(
  { reader, after, stream, over, forget }: {
    reader: RedisConnection;
    after: string;
    stream: string;
    over: AbortSignal;
    forget: (entries: readonly string[]) => Promise<void>;
  },
  hooks: WayHooks,
): Promise<void> {
  let last = after;
  while (!over.aborted) {
    const block = ["COUNT", String(COUNT), "BLOCK", String(BLOCK_MS)];
    const entries = readEntries(await reader.command("XREAD", ...block, "STREAMS", stream, last));
    const own = entries.filter(({ fields }) => hooks.isMine(fields?.get("id") ?? ""));
    last = entries.at(-1)?.entry ?? last;
    // Begun before they are heard: hearing the last one ends the program.
    const forgotten = own.length > 0 ? forget(own.map(({ entry }) => entry)) : undefined;
    for (const { fields } of own) hear(fields?.get("body") ?? "", hooks);
    await forgotten;
  }
}

async function forget({ command }: RedisConnection, stream: string, entries: readonly string[]): Promise<void> {
  try {
    await command("XDEL", stream, ...entries);
  } catch (error) {
    // Somebody who may only add and read can ask all the same.
    if (!messageOf(error).startsWith("NOPERM")) throw error;
  }
}
