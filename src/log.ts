/** One stream of log lines: a fixed sentence and fields, for a terminal or as JSON lines. @module */

import { escapeControls, escapeControlsInLines } from "./control_characters.ts";
import { messageOf } from "./errors.ts";

/** Log levels, from the fewest lines to the most. */
export const LOG_LEVELS = ["error", "warn", "info", "debug"] as const;
/** Error: somebody must act; warn: it heals itself; info: one per event or change of state; debug: the rest. */
export type LogLevel = typeof LOG_LEVELS[number];

/** Ids, sizes, times and states. Never a token; queries and answers go into {@linkcode LogContent}. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined | null | Error>>;
/** Queries and answers: written only if the log was made with `content: true`. */
export type LogContent = Readonly<Record<string, string>>;

/**
 * Writes one line. In text, `{name}` in the message is replaced by the field of that name. In JSON the message stays as it
 * is, so that lines can be counted by it, and the fields stand beside it.
 */
export type LogLine = (message: string, fields?: LogFields, content?: LogContent) => void;
/** A log, with one verb for each level. */
export type Log = Readonly<Record<LogLevel, LogLine>>;

/** `json` for programs, `text` for files; `terminal` for people: short times, queries and answers on lines of their own. */
export type LogFormat = "json" | "text" | "terminal";

/**
 * A log that writes whole lines.
 *
 * @param options `write`: is given a function that makes the line, which may be called later: making one takes 0.1 to
 * 0.2 ms after a rest, which an answer under way need not wait for; `level`: the noisiest level that is written;
 * `content`: whether queries and answers are; `colour`: whether a terminal's lines are coloured, default false.
 */
export function createLog(options: {
  level: LogLevel;
  format: LogFormat;
  colour?: boolean;
  content: boolean;
  write: (line: () => string) => void;
  now: () => number;
}): Log {
  const { level, format, colour = false, write, now } = options;
  const render = rendererOf(format, { colour });
  const lineFor = (at: LogLevel): LogLine => {
    if (LOG_LEVELS.indexOf(at) > LOG_LEVELS.indexOf(level)) return () => {};
    return (message, fields = {}, content) => {
      const timeMs = now();
      write(() => render(timeMs, at, message, fields, options.content ? content : undefined) + "\n");
    };
  };
  return { error: lineFor("error"), warn: lineFor("warn"), info: lineFor("info"), debug: lineFor("debug") };
}

/** Collects lines and writes them together. */
export interface LineBuffer {
  /** @param line What is written, or makes it when it is written. */
  write(line: string | (() => string)): void;
  /** Write the collected lines now, such as before the program ends. */
  flush(): void;
}

/** Size of the collected lines at which they are written without waiting, in UTF-16 code units. */
const MAX_GATHERED = 64 * 1024;
/** Size that a line is taken for which is not made yet. */
const USUAL_SIZE = 200;

/** Writes the lines of one turn of the event loop together, since a write takes longer than making a line. */
export function gatherLines(write: (text: string) => void): LineBuffer {
  let gathered: (string | (() => string))[] = [], size = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    const lines = gathered;
    [gathered, size] = [[], 0];
    let text = "";
    for (const line of lines) text += typeof line === "string" ? line : line();
    if (text !== "") write(text);
  };
  return {
    write(line) {
      gathered.push(line);
      size += typeof line === "string" ? line.length : USUAL_SIZE;
      if (size > MAX_GATHERED) flush();
      else timer ??= setTimeout(flush, 0);
    },
    flush,
  };
}

/** A log that writes nothing. */
export const silentLog: Log = { error() {}, warn() {}, info() {}, debug() {} };

type Render = (
  timeMs: number,
  level: LogLevel,
  message: string,
  fields: LogFields,
  content: LogContent | undefined,
) => string;

function rendererOf(format: LogFormat, { colour }: { colour: boolean }): Render {
  switch (format) {
    case "json":
      return jsonRenderer();
    case "text":
      return textRenderer();
    case "terminal":
      return terminalRenderer(colour ? paint : (_, text) => text);
  }
}

function jsonRenderer(): Render {
  const timeOf = timeRenderer((timeMs) => new Date(timeMs).toISOString());
  return (timeMs, level, message, fields, content) => {
    const line: Record<string, unknown> = { time: timeOf(timeMs), level, message, ...fields, ...content };
    for (const [name, value] of Object.entries(fields)) if (value instanceof Error) line[name] = messageOf(value);
    return escapeControls(JSON.stringify(line));
  };
}

function textRenderer(): Render {
  const timeOf = timeRenderer((timeMs) => new Date(timeMs).toISOString());
  const sentenceOf = sentenceRenderer();
  return (timeMs, level, message, fields, content) => {
    const all = content === undefined ? fields : { ...fields, ...content };
    const { sentence, rest } = sentenceOf(message, all);
    return `${timeOf(timeMs)} ${level.padEnd(5)} ${sentence}${rest}`;
  };
}

/** The word before the sentence at a terminal. Most lines are info, which needs none. */
const LEVEL_WORDS: Readonly<Record<LogLevel, string>> = { error: "error: ", warn: "warning: ", info: "", debug: "" };
/** As wide as a time and the blank after it. */
const INDENT = " ".repeat(9);

function terminalRenderer(paint: Paint): Render {
  const timeOf = timeRenderer((timeMs) => new Date(timeMs).toTimeString().slice(0, 8));
  const sentenceOf = sentenceRenderer();
  return (timeMs, level, message, fields, content = {}) => {
    const { sentence, rest } = sentenceOf(message, fields);
    const text = `${LEVEL_WORDS[level]}${sentence}`;
    const lines = [
      `${paint("dim", timeOf(timeMs))} ${level === "info" ? text : paint(level, text)}${paint("dim", rest)}`,
    ];
    for (const [name, value] of Object.entries(content)) {
      // Indentation keeps a line of the text from looking like a line of the log.
      const indented = escapeControlsInLines(value).replaceAll("\n", `\n${INDENT}  `);
      lines.push(`${INDENT}${paint("dim", `${name}:`)} ${indented}`);
    }
    return lines.join("\n");
  };
}

type Paint = (colour: "dim" | LogLevel, text: string) => string;

/** SGR codes that every terminal knows: bold red, yellow, faint. */
const CODES = { error: "1;31", warn: "33", info: "0", debug: "2", dim: "2" } as const;

const paint: Paint = (colour, text) => text === "" ? "" : `\x1b[${CODES[colour]}m${text}\x1b[0m`;

/** Renders a sentence with its fields filled in, and the remaining fields to append. */
function sentenceRenderer(): (message: string, fields: LogFields) => { sentence: string; rest: string } {
  // Sentences are fixed texts, so this map stays small.
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
  return (message, fields) => {
    const { literals, names } = templates.get(message) ?? templateOf(message);
    let sentence = literals[0] ?? "", rest = "";
    for (let index = 0; index < names.length; index++) {
      const name = names[index]!, value = fields[name];
      sentence += (value === undefined ? `{${name}}` : renderValue(value, IN_SENTENCE)) + literals[index + 1];
    }
    for (const name in fields) {
      const value = fields[name];
      if (value !== undefined && !names.includes(name)) rest += ` ${name}=${renderValue(value, IN_FIELD)}`;
    }
    return { sentence, rest };
  };
}

/** Formats times; lines of the same millisecond reuse the text. */
function timeRenderer(format: (timeMs: number) => string): (timeMs: number) => string {
  let lastMs = NaN, text = "";
  return (timeMs) => {
    if (timeMs !== lastMs) [lastMs, text] = [timeMs, format(timeMs)];
    return text;
  };
}

/** Values that need no quotes, in the sentence and as a field behind it. */
const IN_SENTENCE = /^[^\s"\\]+$/, IN_FIELD = /^[^\s"\\=]+$/;
/** Values that need neither quotes nor escapes anywhere, as most ids: visible ASCII without `"`, `=` and `\`. */
const HARMLESS = /^[!#-<>-[\]-~]+$/;

/** A value, in quotes unless it matches `plain`. */
function renderValue(value: LogFields[string], plain: RegExp): string {
  if (typeof value === "number") return String(value);
  const text = value instanceof Error ? messageOf(value) : String(value);
  if (HARMLESS.test(text)) return text;
  return escapeControls(plain.test(text) ? text : JSON.stringify(text));
}
