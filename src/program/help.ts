/** What is told about the program itself: the help, its versions, and the settings as documents show them. @module */

import { createHash } from "node:crypto";
import config from "../../deno.json" with { type: "json" };
import build from "../build.json" with { type: "json" };
import { messageOf } from "../errors.ts";
import { SETTING_ROWS } from "./settings.ts";

/** The program's version, those it is built on, and of an executable its SHA-256. */
export function versionText(): string {
  const core = config.imports["@elizaos/core"].split("@").at(-1);
  const { deno, v8, typescript } = Deno.version;
  const lines = [
    `agent ${config.version}`,
    `commit ${build.commit ?? "none: run from sources"}`,
    `deno ${deno} (v8 ${v8}, typescript ${typescript})`,
    `@elizaos/core ${core}`,
  ];
  if (build.commit !== null) lines.push(`sha256 ${digestOf(Deno.execPath())}`);
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
    // Only with no other argument beside --version may the executable read itself.
    if (error instanceof Deno.errors.NotCapable) return "unknown: call with --version alone";
    return `unknown: ${messageOf(error)}`;
  }
}

/** What `--help` prints. */
export function helpText(): string {
  const settings = SETTING_ROWS.map(({ name, meaning, expected, default: value }) =>
    `  ${name}\n      ${plain(meaning)}.\n      Expected: ${expected}. Default: ${plain(value)}.`
  );
  return `Answers events with an ElizaOS agent: from a watched file, or from a WebSocket server.

Usage: agent [--once | --check | --health | --help | --version | --licenses]
       agent chat [--conversation NAME]

  chat        Talk to the agent here: one line, one answer. NAME keeps conversations apart; the default is "default"
  --once      Answer the events of the input, write computed.json beside the responses, and exit
  --check     Say whether the settings, the character, the paths and the model are usable, and exit
  --health    Say whether the agent on the same AGENT_STATE_DIR is alive, and exit
  --help      Print this and exit
  --version   Print the versions and exit
  --licenses  Print the licences of the software in the executable, and exit

Settings, from the environment or from a .env file in the working directory (the environment wins):

${settings.join("\n")}

Exit codes: 0 stopped as told; 64 wrong arguments; 65 with --once or chat: a
question could not be answered; 69 the server is out of reach, with --check the model's,
or with --health no agent is alive; 70 a bug of the agent; 74 a file or directory can't
be read or written; 78 a setting, the model or the environment of a TEE is wrong.`;
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
