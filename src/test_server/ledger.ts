/** The events that a test server knows, with their states and answers. In memory only. @module */

import type { AgentEvent } from "../wire.ts";
import type { FeedAnswerMetadata, FeedAsker, FeedCounts, FeedEventState, FeedFrame, FeedSignature } from "./feed.ts";
import type { Limits } from "./limits.ts";
import { beginning, PRINTED_LENGTH } from "./shown_text.ts";

/** Somebody who is told of an event's answer. */
export interface Asker {
  /** Told the first response and the first ack, as the agent sent them, and the chunks before them. */
  readonly tell?: (frame: string) => void;
  /** Told that the event has changed: sent to an agent, answered in part or in full, failed. */
  readonly changed?: () => void;
}

/** One agent's answer to an event. */
export interface Said {
  readonly connection: number;
  readonly agentId: string;
  readonly identity: number;
  readonly state: "growing" | "answered" | "failed";
  /** The answer, what has come of it so far, or what is wrong. */
  readonly text: string;
  /** The index that its next chunk should have; undefined where one is missing, until the agent begins anew. */
  readonly nextIndex?: number | undefined;
  readonly restarts: number;
  readonly tookMs?: number;
  readonly metadata?: FeedAnswerMetadata;
  readonly signature?: FeedSignature;
}

/** An event that was asked. */
export interface Asked {
  /** Its id; for a sample, which each agent gets, {@linkcode sampleKey}. */
  readonly key: string;
  readonly event: AgentEvent;
  /** The event as agents are sent it. */
  readonly frame: string;
  readonly askedBy: FeedAsker;
  /** For a sample: the identity of the only agent that gets it. */
  readonly onlyFor?: number;
  /** Counts up in the order in which they were asked. */
  readonly number: number;
  readonly askedMs: number;
  /** When it was asked or, later, replayed. */
  startedMs: number;
  /** Changed by {@linkcode Ledger.move} alone. */
  state: FeedEventState;
  /** The latest agents that it was sent to. */
  sentTo: { connection: number; agentId: string; atMs: number }[];
  /** The identities of the agents that it was sent to: only they may answer it. */
  readonly askedOf: Set<number>;
  replays: number;
  /** Milliseconds from `startedMs` to its last answer or error. */
  tookMs?: number;
  /** By connection, first to last. Changed by {@linkcode Ledger.say} alone. */
  readonly said: Map<number, Said>;
  /** The one of them that counts: the first answer. */
  answer?: Said;
  error?: string;
  /** The connection whose chunks whoever asked is told. */
  growingAt?: number;
  /** Whether an ack has come since `startedMs`. */
  acknowledged: boolean;
  readonly frames: FeedFrame[];
  /** Each with the difference between an agent's index of a chunk and its own; Infinity: until the answer begins anew. */
  readonly askers: Map<Asker, number>;
}

/** The account of all events. */
export interface Ledger {
  get(key: string): Asked | undefined;
  /** First asked first. */
  all(): IterableIterator<Asked>;
  /** The last asked first. */
  newest(count: number): Asked[];
  readonly counts: FeedCounts;
  /** The reason why one more event of this size can't be taken on; undefined if it can. */
  refusal(bytes: number): string | undefined;
  add(asked: Asked): void;
  move(asked: Asked, to: FeedEventState): void;
  /** Keep a frame with the event it belongs to. */
  note(asked: Asked, frame: Omit<FeedFrame, "length">): void;
  /**
   * Keep an agent's answer, in place of its earlier one. A text that grows beyond the limit is not kept.
   *
   * @returns The answer as it is kept.
   */
  say(asked: Asked, said: Said): Said;
  /** Forget the answer of the agent on this connection. */
  unsay(asked: Asked, connection: number): void;
}

/** Most frames and answers that are kept with an event: the latest. */
const MAX_FRAMES = 20;
const MAX_SAID = 50;

/** Names a sample of one agent. No event can be meant instead: ids have no NUL. */
export function sampleKey(identity: number, eventId: string): string {
  return `sample\0${identity}\0${eventId}`;
}

/** Whether an event has been answered, or has failed. */
export function isSettled({ state }: Pick<Asked, "state">): boolean {
  return state === "answered" || state === "failed";
}

/** Whether the answer that counts is that the agent does not know. */
export function isDeclined({ state, answer }: Pick<Asked, "state" | "answer">): boolean {
  return state === "answered" && answer?.metadata?.declined === true;
}

/** An empty ledger. */
export function createLedger(limits: Limits): Ledger {
  return new BoundedLedger(limits);
}

class BoundedLedger implements Ledger {
  readonly counts = { waiting: 0, answering: 0, answered: 0, declined: 0, failed: 0 };
  readonly #limits: Limits;
  readonly #known = new Map<string, Asked>();
  /** Those that may be forgotten, longest at rest first, with their sizes. */
  readonly #atRest = new Map<Asked, number>();
  readonly #unanswered = { events: 0, bytes: 0 };
  #bytesAtRest = 0;
  #bytesGrowing = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get(key: string): Asked | undefined {
    return this.#known.get(key);
  }

  all(): IterableIterator<Asked> {
    return this.#known.values();
  }

  newest(count: number): Asked[] {
    return [...this.#known.values()].slice(-count).reverse();
  }

  refusal(bytes: number): string | undefined {
    const { unanswered, unansweredBytes } = this.#limits;
    if (this.#unanswered.events >= unanswered) {
      return `the limit of ${unanswered} unanswered events is reached: wait for answers, or connect more agents`;
    }
    if (this.#unanswered.bytes + bytes > unansweredBytes) {
      return `the limit of ${unansweredBytes} bytes of unanswered events is reached: wait for answers, or connect more agents`;
    }
  }

  add(asked: Asked): void {
    this.#known.set(asked.key, asked);
    this.#count(asked, 1);
  }

  move(asked: Asked, to: FeedEventState): void {
    this.#count(asked, -1); // of a replayed event, too: it counts once, as what became of it last
    asked.state = to;
    this.#count(asked, 1);
    if (isSettled(asked) || (asked.onlyFor !== undefined && to === "waiting")) this.#rest(asked);
    else this.#wake(asked);
  }

  note(asked: Asked, { text, ...frame }: Omit<FeedFrame, "length">): void {
    asked.frames.push({ ...frame, text: beginning(text, PRINTED_LENGTH), length: text.length });
    if (asked.frames.length > MAX_FRAMES) asked.frames.shift();
    this.#measureAgain(asked);
  }

  say(asked: Asked, said: Said): Said {
    this.#bytesGrowing -= growingBytes(asked.said.get(said.connection));
    const isTooMuch = growingBytes(said) + this.#bytesGrowing > this.#limits.growingBytes;
    const kept = isTooMuch ? { ...said, text: "", nextIndex: undefined } : said;
    this.#bytesGrowing += growingBytes(kept);
    asked.said.set(said.connection, kept);
    if (asked.said.size > MAX_SAID) {
      const oldest = [...asked.said.values()].find((other) => other !== kept && other !== asked.answer);
      if (oldest) this.unsay(asked, oldest.connection);
    }
    this.#measureAgain(asked);
    return kept;
  }

  unsay(asked: Asked, connection: number): void {
    this.#bytesGrowing -= growingBytes(asked.said.get(connection));
    asked.said.delete(connection);
  }

  #measureAgain(asked: Asked): void {
    if (this.#atRest.has(asked)) this.#rest(asked);
  }

  #rest(asked: Asked): void {
    this.#wake(asked);
    const bytes = sizeOf(asked);
    this.#atRest.set(asked, bytes);
    this.#bytesAtRest += bytes;
    const { kept, keptBytes } = this.#limits;
    for (const [oldest, size] of this.#atRest) {
      // The clients that asked are yet to be told of the latest one, however long it is.
      if (oldest === asked || (this.#atRest.size <= kept && this.#bytesAtRest <= keptBytes)) break;
      this.#atRest.delete(oldest);
      this.#bytesAtRest -= size;
      this.#forget(oldest);
    }
  }

  #wake(asked: Asked): void {
    this.#bytesAtRest -= this.#atRest.get(asked) ?? 0;
    this.#atRest.delete(asked);
  }

  #forget(asked: Asked): void {
    this.#known.delete(asked.key);
    for (const said of asked.said.values()) this.#bytesGrowing -= growingBytes(said);
    if (!isSettled(asked)) this.counts[asked.state]--;
  }

  /** Count it in (1) or out (-1), if it is unanswered. A sample, which waits for one agent, counts for no limit. */
  #count(asked: Asked, sign: 1 | -1): void {
    this.counts[asked.state] += sign;
    if (isDeclined(asked)) this.counts.declined += sign;
    if (asked.onlyFor !== undefined || isSettled(asked)) return;
    this.#unanswered.events += sign;
    this.#unanswered.bytes += sign * asked.frame.length;
  }
}

/** About what it takes, in UTF-16 code units; those of Latin letters take a byte each. */
function sizeOf({ frame, said, error, frames }: Asked): number {
  const texts = [
    frame,
    frame,
    error ?? "",
    ...[...said.values()].flatMap(({ text, metadata }) => [text, JSON.stringify(metadata ?? {})]),
    ...frames.map(({ text }) => text),
  ];
  return texts.reduce((sum, text) => sum + text.length, 0);
}

function growingBytes(said: Said | undefined): number {
  return said?.state === "growing" ? said.text.length : 0;
}
