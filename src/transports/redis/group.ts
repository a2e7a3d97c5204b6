/** A consumer group over one connection: what Redis is asked, and what its replies mean. @module */

import type { Clock } from "../../clock.ts";
import { messageOf } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { SourceObserver } from "../../observer.ts";
import { type TraceHeaders, traceHeaders } from "../../trace_headers.ts";
import { type Chunk, encodeChunk, type Entry } from "../../wire.ts";
import type { Holds } from "../holds.ts";
import { type FailureParts, OutcomeTooLargeError, readMessage, refusalOf, typeOf } from "../messages.ts";
import type { Delivery } from "../transport.ts";
import type { RedisConnection, Reply } from "./connection.ts";
import {
  claimedEntries,
  type HeldEntry,
  keyOf,
  lastField,
  pendingEntries,
  type PendingEntry,
  type StreamEntry,
} from "./entries.ts";
import { createEndings, type Endings, LONG_TEXT } from "./ending.ts";
import { createScripts, FORGET, KEEP } from "./scripts.ts";

/** Where events, outcomes and dead letters are, and how many at a time. */
export interface GroupOptions extends FailureParts {
  /** Streams of events, in the order of their priority. */
  readonly streams: readonly string[];
  readonly outcomeStream: string;
  readonly deadStream: string;
  readonly groupName: string;
  /** This agent's name in the group. */
  readonly consumer: string;
  readonly agentId: string;
  /** Milliseconds without a sign of life after which an entry is taken over. */
  readonly claimAfterMs: number;
  /** Most entries held. */
  readonly prefetch: number;
  /** Deliveries after which an entry is a dead letter. */
  readonly maxDeliveries: number;
  /** Largest event that is taken, in bytes of JSON. */
  readonly maxBytes: number;
  /** What this agent holds. */
  readonly holds: Holds<HeldEntry>;
  /** What the server was found not to take: it ends the connection, so that the next one has to know. */
  readonly limit: ServerLimit;
  readonly observer?: SourceObserver | undefined;
  readonly log: Log;
  readonly clock: Clock;
}

/** A limit of the server that only a refusal tells of. */
export interface ServerLimit {
  /** Length of the shortest text that it refused; Infinity as long as it took all. */
  refusedLength: number;
}

/** What can be done with the group. */
export interface Group {
  /** Make streams and groups that are missing. */
  make(): Promise<void>;
  /** Remove consumers that have nothing pending: this one, and others that were silent for an hour. */
  tidy(): Promise<void>;
  /** Give a sign of life for what is held. Returns the entries whose agents give none, the innocent first. */
  keep(): Promise<PendingEntry[]>;
  /** Take an entry over from an agent that gives no sign of life; empty if another one was faster, or it is a dead letter. */
  takeOver(pending: PendingEntry): Promise<Delivery[]>;
  /** What becomes of an entry that was read: an event is held from now on, anything else ends as a dead letter. */
  receive(entry: StreamEntry, options: { attempt: number }): Promise<Delivery[]>;
  /**
   * Settle a held entry.
   *
   * @throws {OutcomeTooLargeError} If the server takes no text as long.
   * @throws {Error} If that can't be done now.
   */
  settle(held: HeldEntry, entry: Entry, trace?: TraceHeaders): Promise<void>;
  /** Publish a piece of an answer to the channel that the entry asks for. @returns False if it asks for none. */
  chunk(held: HeldEntry, chunk: Chunk): boolean;
  /** Hand back what this consumer has not settled, so that others can take it at once. */
  handBack(): Promise<void>;
}

/** Pieces of answers that the server has not answered yet, at most. */
const MAX_CHUNKS = 100;
/** Entries in one command, where there may be any number. */
const PAGE = 100;
/** Consumers that have nothing and were silent for this long are removed: each start of an agent has a name of its own. */
const FORGET_AFTER_MS = 60 * 60 * 1000;

type RedisCommands = Pick<RedisConnection, "command" | "commandForBytes">;

/** The group of `options` over an open connection. */
export function createGroup(connection: RedisCommands, options: GroupOptions): Group {
  return new OpenGroup(connection, options);
}

class OpenGroup implements Group {
  readonly #command: RedisConnection["command"];
  readonly #commandForBytes: RedisConnection["commandForBytes"];
  readonly #runScript: ReturnType<typeof createScripts>;
  readonly #endings: Endings;
  readonly #options: GroupOptions;
  #chunksUnderWay = 0;
  #isChunkRefused = false;

  constructor({ command, commandForBytes }: RedisCommands, options: GroupOptions) {
    this.#command = command;
    this.#commandForBytes = commandForBytes;
    this.#runScript = createScripts({ command });
    this.#endings = createEndings({ ...options, runScript: this.#runScript });
    this.#options = options;
  }

  async make(): Promise<void> {
    const { streams, groupName } = this.#options;
    for (const stream of streams) {
      try {
        // From the first entry on: events may have been added before the first agent came.
        await this.#command("XGROUP", "CREATE", stream, groupName, "0", "MKSTREAM");
      } catch (error) {
        if (!messageOf(error).startsWith("BUSYGROUP")) throw error;
      }
    }
  }

  async tidy(): Promise<void> {
    const { streams, groupName, consumer } = this.#options;
    for (const stream of streams) {
      await unlessMissing(() => this.#runScript(FORGET, stream, groupName, consumer, String(FORGET_AFTER_MS)));
    }
  }

  async keep(): Promise<PendingEntry[]> {
    const { streams, groupName, consumer, claimAfterMs, holds } = this.#options;
    const found: PendingEntry[] = [];
    for (const stream of streams) {
      const own = [...holds].filter((held) => held.stream === stream && !held.isTrimmed);
      await unlessMissing(async () => {
        for (let at = 0; at < own.length; at += PAGE) {
          const entries = own.slice(at, at + PAGE).map(({ entry }) => entry);
          const gone = await this.#runScript(KEEP, stream, groupName, consumer, ...entries) as readonly Reply[];
          for (const held of own) if (gone.includes(held.entry)) held.isTrimmed = true;
        }
        const idle = ["IDLE", String(claimAfterMs), "-", "+", String(PAGE)];
        found.push(...pendingEntries(stream, await this.#command("XPENDING", stream, groupName, ...idle)));
      });
    }
    // An event that kills its agents has been delivered most often.
    return found.filter((pending) => !holds.has(keyOf(pending))).sort((a, b) => a.deliveries - b.deliveries);
  }

  async takeOver({ stream, entry, deliveries }: PendingEntry): Promise<Delivery[]> {
    const { groupName, consumer, claimAfterMs, maxDeliveries } = this.#options;
    const reply = await this.#command("XCLAIM", stream, groupName, consumer, String(claimAfterMs), entry);
    const [read] = claimedEntries(stream, reply);
    if (!read) return [];
    if (deliveries < maxDeliveries || read.fields === undefined) {
      return await this.receive(read, { attempt: deliveries + 1 });
    }
    const reason = `delivered ${deliveries} times, and no agent has settled it`;
    this.#options.observer?.refused("delivered_too_often");
    await this.#refuse({ ...read, fields: read.fields }, { reason, deliveries });
    return [];
  }

  async receive(read: StreamEntry, { attempt }: { attempt: number }): Promise<Delivery[]> {
    try {
      return await this.#receive(read, { attempt });
    } catch (error) {
      // It is still pending: whoever takes it over later looks at it again. Those beside it are not concerned.
      const { stream, entry } = read;
      this.#options.log.warn("entry put off", { stream, entry, error: messageOf(error) });
      return [];
    }
  }

  async #receive(read: StreamEntry, { attempt }: { attempt: number }): Promise<Delivery[]> {
    const { stream, entry, fields } = read;
    if (fields === undefined) {
      await this.#command("XACK", stream, this.#options.groupName, entry);
      return [];
    }
    const body = await this.#bodyOf({ stream, entry, fields });
    if (body === undefined) this.#options.observer?.refused("invalid");
    const checked = body === undefined
      ? { ok: false as const, reason: "expected a field named body" }
      : readMessage(body, this.#options);
    const correlationId = fields.get("correlation_id");
    if (!checked.ok) {
      await this.#refuse({ ...read, fields }, { reason: checked.reason, id: checked.id, deliveries: attempt });
      return [];
    }
    const replyTo = fields.get("reply_to");
    const held = {
      stream,
      entry,
      ...(correlationId !== undefined && { correlationId }),
      // The sender of an event may not have the agent publish to channels that others use for something else.
      ...(replyTo?.startsWith(`${this.#options.outcomeStream}:`) && { replyTo }),
    };
    this.#options.holds.add(keyOf(held), held, { attempt });
    return [{ event: checked.value, handle: held, attempt, trace: traceIn(fields) }];
  }

  /** The body of an entry; its bytes, where the text may have something else in place of what is no UTF-8. */
  async #bodyOf(
    { stream, entry, fields }: StreamEntry & { readonly fields: ReadonlyMap<string, string> },
  ): Promise<string | Uint8Array | undefined> {
    const body = fields.get("body");
    if (!body?.includes("\ufffd")) return body;
    return lastField("body", await this.#commandForBytes("XRANGE", stream, entry, entry)) ?? body;
  }

  async settle(held: HeldEntry, entry: Entry, trace?: TraceHeaders): Promise<void> {
    const { limit } = this.#options;
    if (entry.text.length >= limit.refusedLength) throw new OutcomeTooLargeError(entry);
    const outcome = this.#outcomeFields(entry, { correlationId: held.correlationId, trace });
    const wasOpen = await unlessMissing(() => this.#endings.end({ ...held, outcome, letter: [] })).catch((error) => {
      if (!isTooLarge(error) || entry.text.length < LONG_TEXT) throw error;
      limit.refusedLength = entry.text.length;
      throw new OutcomeTooLargeError(entry);
    });
    if (wasOpen) return;
    const event = entry.outcome.queryId;
    this.#options.log.info("the entry of event {event} was settled by another agent, or deleted", { event });
  }

  chunk({ replyTo }: HeldEntry, chunk: Chunk): boolean {
    if (replyTo === undefined || this.#chunksUnderWay >= MAX_CHUNKS) return false;
    this.#chunksUnderWay++;
    const published = this.#command("PUBLISH", replyTo, encodeChunk(chunk)).catch((error) => {
      if (!messageOf(error).startsWith("NOPERM") || this.#isChunkRefused) return;
      this.#isChunkRefused = true;
      this.#options.log.warn("pieces of answers can't be published: the user needs PUBLISH on their channels", {
        error: messageOf(error),
      });
    });
    void published.finally(() => this.#chunksUnderWay--);
    return true;
  }

  async handBack(): Promise<void> {
    const { streams, groupName, consumer, claimAfterMs } = this.#options;
    for (const stream of streams) {
      await unlessMissing(async () => {
        const reply = await this.#command("XPENDING", stream, groupName, "-", "+", "10000", consumer);
        for (const { entry, deliveries } of pendingEntries(stream, reply)) {
          // This delivery doesn't count: the entry has killed nobody.
          const state = ["IDLE", String(claimAfterMs), "RETRYCOUNT", String(Math.max(0, deliveries - 1)), "JUSTID"];
          await this.#command("XCLAIM", stream, groupName, consumer, "0", entry, ...state);
        }
      });
    }
  }

  /** An error outcome, if the entry has an id to send it for, and a dead letter. */
  async #refuse(
    read: StreamEntry & { readonly fields: ReadonlyMap<string, string> },
    { reason, id, deliveries }: { reason: string; id?: string | undefined; deliveries: number },
  ): Promise<void> {
    const { log } = this.#options;
    const { stream, entry, fields } = read;
    log.warn("entry refused", { stream, entry, reason, ...(id !== undefined && { event: id }) });
    const refusal = id === undefined ? undefined : refusalOf(id, { reason, ...this.#options });
    const about = { correlationId: fields.get("correlation_id"), trace: traceIn(fields) };
    const outcome = refusal ? this.#outcomeFields(refusal, about) : [];
    const why = { dead_stream: stream, dead_entry: entry, dead_deliveries: String(deliveries), dead_reason: reason };
    const letter = Object.entries(why).flat();
    await this.#endings.end({ stream, entry, outcome, letter });
    this.#options.observer?.deadLettered();
  }

  #outcomeFields(
    entry: Entry,
    { correlationId, trace }: { correlationId: string | undefined; trace: TraceHeaders | undefined },
  ): string[] {
    const id = entry.outcome.queryId;
    const fields = ["body", entry.text, "id", id, "type", typeOf(entry), "app_id", this.#options.agentId];
    return [...fields, "correlation_id", correlationId ?? id, ...Object.entries(trace ?? {}).flat()];
  }
}

/** Whether the server refuses a text for its length: its `proto-max-bulk-len`, or the limit of a hosted one. */
function isTooLarge(error: unknown): boolean {
  return /invalid bulk length|max(imum)? request size/i.test(messageOf(error));
}

/** Whether an error says that stream or group are not there: somebody deleted them, and the next read makes them again. */
export function isGroupMissing(error: unknown): boolean {
  return /^(NOGROUP|UNBLOCKED)|no such key/i.test(messageOf(error));
}

/** The trace that the fields of an entry name. */
function traceIn(fields: ReadonlyMap<string, string>): TraceHeaders | undefined {
  return traceHeaders((name) => fields.get(name));
}

async function unlessMissing<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (!isGroupMissing(error)) throw error;
    return undefined;
  }
}
