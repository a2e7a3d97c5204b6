/** The actions of an event's buttons. @module */

import type { FeedEvent } from "../feed.ts";
import type { AskForm } from "./ask_form.ts";
import type { RowActions } from "./event_row.ts";
import type { Reply, Request } from "./feed_link.ts";
import { refusalOf } from "./reply.ts";

/** Let the buttons ask by `request`. `onAsked`: the server has taken a question, under this key. */
export function createRowActions(
  request: (command: Request) => Promise<Reply>,
  { form, onAsked }: { form: () => AskForm; onAsked: (key: string) => void },
): RowActions {
  const read: RowActions["read"] = async (key, connection) => {
    const reply = await request({ type: "read", key, ...connection !== undefined && { connection } });
    return reply.type === "done"
      ? { text: reply.text ?? "", metadata: reply.metadata }
      : { wrong: refusalOf(reply) ?? "" };
  };

  /** The question of an event, with all that was said about it. */
  async function questionOf({ key, event: { query, metadata }, queryLength }: FeedEvent) {
    // A large metadata was left out, and looks like none.
    if (metadata && query.length === queryLength) return { query, metadata };
    const whole = await read(key);
    return "text" in whole ? { query: whole.text, metadata: whole.metadata ?? {} } : whole;
  }

  return {
    read,
    replay: async ({ key }) => refusalOf(await request({ type: "replay", key })),
    async askAgain(event) {
      const question = await questionOf(event);
      if ("wrong" in question) return question.wrong;
      const reply = await request({ type: "ask", ...question });
      if (reply.type === "done" && reply.key !== undefined) onAsked(reply.key);
      return refusalOf(reply);
    },
    async edit(event) {
      const question = await questionOf(event);
      if ("wrong" in question) return question.wrong;
      form().edit(question);
    },
  };
}
