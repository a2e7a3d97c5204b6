/** What the program is asked to do by its arguments. @module */

import { parseArgs } from "node:util";
import { argumentsMessage, refuseRepeated } from "../arguments_error.ts";
import { EXIT, FatalError } from "../errors.ts";

/** Options that stand for telling something and exiting, whatever else is given. */
const TELLING = ["help", "version", "licenses"] as const;
/** Options that stand for some work; a task can be checked, everything else goes alone. */
const WORKING = ["check", "health", "once"] as const;
/** Options that stand for a mode, the first that is given counting. */
const MODE_OPTIONS = [...TELLING, ...WORKING];

/** Words that stand for a mode. */
const COMMANDS = ["help", "chat", "open", "forget"] as const;

/** What to do; `run` is to answer events until told to stop. */
export type Mode = typeof MODE_OPTIONS[number] | "chat" | "open" | "forget" | "verify" | "run";

/** The arguments, read. */
export interface CommandLine {
  readonly mode: Mode;
  /** Whether the help of the settings is wanted. */
  readonly aboutSettings: boolean;
  /** Names the conversation of a chat (undefined: the default one), or the one that is to be forgotten. */
  readonly conversation: string | undefined;
  /** Names the user who is to be forgotten. */
  readonly user: string | undefined;
  /** What `open` opens: the responses file, and the file with the private key, if it is named. */
  readonly sealed?: { readonly path: string; readonly keyPath: string | undefined };
  /** The arguments behind `verify`, which reads them itself: nobody else has use for its options. */
  readonly verify?: readonly string[];
}

/**
 * Read the arguments. `help`, `chat`, `open`, `forget` and `verify` are words, everything else is an option, or what
 * `open` opens.
 *
 * @throws {FatalError} 64 if there is one too many, or one that does not exist.
 */
export function readCommandLine(args: readonly string[]): CommandLine {
  const [first, ...rest] = args;
  if (first === "verify") {
    return { mode: "verify", aboutSettings: false, conversation: undefined, user: undefined, verify: rest };
  }
  try {
    return parse(args);
  } catch (error) {
    throw new FatalError(`${argumentsMessage(error)}. Call with --help to see what there is.`, EXIT.usage, {
      cause: error,
    });
  }
}

function parse(args: readonly string[]): CommandLine {
  const { values, positionals: words, tokens } = parseArgs({
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
      user: { type: "string" },
      key: { type: "string" },
    },
    tokens: true,
  });
  refuseRepeated({ tokens, values });
  const command = COMMANDS.find((command) => command === words[0]);
  if (command) words.shift();
  const mode = command === "help" ? "help" : MODE_OPTIONS.find((name) => values[name]) ?? command ?? "run";
  if (!TELLING.some((name) => name === mode)) {
    const works = [...WORKING.filter((name) => values[name]).map((name) => `--${name}`), ...command ? [command] : []];
    if (works.length > 1 && works.join() !== "--check,--once") {
      throw new TypeError(`${works.join(" and ")} exclude each other: call with one of them`);
    }
  }
  const aboutSettings = mode === "help" && words[0] === "settings";
  const path = mode === "open" ? words.shift() : undefined;
  if (mode === "open" && path === undefined) throw new TypeError("Name the responses file: agent open responses.json");
  const [unexpected] = aboutSettings ? words.slice(1) : words;
  if (unexpected !== undefined) throw new TypeError(`Unexpected argument '${unexpected}'`);
  const { conversation, user } = values;
  if (conversation !== undefined && command !== "chat" && command !== "forget") {
    throw new TypeError("--conversation is for 'chat' and 'forget'");
  }
  if (user !== undefined && command !== "forget") throw new TypeError("--user is for 'forget'");
  if (mode === "forget" && !conversation && !user) {
    throw new TypeError("Say whose words: agent forget --conversation ID, or --user ID");
  }
  if (values.key !== undefined && command !== "open") throw new TypeError("--key is for 'open'");
  return {
    mode: mode as Mode,
    aboutSettings,
    conversation,
    user,
    ...(path !== undefined && { sealed: { path, keyPath: values.key } }),
  };
}
