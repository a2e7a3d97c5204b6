/** Texts about the program itself: the help, its versions, and the settings as documents show them. @module */

import { createHash } from "node:crypto";
import { messageOf } from "../errors.ts";
import { SETTING_ROWS } from "./settings.ts";
import { COMMIT, CORE_VERSION, VERSION } from "./version.ts";

/** The versions of the program and of what it is built on; for an executable its SHA-256 too. */
export function versionText(): string {
  const { deno, v8, typescript } = Deno.version;
  const lines = [
    `agent ${VERSION}`,
    `commit ${COMMIT ?? "none: run from sources"}`,
    `deno ${deno} (v8 ${v8}, typescript ${typescript})`,
    `@elizaos/core ${CORE_VERSION}`,
  ];
  if (COMMIT !== null) lines.push(`sha256 ${digestOf(Deno.execPath())}`);
  return lines.join("\n");
}

/** SHA-256 of a file, in hexadecimal digits, or why there is none. */
function digestOf(path: string): string {
  try {
    using file = Deno.openSync(path);
    const hash = createHash("sha256"), buffer = new Uint8Array(1 << 20);
    for (let read = file.readSync(buffer); read; read = file.readSync(buffer)) hash.update(buffer.subarray(0, read));
    return hash.digest("hex");
  } catch (error) {
    // The executable may read itself only when --version is its one argument.
    if (error instanceof Deno.errors.NotCapable) return "unknown: call with --version alone";
    return `unknown: ${messageOf(error)}`;
  }
}

/** What `--help` prints: a screen of 80 columns and 24 lines. */
export function helpText(): string {
  return `Answers events from a file, a WebSocket server or a queue with ElizaOS.

Usage: agent [--once | --check | --health]   answer events, until Ctrl+C
       agent chat [--conversation NAME]      talk to the agent here
       agent open FILE --key FILE            print sealed answers
       agent verify FILE                     prove where answers were made
       agent forget --conversation ID | --user ID   delete what was said

  --once       Answer the input, write computed.json beside the answers, exit
  --check      Say whether settings, character, paths and model are usable
  --health     Say whether the agent on the same AGENT_STATE_DIR is alive
  --version    Print the versions; --licenses the licences of all parts
  -h, --help   Print this; --help settings explains every setting

Settings come from the environment, or from the file .env here. Most used:
  EVENT_INPUT_PATH   where events come from (iexec_in/events.json)
  EVENT_OUTPUT_PATH  where answers go (iexec_out/responses.json)
  USE_WEBSOCKET=true with WEBSOCKET_URL: events from a WebSocket server instead
  AGENT_CHARACTER    an ElizaOS character file, in place of the built-in one
  MODEL_PROVIDER     who answers: embedded, ollama or openai

Exit codes: 0 stopped as told; 64 wrong arguments; 65 a question has no answer
(--once, chat); 69 server or model out of reach, or no agent alive; 70 a bug;
74 a file can't be read or written; 78 a setting or the model is wrong.`;
}

/** What `--help settings` prints. */
export function settingsHelpText(): string {
  const settings = SETTING_ROWS.map(({ name, meaning, expected, default: value }) =>
    [
      name,
      ...wrapped(`${plain(meaning)}.`),
      ...wrapped(`Expected: ${expected}.`),
      ...wrapped(`Default: ${plain(value)}.`),
    ].join("\n")
  );
  return `Every setting. The environment wins over the file .env in the working directory;
an empty value counts as not set.

${settings.join("\n\n")}`;
}

/** Wraps a text into indented lines of at most 80 columns; a longer word gets a line of its own. */
function wrapped(text: string): string[] {
  const lines: string[] = [];
  let line = "   ";
  for (const word of text.split(" ")) {
    if (`${line} ${word}`.length > 80 && line.trim() !== "") {
      lines.push(line);
      line = "   ";
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

/** The text of `.env.example`. */
export function envExample(): string {
  const settings = SETTING_ROWS.filter(({ setBy, environmentOnly }) => setBy === undefined && !environmentOnly)
    .map(
      ({ name, meaning, expected, default: value }) => {
        const literal = /^`([^`]*)`/.exec(value)?.[1] ?? "";
        return `# ${plain(meaning)}.\n# Expected: ${expected}. Default: ${plain(value)}.\n#${name}=${literal}\n`;
      },
    );
  return `# Settings of the agent: copy this file to .env and take the # away from what you change.\n\n${
    settings.join("\n")
  }`;
}

/** The table in `docs/settings.md`. */
export function settingsMarkdown(): string {
  const rows = SETTING_ROWS.map(({ name, meaning, expected, default: value }) =>
    `| \`${name}\` | ${meaning} | ${expected} | ${value} |`
  );
  return ["| setting | meaning | expected | default |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

function plain(text: string): string {
  return text.replaceAll("`", "");
}
