/** Events from Redis Streams: a consumer group shares them out, a script settles each entry exactly once. @module */

import { publicUrl } from "../../urls.ts";
import { createHolds } from "../holds.ts";
import { openQueue, type QueueOptions } from "../queue.ts";
import type { Transport } from "../transport.ts";
import { connectRedis, REDIS } from "./connection.ts";
import { type HeldEntry, keyOf } from "./entries.ts";
import type { GroupOptions, ServerLimit } from "./group.ts";
import { lookAtRedis } from "./look.ts";
import { openRedisSession } from "./session.ts";
import type { RedisServer } from "./socket.ts";

/** What a group is told by the settings. */
type GroupSettings = Omit<GroupOptions, "consumer" | "holds" | "limit">;

/** Where the streams are, and how the agent takes part. */
export interface RedisTransportOptions extends QueueOptions, RedisServer, GroupSettings {}

/** Milliseconds of silence that a look at the server bears. */
const LOOK_MS = 10_000;

/** Read the streams of `options` when {@linkcode Transport.events} is asked for events. */
export function openRedisTransport(options: RedisTransportOptions): Transport {
  // A name for each start: what an earlier one left behind is taken over like that of any other agent.
  const consumer = `${options.agentId}-${crypto.randomUUID().slice(0, 8)}`;
  // An entry is held beyond the connection that brought it: any connection can settle it.
  const holds = createHolds<HeldEntry>();
  const limit: ServerLimit = { refusedLength: Infinity };
  return openQueue<HeldEntry>({
    ...REDIS,
    peer: publicUrl(options.url),
    async open({ onBeat }) {
      const session = await openRedisSession({ ...options, consumer, holds, limit, onBeat });
      const { group } = session;
      return {
        deliveries: session.deliveries,
        async settle(held, entry, trace) {
          await group.settle(held, entry, trace);
          holds.remove(keyOf(held));
          return true;
        },
        chunk: (held, chunk) => group.chunk(held, chunk),
        async handBack() {
          await group.handBack();
          await group.tidy();
        },
        close: session.close,
      };
    },
    look: () => lookAt(options),
  }, options);
}

/** What there is, as a phrase. */
async function lookAt(options: RedisTransportOptions): Promise<string> {
  const connection = await connectRedis(options, { silenceMs: LOOK_MS });
  try {
    return await lookAtRedis(connection, publicUrl(options.url), options);
  } finally {
    connection.close();
  }
}
