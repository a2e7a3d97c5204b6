/** One question: sent, its answer printed. @module */

import { escapeControls, escapeControlsInLines } from "../../control_characters.ts";
import { type Clock, untilAborted } from "../../clock.ts";
import { type AgentEvent, type Chunk, isFailure, type Outcome } from "../../wire.ts";
import type { Way, WayHooks } from "./way.ts";

/** What asking needs. */
export interface AskParts {
  /** Opens the way to the agents. */
  readonly open: (hooks: WayHooks) => Promise<Way>;
  readonly clock: Clock;
  /** Prints to stdout, as it is. */
  readonly write: (text: string) => void;
  /** Prints a line to stderr. */
  readonly say: (line: string) => void;
}

/** Milliseconds without an answer after which something may be missing. */
const HINT_MS = 5_000;

/**
 * Ask one question and print its answer.
 *
 * @param options `waitMs`: how long to wait, at most.
 * @param signal Ends the waiting.
 * @returns Whether it was answered.
 * @throws {FatalError} If the way can't be opened, or is lost.
 */
export async function askOne(
  event: AgentEvent,
  { open, clock, write, say, waitMs }: AskParts & { waitMs: number },
  signal: AbortSignal,
): Promise<boolean> {
  const told = Promise.withResolvers<Outcome | undefined>();
  const growing = createGrowingText(write);
  const way = await open({
    isMine: (id) => id === event.id,
    heard: told.resolve,
    grew: growing.add,
    lost: told.reject,
  });
  const over = new AbortController();
  const enough = AbortSignal.any([signal, over.signal]);
  try {
    const startedMs = performance.now();
    await way.send([event]);
    say(`📤 Asked over ${way.place} (event ${event.id})`);
    void clock.sleep(HINT_MS, enough).then(() => {
      if (!enough.aborted) {
        say("⏳ No answer yet. Is an agent running with the same settings? Ctrl+C ends the waiting.");
      }
    });
    void untilAborted(signal).then(() => told.resolve(undefined));
    if (waitMs !== Infinity) void clock.sleep(waitMs, enough).then(() => told.resolve(undefined));
    const outcome = await told.promise;
    if (outcome === undefined) {
      growing.end("");
      say("⌛ Not answered yet. The event stays where it is: an agent answers it all the same.");
      return false;
    }
    const by = `agent ${escapeControls(outcome.agentId)}`;
    if (isFailure(outcome)) {
      growing.end("");
      say(`❌ ${by} could not answer: ${escapeControls(outcome.error)}`);
      return false;
    }
    growing.end(outcome.response);
    say(`✅ Answered by ${by} in ${Math.round(performance.now() - startedMs)} ms`);
    return true;
  } finally {
    over.abort();
    await way.close();
  }
}

/** A text that is printed as it grows. What was printed stays on the screen: where it begins anew, it does so below. */
function createGrowingText(write: (text: string) => void): { add(chunk: Chunk): void; end(whole: string): void } {
  let printed = "", nextIndex = 0;
  const print = (text: string) => {
    if (text !== "") write(escapeControlsInLines(text));
    printed += text;
  };
  const beginAnew = () => {
    if (printed !== "") write("\n");
    printed = "";
  };
  return {
    add({ index, delta, restart }) {
      // Without a restart: another agent answers, or the same one after its own restart.
      if (restart || index === 0) beginAnew();
      // Where a piece was lost, the rest comes with the whole answer.
      else if (index !== nextIndex) return;
      nextIndex = index + 1;
      print(delta);
    },
    /** The whole answer: only what is not on the screen yet is printed. */
    end(whole) {
      if (whole !== "" && !whole.startsWith(printed)) beginAnew();
      print(whole.slice(printed.length));
      if (printed !== "") write("\n");
    },
  };
}
