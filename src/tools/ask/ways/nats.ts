/** Asking over NATS: questions into the stream of events, answers at an inbox. @module */

import { jetstream } from "@nats-io/jetstream";
import { createInbox, headers, type NatsConnection } from "@nats-io/transport-node";
import { messageOf } from "../../../errors.ts";
import { connectNats, NATS } from "../../../transports/nats/connection.ts";
import { token } from "../../../transports/nats/publishing.ts";
import { makeStreams } from "../../../transports/nats/streams.ts";
import type { natsOptions } from "../../../transports/options.ts";
import { cannotUse } from "../../../transports/queue.ts";
import { publicUrl } from "../../../urls.ts";
import { type AgentEvent, conversationOf } from "../../../wire.ts";
import { hear, type Way, type WayHooks } from "../way.ts";

/** Connect; streams that are missing are made as an agent would make them. */
export async function openNatsWay(options: ReturnType<typeof natsOptions>, hooks: WayHooks): Promise<Way> {
  const peer = options.urls.map(publicUrl).join(",");
  let connection: NatsConnection | undefined;
  try {
    const connected = connection = await connectNats(options);
    await makeStreams(connected, options);
    const client = jetstream(connected);
    const inbox = createInbox();
    connected.subscribe(inbox, {
      callback: (error, message) => error ? hooks.lost(error) : hear(message.string(), hooks),
    });
    let isClosing = false;
    void connected.closed().then((error) => {
      if (!isClosing) hooks.lost(cannotUse(NATS, peer, error ?? new Error("the connection was closed")));
    });
    return {
      place: `${peer}, stream ${options.stream}`,
      async send(events) {
        try {
          await Promise.all(events.map((event) => {
            const fields = headers();
            fields.set("content_type", "application/json");
            fields.set("reply_to", inbox);
            return client.publish(subjectFor(event, options.subject), JSON.stringify(event), { headers: fields });
          }));
        } catch (error) {
          throw cannotUse(
            NATS,
            peer,
            new Error(`${messageOf(error)}: does ${options.stream} take ${options.subject}?`),
          );
        }
      },
      async close() {
        isClosing = true;
        await connected.close();
      },
    };
  } catch (error) {
    await connection?.close();
    throw cannotUse(NATS, peer, error);
  }
}

/** A subject that the stream takes: the conversation, or else the event's id, stands where the setting leaves a place open. */
function subjectFor(event: AgentEvent, pattern: string): string {
  const name = token(conversationOf(event) ?? event.id);
  return pattern.replace(/\*|>$/g, () => name);
}
