/** A chat in a terminal, or with piped lines, with the same mind and memory as for events. @module */

import process from "node:process";
import { createInterface, type Interface } from "node:readline";
import type { Clock } from "../clock.ts";
import { escapeControls, escapeControlsInLines } from "../control_characters.ts";
import { messageOf } from "../errors.ts";
import { OutputError } from "../streams.ts";
import type { Decoded } from "../utf8.ts";
import { CHAT } from "../wire.ts";
import type { AnswerWriter, Mind } from "../mind/mind.ts";
import { pipedLines } from "./piped_lines.ts";

/** What a chat needs. */
export interface ChatParts {
  readonly mind: Pick<Mind, "answer">;
  /** The agent's name, shown before its answers. */
  readonly name: string;
  /** The name of the conversation, whose earlier messages are remembered. */
  readonly conversation: string;
  /** Resolves once what was remembered is on disk. */
  readonly committed: () => Promise<void>;
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  readonly clock: Clock;
}

/** The text of `/help`. */
const HELP = `Every line is a question, and gets one answer. What was said before is known.
  exit, quit, Ctrl+D   end the chat
  /help                print this
Start with --conversation NAME to begin another conversation.
`;

/**
 * Answer each line of stdin, until it ends, a line says so, or `signal` aborts. On a terminal there is a prompt; what is
 * piped in gets the bare answers.
 *
 * @returns How many lines could not be answered.
 */
export async function chat(parts: ChatParts, signal: AbortSignal): Promise<{ unanswered: number }> {
  const { conversation, write } = parts;
  // Escaped, because a character file may come from anywhere.
  const name = escapeControls(parts.name);
  const ended = new AbortController();
  const stop = AbortSignal.any([signal, ended.signal]);
  const typed = Deno.stdin.isTerminal() ? typedLines(stop, () => ended.abort()) : undefined;
  let unanswered = 0;
  if (typed) {
    write(
      `Talking to ${name}, conversation ${JSON.stringify(conversation)}. /help says more, exit or Ctrl+D ends.\n\n`,
    );
    typed.prompt();
  }
  for await (const line of typed?.lines ?? pipedLines(stop)) {
    const { text, invalidAt }: Decoded = typeof line === "string" ? { text: line } : line;
    const query = text.trim();
    if (/^\/?(exit|quit)$/i.test(query)) break;
    if (/^\/help$/i.test(query)) write(`${HELP}\n`);
    else if (invalidAt) {
      parts.writeError(`no answer: line ${invalidAt.line} is not UTF-8, at column ${invalidAt.column}\n`);
      unanswered++;
    } else if (query !== "" && !(await say(query, { ...parts, lead: typed ? `${name}: ` : "" }, stop))) unanswered++;
    if (stop.aborted) break;
    typed?.prompt();
  }
  typed?.lines.close();
  if (typed) write("\n");
  return { unanswered };
}

/** The lines that are typed at a terminal, and what asks for the next one. */
function typedLines(stop: AbortSignal, interrupted: () => void): { lines: Interface; prompt: () => void } {
  const lines = createInterface({ input: process.stdin, output: process.stdout, prompt: "You: " });
  // Ctrl+D may come while an answer is awaited, and a closed readline throws at the next prompt.
  let isClosed = false;
  lines.on("close", () => isClosed = true);
  // While readline edits a line on a terminal, Ctrl+C is a key press, not a signal.
  lines.on("SIGINT", interrupted);
  stop.addEventListener("abort", () => lines.close(), { once: true });
  if (stop.aborted) lines.close();
  return { lines, prompt: () => isClosed || lines.prompt() };
}

/** Answer one line. Returns false if there is no answer, unless the chat is ending. */
async function say(query: string, parts: ChatParts & { lead: string }, signal: AbortSignal): Promise<boolean> {
  parts.write(parts.lead);
  try {
    await answerTo(query, parts, signal);
    return true;
  } catch (error) {
    if (error instanceof OutputError) throw error;
    if (signal.aborted) return true;
    parts.writeError(`no answer: ${escapeControls(messageOf(error))}\n`);
    return false;
  }
}

/** Answer one line: as the answer grows where somebody looks on, else in one piece. */
async function answerTo(query: string, parts: ChatParts & { lead: string }, signal: AbortSignal): Promise<void> {
  const { mind, conversation, committed, clock, lead, write } = parts;
  let written = "", breaksOff = false;
  const writer: AnswerWriter = {
    write(delta) {
      // Not before there is more: until then, warnings may come.
      if (breaksOff) write(`\n[The answer broke off, and begins anew.]\n${lead}`);
      breaksOff = false;
      written += delta;
      write(escapeControlsInLines(delta));
    },
    restart() {
      breaksOff ||= written !== "";
      written = "";
    },
  };
  const event = {
    id: crypto.randomUUID(),
    query,
    timestamp: clock.now(),
    // No event can name this conversation, and a chat can't reach the conversations of the agent's users.
    metadata: { [CHAT]: conversation },
  };
  const { text, sources } = await mind.answer(event, signal, lead === "" ? {} : { writer });
  await committed();
  const rest = written === "" ? text : "";
  const named = sources.length > 0 ? `\n[${sources.join(", ")}]` : "";
  write(`${escapeControlsInLines(rest + named)}\n\n`);
}
