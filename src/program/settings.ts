/** Every setting of the program, spread together from the parts' tables, and their values. @module */

import type { Environment } from "../environment.ts";
import { IEXEC_VARIABLES } from "../iexec/environment.ts";
import { LOG_LEVELS } from "../log.ts";
import { MODEL_SETTINGS } from "../mind/models/settings.ts";
import { duration, flag, like, text, whole, word } from "../settings/checks.ts";
import { FLAG, milliseconds, optional, type Setting, setting, type ValuesOf } from "../settings/definition.ts";
import { PROXY_SETTINGS } from "../settings/proxy.ts";
import { otherNamesOf } from "../settings/misspelt.ts";
import { readTable } from "../settings/read.ts";
import { OTEL_PREFIX, OTLP_SETTINGS } from "../status/otlp_settings.ts";
import { STATUS_SETTINGS } from "../status/settings.ts";
import { HOST_VARIABLES, LOADER } from "../tee/host_variables.ts";
import { ATTESTATION_SETTINGS } from "./attestation_settings.ts";
import { OUTPUT_SETTINGS } from "./output_settings.ts";
import { SIGNING_SETTINGS } from "./signing_settings.ts";
import { stateKey } from "./state_key.ts";
import { TRANSPORT_SETTINGS } from "../transports/settings.ts";

/** The table. Names and defaults of the guide are a contract. */
export const SETTINGS = {
  ...TRANSPORT_SETTINGS,
  ...OUTPUT_SETTINGS,
  ...SIGNING_SETTINGS,
  AGENT_ID: optional({
    meaning: "The agent's id for servers and in `responses.json`; each must have its own",
    expected: "a UUID in lower case",
    check: like(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
    defaultText: "made at random for each `AGENT_STATE_DIR`, and kept there",
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
  ...MODEL_SETTINGS,
  ...PROXY_SETTINGS,
  ...STATUS_SETTINGS,
  ...OTLP_SETTINGS,
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
    meaning:
      "Key that seals every text in the journal and the memories (AES-256-GCM); without one they are readable. `dstack`: one that dstack gives this app alone",
    expected: "32 bytes as 64 hexadecimal digits or in base64, or dstack",
    check: stateKey,
    secret: true,
    requesterSecret: 2,
  }),
  AGENT_STATE_TAKE_OVER: setting({
    meaning:
      "Whether a state that is not sealed with `AGENT_STATE_KEY`, was by an early version, or lacks rows is taken as it is: for one start, and only for one that nobody else could write",
    expected: FLAG,
    check: flag,
    default: "false",
    conflict: ({ AGENT_STATE_TAKE_OVER }, { inTee }) =>
      inTee && AGENT_STATE_TAKE_OVER === true
        ? "AGENT_STATE_TAKE_OVER: in a TEE the host may have written the state: leave it out"
        : undefined,
  }),
  AGENT_RETENTION: setting({
    meaning:
      "Days that an answered event is kept in the journal; its id is known for twelve times as long, and as long as it stands in watched files",
    expected: "a whole number of days from 1 to 36500",
    check: whole(1, 36_500),
    default: "30",
  }),
  AGENT_MEMORY_RETENTION: setting({
    meaning: "Days that conversations are remembered; 0: for ever. Of each, the last 1,000 questions are kept at most",
    expected: "a whole number of days from 0 to 36500",
    check: whole(0, 36_500),
    default: "90",
  }),
  AGENT_SHUTDOWN_GRACE: setting({
    meaning: "Milliseconds that events in flight have to finish after SIGTERM or SIGINT",
    expected: milliseconds(0),
    check: duration(0),
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
  ...ATTESTATION_SETTINGS,
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
    meaning:
      "Log lines for people, or one JSON object a line; `auto` writes text at a terminal and JSON everywhere else",
    expected: "auto, text or json",
    check: word(["auto", "text", "json"]),
    default: "auto",
  }),
  LOG_CONTENT: setting({
    meaning: "Whether queries and answers are logged: never where others read the logs",
    expected: FLAG,
    check: flag,
    default: "false",
    conflict: ({ LOG_CONTENT }, { inTee }) =>
      inTee && LOG_CONTENT === true ? "LOG_CONTENT: in a TEE the host reads the log: leave it out" : undefined,
  }),
  IEXEC_TASK_ID: optional({
    meaning: "Set by iExec: the task; the agent then answers its input once and exits, as with `--once`",
    expected: "an id of letters and digits",
    check: like(/^\w+$/),
    setBy: "iExec",
  }),
  IEXEC_IN: optional({
    meaning: "Set by iExec: directory of the task's input",
    expected: "a path",
    check: text,
    setBy: "iExec",
  }),
  IEXEC_OUT: optional({
    meaning: "Set by iExec: directory of the task's result",
    expected: "a path",
    check: text,
    setBy: "iExec",
  }),
  IEXEC_DATASET_FILENAME: optional({
    meaning: "Set by iExec: name of the protected data in `IEXEC_IN`, used as the character",
    expected: "a file name",
    check: text,
    setBy: "iExec",
  }),
};

/** Name of a setting: that of its environment variable. */
export type SettingName = keyof typeof SETTINGS;
/** The value of every setting, checked. */
export type Settings = ValuesOf<typeof SETTINGS>;
/** One row of the table, for the help and the documents. */
export interface SettingRow
  extends Pick<Setting, "meaning" | "expected" | "secret" | "environmentOnly" | "setBy" | "connects"> {
  readonly name: SettingName;
  /** The default as it is, or described. */
  readonly default: string;
}

/** The table, a row for each setting. */
export const SETTING_ROWS: readonly SettingRow[] = (Object.entries(SETTINGS) as [SettingName, Setting][]).map(
  ([name, definition]) => ({
    ...definition,
    name,
    default: definition.defaultText ?? (typeof definition.default === "string" ? `\`${definition.default}\`` : "none"),
  }),
);

/** Variable with the private key for `agent open`, which is no setting of an agent. */
export const OPENING_KEY = "AGENT_OPEN_KEY";

/** Every variable of the environment that the agent reads; `*` stands for any ending. */
export const VARIABLES: readonly string[] = [
  ...Object.keys(SETTINGS),
  OPENING_KEY,
  ...otherNamesOf(SETTINGS),
  ...IEXEC_VARIABLES,
  ...Object.keys(HOST_VARIABLES),
  `${LOADER.prefix}*`,
  // For a word about those that have no effect.
  `${OTEL_PREFIX}*`,
];

/**
 * Check every setting. An empty text counts as not set; iExec's secrets win over the environment, and that over the
 * `.env` file.
 *
 * @param file Text of the `.env` file, if there is one.
 * @param options `inTee`: whether the rules for a TEE apply; default false. `variables`: see {@linkcode readTable}.
 * @throws {FatalError} Naming every wrong setting at once.
 */
export function readSettings(
  environment: Environment,
  file?: string,
  { inTee = false, variables = [] }: { inTee?: boolean; variables?: readonly string[] } = {},
): Settings {
  return readTable(SETTINGS, { environment, file, inTee, variables });
}
