/** Character files as the ecosystem writes them, brought into the one form that the core checks. @module */

import { isObject } from "../../json_object.ts";

/** A value in the core's form, and the names of what this agent does not use. */
export interface Adapted {
  readonly value: unknown;
  /** `clients (discord, twitter)`, `postExamples`: each once, without their values where these may be private. */
  readonly unused: readonly string[];
}

/** Fields that the core's validation knows and this agent uses. Whatever else a file holds is named, and left out. */
const USED = new Set([
  "id",
  "name",
  "bio",
  "lore",
  "system",
  "topics",
  "adjectives",
  "style",
  "messageExamples",
  "knowledge",
  "settings",
  "secrets",
]);
/** Fields whose values are names of programs: worth telling. */
const NAMES = new Set(["plugins", "clients", "modelProvider"]);
/** Most names of one field that are told. */
const MAX_NAMES = 12;

/**
 * Bring a character into the core's form. What is no object, or wrong in it, goes through as it is: to say so is the
 * core's part.
 *
 * Older and newer files differ from that form in this: `lore` beside `bio`; who speaks in an example as `user`; examples
 * in `{ "examples": […] }`; a text where a list is expected; `null` for what is missing; `{{name}}` for the name; an
 * `id` that is no UUID; knowledge as `{ "item": { "case": "path", "value": … } }`; and fields that the core's strict
 * schema does not know (`clients`, `modelProvider`, `twitterProfile` …).
 *
 * @param toUuid Makes an id of a name, as the core does.
 */
export function adaptCharacter(value: unknown, toUuid: (name: string) => string): Adapted {
  if (!isObject(value)) return { value, unused: [] };
  const { lore, ...given } = withoutNulls(value);
  const used = Object.fromEntries(Object.entries(given).filter(([name]) => USED.has(name)));
  const { id, bio, topics, adjectives, style, messageExamples, knowledge, settings, secrets } = used;
  const adapted = {
    ...used,
    ...(typeof id === "string" && !UUID.test(id) && { id: id === "" ? undefined : toUuid(id) }),
    ...(lore !== undefined && { bio: [asList(bio ?? []), asList(lore)].flat() }),
    ...(topics !== undefined && { topics: asList(topics) }),
    ...(adjectives !== undefined && { adjectives: asList(adjectives) }),
    ...(isObject(style) && { style: mapValues(withoutNulls(style), asList) }),
    ...(Array.isArray(messageExamples) && { messageExamples: messageExamples.map(adaptExamples) }),
    ...(knowledge !== undefined && { knowledge: adaptKnowledge(knowledge) }),
    ...(isObject(settings) && { settings: withoutNulls(settings) }),
    ...(isObject(secrets) && { secrets: withoutNulls(secrets) }),
  };
  const name = typeof used.name === "string" ? used.name : undefined;
  return { value: name === undefined ? adapted : fillIn(adapted, name), unused: unusedOf(given) };
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

function adaptExamples(conversation: unknown): unknown {
  const lines = isObject(conversation) && "examples" in conversation ? conversation.examples : conversation;
  if (!Array.isArray(lines)) return lines;
  return lines.map((line: unknown) => {
    if (!isObject(line)) return line;
    const { user, content, ...rest } = line;
    return {
      ...(user !== undefined && { name: user }),
      ...rest,
      ...(content !== undefined && { content: typeof content === "string" ? { text: content } : content }),
    };
  });
}

function adaptKnowledge(knowledge: unknown): unknown {
  const entries: unknown = asList(knowledge);
  if (!Array.isArray(entries)) return entries;
  return entries.map((entry: unknown) => {
    if (!isObject(entry) || !isObject(entry.item)) return entry;
    const { case: kind, value } = entry.item;
    if (kind === "path") return { path: value };
    return kind === "directory" ? value : entry;
  });
}

/** `{{name}}` and `{{agentName}}` stand for the name, except in examples, where a speaker is chosen by them. */
function fillIn(character: Record<string, unknown>, name: string): Record<string, unknown> {
  const filled = (value: unknown): unknown => {
    if (typeof value === "string") return value.replace(/\{\{\s*(?:name|agentName)\s*\}\}/g, () => name);
    if (Array.isArray(value)) return value.map(filled);
    return isObject(value) ? mapValues(value, filled) : value;
  };
  const texts = ["bio", "system", "topics", "adjectives", "style", "messageExamples"];
  return Object.fromEntries(
    Object.entries(character).map(([field, value]) => [field, texts.includes(field) ? filled(value) : value]),
  );
}

function unusedOf(given: Record<string, unknown>): string[] {
  return Object.entries(given).filter(([name, value]) => !USED.has(name) && !isEmpty(value)).map(([name, value]) => {
    const names = NAMES.has(name) ? asNames(value) : [];
    if (names.length === 0) return name;
    const more = names.length > MAX_NAMES ? [`${names.length - MAX_NAMES} more`] : [];
    return `${name} (${[...names.slice(0, MAX_NAMES), ...more].join(", ")})`;
  });
}

/** Names among what a file calls plugins or clients: some hold whole objects. */
function asNames(value: unknown): string[] {
  const entries = Array.isArray(value) ? value : [value];
  return entries.map((entry: unknown) => isObject(entry) ? entry.name : entry)
    .filter((name): name is string => typeof name === "string");
}

function isEmpty(value: unknown): boolean {
  return value === "" || (typeof value === "object" && value !== null && Object.keys(value).length === 0);
}

function asList(value: unknown): unknown {
  return typeof value === "string" ? [value] : value;
}

function withoutNulls(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== null));
}

function mapValues(value: Record<string, unknown>, map: (inner: unknown) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, map(inner)]));
}
