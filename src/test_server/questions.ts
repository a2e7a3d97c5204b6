/** Questions asked over REST and on the page, and the events that are made of them. @module */

import { z } from "zod";
import { type AgentEvent, type Checked, checkEvent, NOT_EMPTY } from "../wire.ts";

/** The fields of a question. */
export const questionShape = {
  query: z.string().min(1, NOT_EMPTY),
  userId: z.string().exactOptional(),
  conversationId: z.string().exactOptional(),
  priority: z.string().exactOptional(),
  /** Anything else for the event's metadata; the fields above win. */
  metadata: z.record(z.string(), z.unknown()).exactOptional(),
};

/** A question, and for whom it is asked. */
export type Question = z.infer<z.ZodObject<typeof questionShape>>;

/**
 * Make an event of a question. `id` and `timestamp` are made up where they are missing. Whatever an agent would refuse
 * is refused here.
 */
export function newEvent(
  { id = `event-${crypto.randomUUID()}`, timestamp, query, metadata, ...named }: Question & {
    id?: string;
    timestamp?: number;
  },
  { source, now }: { source: string; now: number },
): Checked<AgentEvent> {
  return checkEvent({ id, query, timestamp: timestamp ?? now, metadata: { source, ...metadata, ...named } });
}
