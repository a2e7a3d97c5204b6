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
  const render = format === "json" ? renderJson : renderText;
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

function renderJson(timeMs: number, level: LogLevel, message: string, fields: LogFields): string {
  const named = Object.entries(fields).map((
    [name, value],
  ) => [name, value instanceof Error ? messageOf(value) : value]);
  return escapeControls(
    JSON.stringify({ time: new Date(timeMs).toISOString(), level, message, ...Object.fromEntries(named) }),
  );
}

function renderText(timeMs: number, level: LogLevel, message: string, fields: LogFields): string {
  const rest = new Map(Object.entries(fields).filter(([, value]) => value !== undefined));
  const sentence = message.replace(/\{(\w+)\}/g, (placeholder, name: string) => {
    if (!rest.has(name)) return placeholder;
    const value = renderValue(rest.get(name), /^[^\s"\\]+$/);
    rest.delete(name);
    return value;
  });
  const tail = [...rest].map(([name, value]) => ` ${name}=${renderValue(value, /^[^\s"\\=]+$/)}`).join("");
  return escapeControls(`${new Date(timeMs).toISOString()} ${level.padEnd(5)} ${sentence}${tail}`);
}

/** A value as it is where it is `plain`, else quoted. */
function renderValue(value: LogFields[string], plain: RegExp): string {
  const text = value instanceof Error ? messageOf(value) : String(value);
  return plain.test(text) ? text : JSON.stringify(text);
}

/** An id is the sender's choice: keep it from forging lines, moving the cursor or turning the text around. */
function escapeControls(line: string): string {
  return line.replace(
    /[\p{Control}\p{Bidi_Control}\u2028\u2029]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
