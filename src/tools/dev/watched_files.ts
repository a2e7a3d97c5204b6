/** What the agent is made from: its sources, its settings file and its character. @module */

import { resolve } from "node:path";
import { MAX_SMALL_FILE_BYTES, readPlainTextSync } from "../../files.ts";
import { parseEnvFile } from "../../settings/env_file.ts";
import { ROOT } from "../agent_command.ts";

/** Absolute paths of files, and of directories with everything in them. */
export interface WatchedFiles {
  readonly files: readonly string[];
  readonly directories: readonly string[];
}

/**
 * What is watched now; a file that can't be read names nothing more, for the agent says what is wrong with it. The
 * files of its knowledge are not: the agent reads them again itself.
 */
export function watchedFiles(): WatchedFiles {
  const environment = (name: string) => Deno.env.get(name);
  const settings = environment("AGENT_ENV_FILE") ?? ".env";
  const character = environment("AGENT_CHARACTER") || characterIn(settings);
  return {
    files: [`${ROOT}main.ts`, `${ROOT}deno.json`, settings, ...(character ? [character] : [])]
      .map((path) => resolve(path)),
    directories: [resolve(`${ROOT}src`)],
  };
}

function characterIn(settings: string): string | undefined {
  return unlessUnreadable(() =>
    parseEnvFile(readPlainTextSync(settings, { maxBytes: MAX_SMALL_FILE_BYTES }), (name) => Deno.env.get(name))
  )
    ?.AGENT_CHARACTER;
}

function unlessUnreadable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    // Missing, half-written or wrong: the agent itself says so, with the place of the mistake.
    return undefined;
  }
}
