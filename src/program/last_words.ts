/** What the user is told of an error that ended the program, and the exit code. @module */

import { escapeControls } from "../control_characters.ts";
import { EXIT, FatalError } from "../errors.ts";
import { databaseError } from "../store/database.ts";

/** The last lines on stderr, and how the program exits. */
export interface LastWords {
  readonly text: string;
  readonly exitCode: number;
}

/** What to say of whatever was thrown: a {@linkcode FatalError} is told plainly, anything else is a bug, with its stack. */
export function lastWordsOf(thrown: unknown): LastWords {
  const error = databaseError(firstOf(thrown), "the journal");
  if (error instanceof FatalError) return { text: worded(error.message), exitCode: error.exitCode };
  const stack = error instanceof Error ? error.stack : String(error);
  return { text: worded(`this is a bug, please report it:\n${stack}`), exitCode: EXIT.bug };
}

/**
 * The first line under the program's name, the others as a list. A path or a server's text in them may hold anything: so
 * led in, and with its control characters escaped, none can pass for a line of the log.
 */
function worded(message: string): string {
  const [first = "", ...others] = message.split("\n").map(escapeControls);
  return [`agent: ${first}\n`, ...others.map((line) => `  - ${line.trimStart()}\n`)].join("");
}

/** What went wrong first, where giving back what was held went wrong too. */
function firstOf(thrown: unknown): unknown {
  return thrown instanceof SuppressedError ? firstOf(thrown.suppressed) : thrown;
}
