/** A conversation with the agent in a terminal, or with lines that are piped in: the same mind and memory as for events. @module */

import process from "node:process";
import { createInterface } from "node:readline";
import type { Clock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import type { Mind } from "../mind/mind.ts";

/** What a chat is made of. */
export interface ChatParts {
  readonly mind: Pick<Mind, "answer">;
  /** The agent's, put before its answers. */
  readonly name: string;
  /** Names the conversation: what was said in it before is known. */
  readonly conversation: string;
  /** Resolves once what was remembered is on disk. */
  readonly committed: () => Promise<void>;
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  readonly clock: Clock;
}

/**
 * Answer each line of stdin, until it ends or `signal` aborts. On a terminal there is a prompt; what is piped in gets
 * the bare answers.
 *
 * @returns How many lines could not be answered.
 */
export async function chat(parts: ChatParts, signal: AbortSignal): Promise<{ unanswered: number }> {
  const { name, conversation, write, writeError } = parts;
  const isTerminal = process.stdin.isTTY === true;
  const ended = new AbortController();
  const stop = AbortSignal.any([signal, ended.signal]);
  const lines = createInterface({
    input: process.stdin,
    ...(isTerminal && { output: process.stdout, prompt: "You: " }),
  });
  // On a terminal that is edited in, Ctrl+C is a key and no signal.
  lines.on("SIGINT", () => ended.abort());
  stop.addEventListener("abort", () => lines.close(), { once: true });
  if (stop.aborted) lines.close();
  let unanswered = 0;
  if (isTerminal) {
    write(`Talking to ${name}, conversation ${JSON.stringify(conversation)}. Ctrl+D ends.\n\n`);
    lines.prompt();
  }
  for await (const line of lines) {
    const query = line.trim();
    if (query !== "") {
      if (isTerminal) write(`${name}: `);
      try {
        write(`${await answerTo(query, parts, stop)}\n\n`);
      } catch (error) {
        if (stop.aborted) break;
        unanswered++;
        writeError(`no answer: ${printable(messageOf(error))}\n`);
      }
    }
    if (isTerminal) lines.prompt();
  }
  if (isTerminal) write("\n");
  return { unanswered };
}

async function answerTo(query: string, parts: ChatParts, signal: AbortSignal): Promise<string> {
  const { mind, conversation, committed, clock } = parts;
  const event = {
    id: crypto.randomUUID(),
    query,
    timestamp: clock.now(),
    // A name of its own kind: whoever chats does not walk into the conversations of the agent's users.
    metadata: { conversationId: `chat:${conversation}` },
  };
  const { text, sources } = await mind.answer(event, signal);
  await committed();
  return printable(sources.length > 0 ? `${text}\n[${sources.join(", ")}]` : text);
}

/** Without what would move the cursor or colour the rest: an answer may hold anything. */
function printable(text: string): string {
  return text.replace(/[[\p{Control}\p{Bidi_Control}]--[\n\t]]/gv, "");
}
