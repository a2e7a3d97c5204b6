/**
 * The fields of events and requests: what each must be, and what is said of one that is not. Written by hand, without zod:
 * loading that took an eighth of a start from sources.
 * @module
 */

import { isObject } from "./json_object.ts";

/** Longest event id that is accepted, in UTF-16 code units: an id is logged, stored and sent back with every outcome. */
export const MAX_ID_LENGTH = 512;
/** What is said of an empty text where there must be one. */
export const NOT_EMPTY = "expected a text that is not empty";

/** A signature covers a query's UTF-8 bytes, and half a surrogate pair has none: two queries would look the same. */
export const WELL_FORMED = "expected well-formed Unicode, without half a surrogate pair";

/** The journal must find an id again: UTF-8 has no lone surrogates, and SQLite ends a text at NUL. */
const canBeFound = (id: string) => id.isWellFormed() && !id.includes("\0");

/** The name of a kind of value, as mistakes tell it. */
function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : typeof value;
}

/** What is said of a value that is not of the kind it must be: never the value, which may be a secret. */
export function wrongKind(expected: string, value: unknown): string {
  return value === undefined ? "missing" : `expected ${expected}, received ${kindOf(value)}`;
}

/** What is wrong with the id of an event or a request; nothing if it is one. */
export function mistakesOfId(id: unknown): string[] {
  if (typeof id !== "string") return [wrongKind("string", id)];
  return [
    ...(id === "" ? [NOT_EMPTY] : []),
    ...(id.length > MAX_ID_LENGTH ? [`too big: expected string to have <=${MAX_ID_LENGTH} characters`] : []),
    ...(canBeFound(id) ? [] : ["expected well-formed Unicode without NUL"]),
  ];
}

/**
 * The name of a conversation or a user. A whole number, such as that of a chat or a row, becomes its text; a larger one
 * has lost its last digits to JSON.parse, and two users would become one.
 */
export function nameFrom(name: unknown): unknown {
  return Number.isSafeInteger(name) ? String(name) : name;
}

/** What is wrong with the names of a conversation and a user after {@linkcode nameFrom}, where they stand in an object. */
export function mistakesOfNames({ conversationId, userId }: Record<string, unknown>, place = ""): string[] {
  return Object.entries({ conversationId, userId })
    .filter(([, name]) => !isName(name))
    .map(([field]) => `${place}${field}: expected a text or a whole number below 2^53`);
}

/** Whether a value can be the id of an event or a request. */
export function isId(id: unknown): id is string {
  return typeof id === "string" && id !== "" && id.length <= MAX_ID_LENGTH && canBeFound(id);
}

/** Whether a value can be the query of an event. */
export function isQuery(query: unknown): query is string {
  return typeof query === "string" && query !== "" && query.isWellFormed();
}

/** Whether a value can be the timestamp of an event. */
export function isTime(timestamp: unknown): timestamp is number {
  return Number.isFinite(timestamp);
}

/** Whether a value can be the metadata of an event, after {@linkcode withNames}. */
export function isMetadata(metadata: unknown): metadata is Record<string, unknown> | undefined | null {
  if (metadata === undefined || metadata === null) return true;
  return isObject(metadata) && isName(metadata.conversationId) && isName(metadata.userId);
}

function isName(name: unknown): boolean {
  return typeof name === "string" || name === undefined || name === null;
}

/** The same metadata, with texts for names that are numbers. */
export function withNames(metadata: unknown): unknown {
  if (!isObject(metadata)) return metadata;
  const { conversationId, userId } = metadata;
  if (typeof conversationId !== "number" && typeof userId !== "number") return metadata;
  return {
    ...metadata,
    ...(conversationId !== undefined && { conversationId: nameFrom(conversationId) }),
    ...(userId !== undefined && { userId: nameFrom(userId) }),
  };
}

/** All that is wrong with an event, each with its place. */
export function mistakesOfEvent({ id, query, timestamp, metadata }: Record<string, unknown>): string[] {
  const isSet = metadata !== undefined && metadata !== null;
  return [
    ...mistakesOfId(id).map((mistake) => `id: ${mistake}`),
    ...(isQuery(query) ? [] : [`query: ${mistakeOfQuery(query)}`]),
    ...(isTime(timestamp) ? [] : [`timestamp: ${wrongKind("number", timestamp)}`]),
    ...(isSet && !isObject(metadata) ? [`metadata: ${wrongKind("object", metadata)}`] : []),
    ...(isObject(metadata) ? mistakesOfNames(metadata, "metadata.") : []),
  ];
}

function mistakeOfQuery(query: unknown): string {
  if (typeof query !== "string") return wrongKind("string", query);
  return query === "" ? NOT_EMPTY : WELL_FORMED;
}

/** The id in what is no event, if it can be used, and is surely what its sender wrote: where bytes were no UTF-8, U+FFFD stands. */
export function idIn(value: unknown, { isUtf8 }: { isUtf8: boolean }): { readonly id?: string } {
  const id = isObject(value) ? value.id : undefined;
  return isId(id) && (isUtf8 || !id.includes("\ufffd")) ? { id } : {};
}
