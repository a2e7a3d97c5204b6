/** The events that a test server knows, as long as it knows them, and what became of each. In memory only. @module */

import type { AgentEvent, AnswerMetadata } from "../wire.ts";
import type { FeedAsker, FeedCounts, FeedEventState, FeedFrame } from "./feed.ts";
import type { Limits } from "./limits.ts";
import { beginning } from "./shown_text.ts";

/** Whoever wants to know what becomes of an event. */
export interface Asker {
  /** Told the first response and the first ack, as the agent sent them. */
  tell(frame: string): void;
}

/** An event that was asked. */
export interface Asked {
  /** Its id; for a sample, which each agent gets, {@linkcode sampleKey}. */
  readonly key: string;
  readonly event: AgentEvent;
  /** The event as agents are sent it. */
  readonly frame: string;
  readonly askedBy: FeedAsker;
  /** For a sample: the id of the only agent that gets it. */
  readonly onlyFor?: string;
  /** Counts up in the order in which they were asked. */
  readonly number: number;
  readonly askedMs: number;
  /** When it was asked or, later, replayed. */
  startedMs: number;
  /** Changed by {@linkcode Ledger.move} alone. */
  state: FeedEventState;
  sentTo: { connection: number; agentId: string; atMs: number }[];
  replays: number;
  /** Milliseconds from `startedMs` to its last answer or error. */
  tookMs?: number;
  answer?: { response: string; agentId: string; connection: number; metadata?: AnswerMetadata };
  error?: string;
  /** Whether an ack has come since `startedMs`. */
  acknowledged: boolean;
  readonly frames: FeedFrame[];
  readonly askers: Set<Asker>;
}

export interface Ledger {
  get(key: string): Asked | undefined;
  /** First asked first. */
  all(): IterableIterator<Asked>;
  /** The last asked first. */
  newest(count: number): Asked[];
  readonly counts: FeedCounts;
  /** Why one more event of so many bytes can't be taken on, if it can't. */
  refusal(bytes: number): string | undefined;
  add(asked: Asked): void;
  move(asked: Asked, to: FeedEventState): void;
  /** Keep a frame with the event it belongs to. */
  note(asked: Asked, frame: Omit<FeedFrame, "length">): void;
}

/** Frames kept with an event: the latest. */
const MAX_FRAMES = 20;

/** Ids of agents are UUIDs, without blanks: no event's id can be meant instead of one, as long as it has none. */
export function sampleKey(agentId: string, eventId: string): string {
  return `${agentId} ${eventId}`;
}

export function isSettled({ state }: Asked): boolean {
  return state === "answered" || state === "failed";
}

export function createLedger(limits: Limits): Ledger {
  const known = new Map<string, Asked>();
  /** Those that may be forgotten, longest at rest first, with their sizes. */
  const atRest = new Map<Asked, number>();
  let bytesAtRest = 0;
  const unanswered = { events: 0, bytes: 0 };
  const counts = { waiting: 0, answering: 0, answered: 0, failed: 0 };

  function rest(asked: Asked): void {
    wake(asked);
    const bytes = sizeOf(asked);
    atRest.set(asked, bytes);
    bytesAtRest += bytes;
    for (const [oldest, size] of atRest) {
      // Whoever asked is told of the latest one yet, however long it is.
      if (oldest === asked || (atRest.size <= limits.kept && bytesAtRest <= limits.keptBytes)) break;
      atRest.delete(oldest);
      bytesAtRest -= size;
      known.delete(oldest.key);
      if (!isSettled(oldest)) counts[oldest.state]--;
    }
  }

  function wake(asked: Asked): void {
    bytesAtRest -= atRest.get(asked) ?? 0;
    atRest.delete(asked);
  }

  /** Count it in (1) or out (-1), if it is unanswered. A sample, which waits for one agent, counts for no limit. */
  function count(asked: Asked, sign: 1 | -1): void {
    counts[asked.state] += sign;
    if (asked.onlyFor !== undefined || isSettled(asked)) return;
    unanswered.events += sign;
    unanswered.bytes += sign * asked.frame.length;
  }

  return {
    get: (key) => known.get(key),
    all: () => known.values(),
    newest: (count) => [...known.values()].slice(-count).reverse(),
    counts,
    refusal(bytes) {
      if (unanswered.events >= limits.unanswered) {
        return `the limit of ${limits.unanswered} unanswered events is reached: wait for answers, or connect more agents`;
      }
      if (unanswered.bytes + bytes > limits.unansweredBytes) {
        return `the limit of ${limits.unansweredBytes} bytes of unanswered events is reached: wait for answers, or connect more agents`;
      }
    },
    add(asked) {
      known.set(asked.key, asked);
      count(asked, 1);
    },
    move(asked, to) {
      count(asked, -1); // of a replayed event, too: it counts once, as what became of it last
      asked.state = to;
      count(asked, 1);
      if (isSettled(asked) || (asked.onlyFor !== undefined && to === "waiting")) rest(asked);
      else wake(asked);
    },
    note(asked, { text, ...frame }) {
      asked.frames.push({ ...frame, text: beginning(text), length: text.length });
      if (asked.frames.length > MAX_FRAMES) asked.frames.shift();
      if (atRest.has(asked)) rest(asked);
    },
  };
}

/** About what it takes, in UTF-16 code units; those of Latin letters take a byte each. */
function sizeOf({ frame, answer, error, frames }: Asked): number {
  const texts = [frame, frame, answer?.response ?? "", error ?? "", ...frames.map(({ text }) => text)];
  return texts.reduce((sum, text) => sum + text.length, 0);
}
