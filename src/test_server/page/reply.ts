/** What the server said to a command, for the user. @module */

import type { FeedReply } from "../feed.ts";
import { setText } from "./elements.ts";

/** Show it in `result`: `done`, or why the server refused. */
export function showReply(result: HTMLElement, reply: FeedReply, done: string): void {
  result.toggleAttribute("data-failed", reply.type === "refused");
  setText(result, reply.type === "refused" ? `Refused: ${reply.reason}` : done);
}
