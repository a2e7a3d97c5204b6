/** Entries of a stream as Redis sends them, and as the transport knows them. @module */

import type { ByteReply, Reply } from "./connection.ts";

/** An entry that was read: its id in the stream and its fields. */
export interface StreamEntry {
  readonly stream: string;
  readonly entry: string;
  /** Undefined where the entry was deleted, though it is still pending. */
  readonly fields: ReadonlyMap<string, string> | undefined;
}

/** An entry that this agent holds. */
export interface HeldEntry {
  readonly stream: string;
  readonly entry: string;
  /** What the sender wants to find again in the outcome. */
  readonly correlationId?: string;
  /** The channel that pieces of the answer are published to. */
  readonly replyTo?: string;
  /** Set once it was found gone from its stream, as by `MAXLEN`, while it was held: nobody else can answer it any more. */
  isTrimmed?: true;
}

/** An entry that some agent was given and has not settled. */
export interface PendingEntry {
  readonly stream: string;
  readonly entry: string;
  readonly deliveries: number;
}

/** Names an entry among those of all streams. */
export function keyOf({ stream, entry }: { readonly stream: string; readonly entry: string }): string {
  return `${entry} ${stream}`;
}

/** The entries in the reply to XREADGROUP; nil means that there are none. */
export function readEntries(reply: Reply): StreamEntry[] {
  return listOf(reply).flatMap((part) => {
    const [stream = null, entries = null] = listOf(part);
    return claimedEntries(String(stream), entries);
  });
}

/** The entries in the reply to XCLAIM; an older server has nil for one that was deleted. */
export function claimedEntries(stream: string, reply: Reply): StreamEntry[] {
  return listOf(reply).filter((part) => part !== null).map((part) => {
    const [entry = null, fields = null] = listOf(part);
    return { stream, entry: String(entry), fields: fields === null ? undefined : fieldsOf(listOf(fields)) };
  });
}

/** The entries in the reply to XPENDING with a range. */
export function pendingEntries(stream: string, reply: Reply): PendingEntry[] {
  return listOf(reply).map((part) => {
    const [entry = null, , , deliveries = null] = listOf(part);
    return { stream, entry: String(entry), deliveries: Number(deliveries) };
  });
}

/** The bytes of a field in the reply to XRANGE for one entry; undefined where there is none. */
export function lastField(name: string, reply: ByteReply): Uint8Array | undefined {
  const [entry = null] = bytesOf(reply), [, given = null] = bytesOf(entry), fields = bytesOf(given);
  const at = fields.findLastIndex((part, at) => at % 2 === 0 && String(part) === name);
  const value = at < 0 ? undefined : fields[at + 1];
  return value instanceof Uint8Array ? value : undefined;
}

function bytesOf(reply: ByteReply): readonly ByteReply[] {
  return Array.isArray(reply) ? reply : [];
}

function fieldsOf(parts: readonly Reply[]): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (let at = 0; at + 1 < parts.length; at += 2) fields.set(String(parts[at]), String(parts[at + 1]));
  return fields;
}

function listOf(reply: Reply): readonly Reply[] {
  return Array.isArray(reply) ? reply : [];
}
