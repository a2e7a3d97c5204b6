/** Replays dstack's log of events into the registers RTMR0 to RTMR3, which the quote vouches for. @module */

import { hash } from "node:crypto";
import * as z from "zod";
import { describeIssues } from "../../zod_issues.ts";
import { Refusal } from "./verdict.ts";

/** dstack's type for the events that it adds to RTMR3 itself. @see Dstack-TEE/dstack, cc-eventlog/src/runtime_events.rs */
const RUNTIME_EVENT = 0x08000001;
const RUNTIME_REGISTER = 3;
const REGISTER_BYTES = 48;
/** The last event before the operator's containers start: what comes later, any container may have added. */
const BOOT_IS_DONE = "boot-mr-done";
const COMPOSE_HASH = "compose-hash";
/** Logs of dstack have some 40 events. Whoever shows evidence chooses how many there are to be checked. */
const MOST_EVENTS = 10_000;

const hex = z.string().regex(/^([0-9a-fA-F]{2})*$/, "expected hexadecimal digits");
const eventSchema = z.object({
  imr: z.number().int().min(0).max(3),
  event_type: z.number().int().min(0).max(0xffff_ffff),
  digest: hex.max(2 * REGISTER_BYTES),
  event: z.string(),
  event_payload: hex,
  version: z.number().optional(),
});
type LoggedEvent = z.infer<typeof eventSchema>;

/** What a log says, its registers being the quote's. */
export interface ReplayedLog {
  /** SHA-256 of the compose file, in lower-case hexadecimal digits; absent if no event tells it. */
  readonly composeHash?: string;
}

/**
 * Replay a log and compare each register that it has events for with the quote's.
 *
 * @param text JSON: an array of events, as the guest agent's `/GetQuote` returns it.
 * @param measurements The quote's, verified.
 * @throws {Refusal} If the log has not the form, an event's digest is not its content's, or a register differs.
 */
export function replayEventLog(text: string, measurements: Readonly<Record<string, string>>): ReplayedLog {
  const events = parseLog(text);
  const registers = Array.from({ length: 4 }, () => new Uint8Array(REGISTER_BYTES));
  for (const event of events) {
    const digest = new Uint8Array(REGISTER_BYTES);
    digest.set(digestOf(event));
    registers[event.imr] = sha384(concat(registers[event.imr]!, digest));
  }
  for (const [index, register] of registers.entries()) {
    // dstack's short logs leave out the firmware's events: such a register can only be compared with an expected one.
    const isLogged = events.some(({ imr }) => imr === index);
    if (!isLogged || register.toHex() === measurements[`rtmr${index}`]) continue;
    throw new Refusal("event-log", `the log of events does not lead to the quote's RTMR${index}`);
  }
  return composeHashIn(events);
}

function parseLog(text: string): LoggedEvent[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Refusal("event-log", "the log of events is not JSON");
  }
  if (!Array.isArray(value)) throw new Refusal("event-log", "the log of events is no JSON array");
  if (value.length > MOST_EVENTS) {
    throw new Refusal("event-log", `the log of events has ${value.length} of them, and may have ${MOST_EVENTS}`);
  }
  return value.map((event, index) => {
    const parsed = eventSchema.safeParse(event);
    if (parsed.success) return parsed.data;
    throw new Refusal("event-log", `event ${index + 1} in the log: ${describeIssues(parsed.error)}`);
  });
}

/**
 * What an event added to its register. For dstack's own events the digest is made from the content, or what the log says of
 * an event would be bound to nothing; the firmware's events stand in the log by their digests alone.
 */
function digestOf(event: LoggedEvent): Uint8Array {
  const told = Uint8Array.fromHex(event.digest);
  if (event.imr !== RUNTIME_REGISTER) return told;
  if (event.event_type !== RUNTIME_EVENT) {
    throw new Refusal("event-log", `an event of another type than dstack's in RTMR3: ${event.event_type}`);
  }
  const made = event.version === 2 ? [secondForm(event)] : [firstForm(event), secondForm(event)];
  if (told.length === 0) return made[0]!;
  const fitting = made.find((digest) => digest.toHex() === told.toHex());
  if (!fitting) throw new Refusal("event-log", `the digest of the event ${JSON.stringify(event.event)} is not its own`);
  return fitting;
}

/** Type in four bytes, the lowest first, then name and payload, with colons between. */
function firstForm({ event_type, event, event_payload }: LoggedEvent): Uint8Array<ArrayBuffer> {
  const type = new Uint8Array(4);
  new DataView(type.buffer).setUint32(0, event_type, true);
  return sha384(concat(type, utf8(`:${event}:`), Uint8Array.fromHex(event_payload)));
}

/** Canonical JSON after RFC 8785, for which `JSON.stringify` with the names in order is enough: two texts and a number. */
function secondForm({ event_type, event, event_payload }: LoggedEvent): Uint8Array<ArrayBuffer> {
  return sha384(utf8(JSON.stringify({ name: event, payload: event_payload.toLowerCase(), type: event_type })));
}

function composeHashIn(events: readonly LoggedEvent[]): ReplayedLog {
  const runtime = events.filter(({ imr }) => imr === RUNTIME_REGISTER);
  const done = runtime.findIndex(({ event }) => event === BOOT_IS_DONE);
  const hashes = runtime.slice(0, done < 0 ? runtime.length : done).filter(({ event }) => event === COMPOSE_HASH);
  if (hashes.length > 1) throw new Refusal("event-log", "the log of events has more than one compose hash");
  const [found] = hashes;
  // Without the mark, what containers added later could not be told from what the system did.
  return found && done >= 0 ? { composeHash: found.event_payload.toLowerCase() } : {};
}

function sha384(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hash("sha384", bytes, "buffer"));
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
