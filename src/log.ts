/** One stream of log lines: a fixed sentence and fields, for a terminal or as JSON lines. @module */

import { messageOf } from "./errors.ts";

/** Levels from the quietest reader's to the noisiest. */
export const LOG_LEVELS = ["error", "warn", "info", "debug"] as const;
/** Error: somebody must act; warn: it heals itself; info: one per event or change of state; debug: the rest. */
export type LogLevel = typeof LOG_LEVELS[number];

/** Ids, sizes, times, states. Never a query, an answer or a token: those have {@linkcode LogContent}. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined | null | Error>>;
/** Queries and answers: printed only where the log was made with `content: true`. */
export type LogContent = Readonly<Record<string, string>>;

/**
 * Writes one line. `{name}` in the message stands for the field of that name on a terminal; as JSON the message stays
 * as it is, so that it can be counted, and the fields stand beside it.
 */
export type LogLine = (message: string, fields?: LogFields, content?: LogContent) => void;
/** A log, with one verb for each level. */
export type Log = Readonly<Record<LogLevel, LogLine>>;

/**
 * A log that writes whole lines to `write`.
 *
 * @param options `level`: the noisiest level that is written; `content`: whether queries and answers are.
 */
export function createLog(options: {
  level: LogLevel;
  format: "text" | "json";
  content: boolean;
  write: (line: string) => void;
  now: () => number;
}): Log {
  const { level, format, write, now } = options;
  const render = format === "json" ? jsonRenderer() : textRenderer();
  const lineFor = (at: LogLevel): LogLine => {
    if (LOG_LEVELS.indexOf(at) > LOG_LEVELS.indexOf(level)) return () => {};
    return (message, fields = {}, content = {}) =>
      write(render(now(), at, message, options.content ? { ...fields, ...content } : fields) + "\n");
  };
  return { error: lineFor("error"), warn: lineFor("warn"), info: lineFor("info"), debug: lineFor("debug") };
}

/** Lines on their way to where they are written. */
export interface LineBuffer {
  write(line: string): void;
  /** Write what has gathered, before the program ends. */
  flush(): void;
}

/** Lines that gather longer than this are written at once, in UTF-16 code units. */
const MAX_GATHERED = 64 * 1024;

/** Gathers the lines of one turn of the event loop: a write for each of them takes longer than making it. */
export function gatherLines(write: (text: string) => void): LineBuffer {
  let gathered = "";
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    const text = gathered;
    gathered = "";
    if (text !== "") write(text);
  };
  return {
    write(line) {
      gathered += line;
      if (gathered.length > MAX_GATHERED) flush();
      else timer ??= setTimeout(flush, 0);
    },
    flush,
  };
}

/** A log that writes nothing. */
export const silentLog: Log = { error() {}, warn() {}, info() {}, debug() {} };

type Render = (timeMs: number, level: LogLevel, message: string, fields: LogFields) => string;

function jsonRenderer(): Render {
  const timeOf = timeRenderer();
  return (timeMs, level, message, fields) => {
    const line: Record<string, unknown> = { time: timeOf(timeMs), level, message, ...fields };
    for (const [name, value] of Object.entries(fields)) if (value instanceof Error) line[name] = messageOf(value);
    return escapeControls(JSON.stringify(line));
  };
}

function textRenderer(): Render {
  const timeOf = timeRenderer();
  // The sentences are fixed, and so there are few.
  const templates = new Map<string, { literals: string[]; names: string[] }>();
  const templateOf = (message: string) => {
    const parts = message.split(/\{(\w+)\}/);
    const isName = (_: string, index: number) => index % 2 === 1;
    const template = {
      literals: parts.filter((part, index) => !isName(part, index)).map(escapeControls),
      names: parts.filter(isName),
    };
    templates.set(message, template);
    return template;
  };
  return (timeMs, level, message, fields) => {
    const { literals, names } = templates.get(message) ?? templateOf(message);
    let line = `${timeOf(timeMs)} ${level.padEnd(5)} ${literals[0]}`;
    for (let index = 0; index < names.length; index++) {
      const name = names[index]!, value = fields[name];
      line += (value === undefined ? `{${name}}` : renderValue(value, IN_SENTENCE)) + literals[index + 1];
    }
    for (const name in fields) {
      const value = fields[name];
      if (value !== undefined && !names.includes(name)) line += ` ${name}=${renderValue(value, IN_FIELD)}`;
    }
    return line;
  };
}

/** Lines of one millisecond share their time's text. */
function timeRenderer(): (timeMs: number) => string {
  let lastMs = NaN, text = "";
  return (timeMs) => {
    if (timeMs !== lastMs) [lastMs, text] = [timeMs, new Date(timeMs).toISOString()];
    return text;
  };
}

/** What needs no quotes. */
const IN_SENTENCE = /^[^\s"\\]+$/, IN_FIELD = /^[^\s"\\=]+$/;
/** What needs neither quotes nor escapes wherever it stands, as most ids: visible ASCII without `"`, `=` and `\`. */
const HARMLESS = /^[!#-<>-[\]-~]+$/;

/** A value as it is where it is `plain`, else quoted. */
function renderValue(value: LogFields[string], plain: RegExp): string {
  if (typeof value === "number") return String(value);
  const text = value instanceof Error ? messageOf(value) : String(value);
  if (HARMLESS.test(text)) return text;
  return escapeControls(plain.test(text) ? text : JSON.stringify(text));
}

/** Control characters, those that turn text around, and the other two that end a line. */
// deno-lint-ignore no-control-regex -- it is these that are looked for
const CONTROLS = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** An id is the sender's choice: keep it from forging lines, moving the cursor or turning the text around. */
function escapeControls(text: string): string {
  return text.replace(CONTROLS, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
