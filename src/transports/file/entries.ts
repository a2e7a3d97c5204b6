/** Entries of files that people write: checked with some patience, and told in their words what is wrong. @module */

import { isObject } from "../../json_object.ts";
import { findJsonError } from "../../json_error.ts";
import { isNear } from "../../spelling.ts";
import { idIn } from "../../event_fields.ts";
import { type AgentEvent, checkEvent } from "../../wire.ts";
import type { Element } from "./json_elements.ts";
import type { BytePlace } from "../../utf8.ts";

/** An event, or what is wrong with an entry. */
export type CheckedEntry =
  | { readonly event: AgentEvent; readonly unknown: readonly string[] }
  | { readonly reason: string; readonly id?: string; readonly isTooLarge?: boolean };

const FIELDS = ["id", "query", "timestamp", "metadata"];
/** What people write where the protocol has another name; those of metadata stand in it. */
const MEANT: Readonly<Record<string, string>> = {
  question: "query",
  prompt: "query",
  text: "query",
  message: "query",
  input: "query",
  content: "query",
  eventid: "id",
  queryid: "id",
  uuid: "id",
  time: "timestamp",
  date: "timestamp",
  createdat: "timestamp",
  meta: "metadata",
  userid: "metadata.userId",
  conversationid: "metadata.conversationId",
  priority: "metadata.priority",
  source: "metadata.source",
};
/** Unknown fields that are named of one entry, and how much of each. */
const MAX_NAMED = 5, MAX_NAME_LENGTH = 64;
/** What `Date.parse` takes of ISO 8601, and nothing of what else it takes. */
const ISO_8601 = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/**
 * Check one entry.
 *
 * @param options `maxBytes`: largest event that is taken, in bytes of JSON; `nowMs`: the time of one that tells none;
 * without it, each must tell its own.
 */
export function checkEntry(element: Element, options: { maxBytes: number; nowMs?: number }): CheckedEntry {
  const { maxBytes, nowMs } = options;
  if (element.text === undefined) return tooLarge(element.bytes, maxBytes);
  let value: unknown;
  try {
    value = JSON.parse(element.text);
  } catch {
    // V8's own message quotes the text.
    return { reason: mistakeIn(element) };
  }
  if (element.invalidAt) return notUtf8(element, element.invalidAt, value);
  const unknown = unknownFields(value);
  const checked = checkEvent(withTime(value, nowMs));
  if (!checked.ok) {
    const { reason, id } = checked;
    return {
      reason: unknown.length === 0 ? reason : `${reason} (${unknown.join("; ")})`,
      ...(id !== undefined && { id }),
    };
  }
  // Blanks between the fields don't count.
  const bytes = element.bytes <= maxBytes ? 0 : new TextEncoder().encode(JSON.stringify(value)).length;
  if (bytes > maxBytes) return { ...tooLarge(bytes, maxBytes), id: checked.value.id };
  return { event: checked.value, unknown };
}

/** Where an element stops being JSON. */
export function mistakeIn(element: Element): string {
  const place = findJsonError(element.text ?? "");
  return place ? `not valid JSON ${placeIn(element, place)}` : "not valid JSON";
}

/** A place in an element, as one in its file. */
function placeIn({ line, column }: Element, place: BytePlace): string {
  return `at line ${line + place.line - 1} column ${place.line === 1 ? column + place.column - 1 : place.column}`;
}

/** An entry whose bytes are no UTF-8: what was meant is not known. Its id is used only if it is surely whole. */
function notUtf8(element: Element, place: BytePlace, value: unknown) {
  const reason = `not valid UTF-8 ${placeIn(element, place)}: save the file as UTF-8`;
  return { reason, ...idIn(value, { isUtf8: false }) };
}

function tooLarge(bytes: number, maxBytes: number) {
  return { reason: `${bytes} bytes, which is more than EVENT_MAX_BYTES=${maxBytes}`, isTooLarge: true };
}

/** A person need not know what milliseconds since the epoch are: the time may be ISO 8601, or missing. */
export function withTime(value: unknown, nowMs: number | undefined): unknown {
  if (!isObject(value)) return value;
  const { timestamp } = value;
  if (timestamp === undefined || timestamp === null) {
    return nowMs === undefined ? value : { ...value, timestamp: nowMs };
  }
  if (typeof timestamp !== "string" || !ISO_8601.test(timestamp)) return value;
  const parsed = Date.parse(timestamp);
  return Number.isNaN(parsed) ? value : { ...value, timestamp: parsed };
}

/** The fields that the protocol does not name, each with what was probably meant. */
function unknownFields(value: unknown): string[] {
  if (!isObject(value)) return [];
  const names = Object.keys(value).filter((name) => !FIELDS.includes(name));
  return names.slice(0, MAX_NAMED).map((name) => {
    const meant = MEANT[name.toLowerCase().replace(/[_-]/g, "")] ?? FIELDS.find((field) => isNear(name, field));
    return `unknown field ${name.slice(0, MAX_NAME_LENGTH)}${meant ? `: did you mean ${meant}?` : ""}`;
  });
}
