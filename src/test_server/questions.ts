/** Questions of those who leave the event's form to the server: over REST, and on the page. @module */

import { z } from "zod";
import { type AgentEvent, type Checked, checkEvent, NOT_EMPTY } from "../wire.ts";

/** What may be asked, and for whom. */
export const questionShape = {
  query: z.string().min(1, NOT_EMPTY),
  userId: z.string().exactOptional(),
  conversationId: z.string().exactOptional(),
  priority: z.string().exactOptional(),
  /** Anything else for the event's metadata; the fields above win. */
  metadata: z.record(z.string(), z.unknown()).exactOptional(),
};

export type Question = z.infer<z.ZodObject<typeof questionShape>>;

/** Make an event of a question, with an id of its own. What is too deep for an agent is refused. */
export function newEvent(
  { query, metadata, ...named }: Question,
  { source, now }: { source: string; now: number },
): Checked<AgentEvent> {
  return checkEvent({
    id: `event-${crypto.randomUUID()}`,
    query,
    timestamp: now,
    metadata: { source, ...metadata, ...named },
  });
}
