/** Every setting once: name, meaning, default, check. @module */

import type { Access } from "./confinement.ts";
import { LOG_LEVELS } from "../log.ts";
import { MODEL_PROVIDERS } from "../mind/models/options.ts";
import {
  bareHttpUrl,
  type Check,
  decimal,
  flag,
  httpUrl,
  key,
  like,
  MAX_TIMER_MS,
  text,
  webSocketUrl,
  whole,
  word,
} from "./checks.ts";

/** One setting, as the operator writes it. */
export interface Setting<T = unknown> {
  /** What it means, with its unit: one sentence. */
  readonly meaning: string;
  /** What a value must be, as a phrase after "expected". */
  readonly expected: string;
  readonly check: Check<T>;
  /** Whether it may be absent. */
  readonly isOptional?: boolean;
  /** The text that stands for an absent setting; a function where other settings decide. Absent: there is none. */
  readonly default?: string | ((given: (name: string) => string | undefined) => string | undefined);
  /** How a computed default is described. */
  readonly defaultText?: string;
  /** Whether its value is kept out of every message. */
  readonly secret?: boolean;
  /** What a path is used for. */
  readonly access?: Access;
  /** Whether it counts in the environment alone, as it decides which file is read. */
  readonly environmentOnly?: boolean;
}

const FLAG = "true or false";
const milliseconds = (least: number) => `a whole number of milliseconds from ${least} to ${MAX_TIMER_MS}`;

function setting<T>(definition: Setting<T>): Setting<T> {
  return definition;
}

function optional<T>(definition: Setting<T>): Setting<T | undefined> {
  return { ...definition, isOptional: true };
}

/** The table. Names and defaults of the guide are a contract. */
export const SETTINGS = {
  EVENT_TRANSPORT: setting({
    meaning: "Where events come from: a watched file, or a WebSocket server",
    expected: "file or websocket",
    check: word(["file", "websocket"]),
    default: (given) => isOn(given("USE_WEBSOCKET")) ? "websocket" : "file",
    defaultText: "`file`, or `websocket` if `USE_WEBSOCKET=true`",
  }),
  USE_WEBSOCKET: optional({
    meaning: "Older spelling of `EVENT_TRANSPORT`: `true` for websocket, `false` for file",
    expected: FLAG,
    check: flag,
  }),
  EVENT_INPUT_PATH: setting({
    meaning: "File transport: the JSON file of events that is watched; it may appear later",
    expected: "a path",
    access: "read",
    check: text,
    default: (given) => `${given("IEXEC_IN") ?? "iexec_in"}/events.json`,
    defaultText: "`iexec_in/events.json`, in `IEXEC_IN` if set",
  }),
  EVENT_OUTPUT_PATH: setting({
    meaning: "The JSON file that every outcome is appended to, whatever the transport",
    expected: "a path",
    access: "write",
    check: text,
    default: (given) => `${given("IEXEC_OUT") ?? "iexec_out"}/responses.json`,
    defaultText: "`iexec_out/responses.json`, in `IEXEC_OUT` if set",
  }),
  EVENT_POLL_INTERVAL: setting({
    meaning: "File transport: milliseconds between two looks at the file, behind the file system's own notices",
    expected: milliseconds(10),
    check: whole(10),
    default: "5000",
  }),
  EVENT_MAX_BYTES: setting({
    meaning: "Largest event that is taken, in bytes of JSON; a larger one is refused",
    expected: "a whole number of bytes from 128 to 67108864",
    // Deno's WebSocket ends the connection at a message of 64 MiB, so no larger one could be refused alone.
    check: whole(128, 64 * 1024 * 1024),
    default: "1048576",
  }),
  WEBSOCKET_URL: setting({
    meaning: "WebSocket transport: the server to connect to",
    expected: "a ws:// or wss:// URL without a #fragment",
    check: webSocketUrl,
    default: "ws://localhost:8080",
    // Its user name, password and query may be: a wrong one can't be taken apart to show the rest.
    secret: true,
  }),
  WEBSOCKET_AUTH_TOKEN: optional({
    meaning: "WebSocket transport: the token sent in the auth message",
    expected: "a text",
    check: text,
    secret: true,
  }),
  WEBSOCKET_CA_FILE: optional({
    meaning: "WebSocket transport: PEM file of the certificate authority to trust for wss://, besides the public ones",
    expected: "a path",
    access: "read",
    check: text,
  }),
  WEBSOCKET_RECONNECT_INTERVAL: setting({
    meaning: "WebSocket transport: milliseconds before the first attempt to reconnect; doubles up to a minute",
    expected: milliseconds(1),
    check: whole(1),
    default: "5000",
  }),
  WEBSOCKET_MAX_RECONNECT_ATTEMPTS: setting({
    meaning: "WebSocket transport: failed attempts in a row after which the agent gives up",
    expected: "a whole number from 1 to 1000000",
    check: whole(1, 1_000_000),
    default: "10",
  }),
  AGENT_CHARACTER: optional({
    meaning: "Path of an ElizaOS character file; without one, the built-in iExec intern answers",
    expected: "a path",
    access: "read",
    check: text,
    default: (given) =>
      given("IEXEC_IN") && given("IEXEC_DATASET_FILENAME")
        ? `${given("IEXEC_IN")}/${given("IEXEC_DATASET_FILENAME")}`
        : undefined,
    defaultText: "the iExec dataset if there is one, else built in",
  }),
  MODEL_PROVIDER: setting({
    meaning: "Who answers: the model built in, an Ollama server, or one that speaks OpenAI's interface",
    expected: `one of ${MODEL_PROVIDERS.join(", ")}`,
    check: word(MODEL_PROVIDERS),
    default: "embedded",
  }),
  OLLAMA_SERVER_URL: setting({
    meaning: "Ollama: its server; a user name and password in it are sent as basic authentication",
    expected: "an http:// or https:// URL without a query or #fragment",
    check: httpUrl,
    default: "http://localhost:11434",
    secret: true,
  }),
  OLLAMA_MODEL: setting({
    meaning: "Ollama: the model that answers, as `ollama list` names it",
    expected: "a model's name",
    check: text,
    default: "llama3.2",
  }),
  OLLAMA_EMBEDDING_MODEL: optional({
    meaning: "Ollama: the model that makes embeddings, such as `nomic-embed-text`; without one there are none",
    expected: "a model's name",
    check: text,
  }),
  OLLAMA_KEEP_ALIVE: optional({
    meaning: "Ollama: how long the model stays loaded after an answer; a negative one is for ever",
    expected: "a duration such as 30s, 10m or -1s, or a whole number of seconds",
    check: like(/^-?\d+(\.\d+)?(ms|s|m|h)$|^-?\d+$/),
    defaultText: "the server's: 5 minutes",
  }),
  OPENAI_BASE_URL: setting({
    meaning: "OpenAI's interface: where it is spoken, mostly with `/v1` at the end",
    expected: "an http:// or https:// URL without user name, password, query or #fragment",
    check: bareHttpUrl,
    default: "https://api.openai.com/v1",
    secret: true,
  }),
  OPENAI_API_KEY: optional({
    meaning: "OpenAI's interface: the key; many servers of one's own need none",
    expected: "printable ASCII without blanks",
    check: like(/^[\x21-\x7e]+$/),
    secret: true,
  }),
  OPENAI_MODEL: setting({
    meaning: "OpenAI's interface: the model that answers, as `/v1/models` lists it",
    expected: "a model's name",
    check: text,
    default: "gpt-4o-mini",
  }),
  OPENAI_EMBEDDING_MODEL: optional({
    meaning:
      "OpenAI's interface: the model that makes embeddings, such as `text-embedding-3-small`; without one there are none",
    expected: "a model's name",
    check: text,
  }),
  MODEL_TEMPERATURE: optional({
    meaning: "How freely the model words its answers; 0 hardly at all. The character's own setting counts more",
    expected: "a number between 0 and 2",
    check: decimal(0, 2),
    defaultText: "the model's own",
  }),
  MODEL_MAX_TOKENS: setting({
    meaning:
      "Longest answer, in tokens, a model's thinking included, and at most half of the window; a longer one is cut off and says so",
    expected: "a whole number of tokens from 16 to 1000000",
    check: whole(16, 1_000_000),
    default: "2048",
  }),
  MODEL_CONTEXT_WINDOW: setting({
    meaning: "Tokens that prompt and answer may have together; the prompt is cut to what is left for it",
    expected: "a whole number of tokens from 512 to 10000000",
    check: whole(512, 10_000_000),
    default: "8192",
  }),
  MODEL_TIMEOUT: setting({
    meaning: "Milliseconds that the model has for one answer; then the request is cancelled and tried again",
    expected: milliseconds(1),
    check: whole(1),
    default: "60000",
  }),
  MODEL_MAX_WAIT: setting({
    meaning: "Milliseconds that an event waits, at most, while the model is down; then it ends in an error",
    expected: milliseconds(0),
    check: whole(0),
    default: "900000",
  }),
  AGENT_CONCURRENCY: setting({
    meaning: "Events answered at the same time; events of one conversation are answered in order",
    expected: "a whole number from 1 to 1000",
    check: whole(1, 1000),
    default: "4",
  }),
  AGENT_STATE_DIR: setting({
    meaning: "Directory of the journal and the memories; one agent each",
    expected: "a path",
    access: "write",
    check: text,
    // What lies in IEXEC_OUT is published as the task's result, and the working directory may be read-only.
    default: (given) => given("IEXEC_OUT") ? `/tmp/agent-state/${given("IEXEC_TASK_ID") ?? "service"}` : ".agent",
    defaultText: "`.agent`, or one for each task in `/tmp/agent-state` if `IEXEC_OUT` is set",
  }),
  AGENT_STATE_KEY: optional({
    meaning: "Key that seals every text in the journal and the memories (AES-256-GCM); without one they are readable",
    expected: "32 bytes as 64 hexadecimal digits or in base64",
    check: key,
    secret: true,
  }),
  AGENT_RETENTION: setting({
    meaning: "Days that an answered event is kept in the journal; its id is known for twelve times as long",
    expected: "a whole number of days from 1 to 36500",
    check: whole(1, 36_500),
    default: "30",
  }),
  AGENT_SHUTDOWN_GRACE: setting({
    meaning: "Milliseconds that events in flight have to finish after SIGTERM or SIGINT",
    expected: milliseconds(0),
    check: whole(0),
    default: "10000",
  }),
  AGENT_ENV_FILE: optional({
    meaning: "File of settings, for what the environment does not set; in a TEE there is none unless this names it",
    expected: "a path",
    access: "read",
    check: text,
    defaultText: "`.env` if there is one, in a TEE none",
    environmentOnly: true,
  }),
  TEE: setting({
    meaning: "Whether the rules for a TEE apply: if one is found, never, or always, with an error where none is found",
    expected: "auto, none or required",
    check: word(["auto", "none", "required"]),
    default: "auto",
    environmentOnly: true,
  }),
  LOG_LEVEL: setting({
    meaning: "The noisiest log lines that are written",
    expected: `one of ${LOG_LEVELS.join(", ")}`,
    check: word(LOG_LEVELS),
    default: "info",
  }),
  LOG_FORMAT: setting({
    meaning: "Log lines for a terminal, or one JSON object a line",
    expected: "text or json",
    check: word(["text", "json"]),
    default: "text",
  }),
  LOG_CONTENT: setting({
    meaning: "Whether queries and answers are logged: never where others read the logs",
    expected: FLAG,
    check: flag,
    default: "false",
  }),
  IEXEC_TASK_ID: optional({
    meaning: "Set by iExec: the task; the agent then answers its input once and exits, as with `--once`",
    expected: "an id of letters and digits",
    check: like(/^\w+$/),
  }),
  IEXEC_IN: optional({
    meaning: "Set by iExec: directory of the task's input",
    expected: "a path",
    check: text,
  }),
  IEXEC_OUT: optional({
    meaning: "Set by iExec: directory of the task's result",
    expected: "a path",
    check: text,
  }),
  IEXEC_DATASET_FILENAME: optional({
    meaning: "Set by iExec: name of the protected data in `IEXEC_IN`, used as the character",
    expected: "a file name",
    check: text,
  }),
};

function isOn(value: string | undefined): boolean {
  return value !== undefined && flag(value) === true;
}
