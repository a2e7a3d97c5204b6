/** What the program is asked to do by its arguments. @module */

import { parseArgs } from "node:util";
import { EXIT, FatalError, messageOf } from "../errors.ts";

/** Options that stand for a mode, the first that is given counting: what tells something and exits comes first. */
const MODE_OPTIONS = ["help", "version", "licenses", "check", "health", "once"] as const;

/** What to do; `run` is to answer events until told to stop. */
export type Mode = typeof MODE_OPTIONS[number] | "chat" | "run";

/** The arguments, read. */
export interface CommandLine {
  readonly mode: Mode;
  /** Whether the help of the settings is wanted. */
  readonly aboutSettings: boolean;
  /** Names the conversation of a chat; undefined: the default one. */
  readonly conversation: string | undefined;
}

/**
 * Read the arguments. `help` and `chat` are words, everything else is an option.
 *
 * @throws {FatalError} 64 if there is one too many, or one that does not exist.
 */
export function readCommandLine(args: readonly string[]): CommandLine {
  try {
    return parse(args);
  } catch (error) {
    throw new FatalError(`${messageOf(error)}. Call with --help to see what there is.`, EXIT.usage, { cause: error });
  }
}

function parse(args: readonly string[]): CommandLine {
  const { values, positionals: words } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      help: { type: "boolean", short: "h" },
      version: { type: "boolean" },
      licenses: { type: "boolean" },
      check: { type: "boolean" },
      health: { type: "boolean" },
      once: { type: "boolean" },
      conversation: { type: "string" },
    },
  });
  const command = words[0] === "help" || words[0] === "chat" ? words.shift() : undefined;
  const mode = command === "help" ? "help" : MODE_OPTIONS.find((name) => values[name]) ?? command ?? "run";
  const aboutSettings = mode === "help" && words[0] === "settings";
  const [unexpected] = aboutSettings ? words.slice(1) : words;
  if (unexpected !== undefined) throw new TypeError(`Unexpected argument '${unexpected}'`);
  if (values.conversation !== undefined && command !== "chat") throw new TypeError("--conversation is for 'chat'");
  return { mode: mode as Mode, aboutSettings, conversation: values.conversation };
}
