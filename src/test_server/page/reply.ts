/** The server's replies to commands, in words for the user. @module */

import type { FeedReply } from "../feed.ts";
import { setText } from "./elements.ts";

/** Show it in `result`: `done`, or why the server refused. */
export function showReply(result: HTMLElement, reply: FeedReply, done: string): void {
  result.toggleAttribute("data-failed", reply.type === "refused");
  setText(result, refusalOf(reply) ?? done);
}

/** Why the server refused; undefined if it did not. */
export function refusalOf(reply: FeedReply): string | undefined {
  return reply.type === "refused" ? `Refused: ${reply.reason}` : undefined;
}
