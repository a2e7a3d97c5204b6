/** Whether the database's path still names the file that is open: what is committed to a removed file is lost. @module */

import { dirname } from "node:path";
import { EXIT, FatalError } from "../errors.ts";

/**
 * A function that compares what `path` names with what it named when this was called: the error to end with, or undefined
 * while it is the same file. A file that can't be looked at for another reason than that it is gone counts as the same.
 *
 * By the path alone: closing a second handle of the file would drop SQLite's locks on it.
 */
export function watchPlace(path: string): () => FatalError | undefined {
  const opened = Deno.lstatSync(path);
  return () => {
    try {
      const now = Deno.lstatSync(path);
      if (now.ino === opened.ino && now.dev === opened.dev) return undefined;
      return lost(path, "another file has taken its place");
    } catch (error) {
      return isGone(error) ? lost(path, "it is not there any more") : undefined;
    }
  };
}

function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory ||
    (error as { code?: unknown }).code === "ESTALE";
}

function lost(path: string, what: string): FatalError {
  const directory = dirname(path);
  return new FatalError(
    `The state was removed or replaced while the agent ran: ${path} was open, and ${what}. Nothing more is answered. ` +
      `Stop the agent before you remove, replace or unmount ${directory}. What it answered since then was sent or is in ` +
      "the responses file, but not in the state: the next start would answer it again.",
    EXIT.inputOutput,
  );
}
