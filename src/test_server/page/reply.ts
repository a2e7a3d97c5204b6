/** The server's replies to commands, in words for the user. @module */

import { setText } from "./elements.ts";
import type { Reply } from "./feed_link.ts";

/** Show it in `result`: `done`, or why it is not. */
export function showReply(result: HTMLElement, reply: Reply, done: string): void {
  result.toggleAttribute("data-failed", reply.type !== "done");
  setText(result, refusalOf(reply) ?? done);
}

/** Why it is not done, or not known to be; undefined if it is. */
export function refusalOf(reply: Reply): string | undefined {
  return reply.type === "done" ? undefined : reply.type === "lost" ? reply.reason : `Refused: ${reply.reason}`;
}
