/** What the agent is made from: its sources, its settings file, its character and what that knows. @module */

import { dirname, resolve } from "node:path";
import { adaptCharacter } from "../../mind/character/format.ts";
import { parseEnvFile } from "../../settings/env_file.ts";
import { ROOT } from "../agent_command.ts";

/** Absolute paths of files, and of directories with everything in them. */
export interface WatchedFiles {
  readonly files: readonly string[];
  readonly directories: readonly string[];
}

/** What is watched now; a file that can't be read names nothing more, for the agent says what is wrong with it. */
export function watchedFiles(): WatchedFiles {
  const environment = (name: string) => Deno.env.get(name);
  const settings = environment("AGENT_ENV_FILE") ?? ".env";
  const character = environment("AGENT_CHARACTER") || characterIn(settings);
  const known = character ? knowledgeOf(character) : { files: [], directories: [] };
  return {
    files: [`${ROOT}main.ts`, `${ROOT}deno.json`, settings, ...(character ? [character] : []), ...known.files]
      .map((path) => resolve(path)),
    directories: [`${ROOT}src`, ...known.directories].map((path) => resolve(path)),
  };
}

function characterIn(settings: string): string | undefined {
  return unlessUnreadable(() => parseEnvFile(Deno.readTextFileSync(settings), (name) => Deno.env.get(name)))
    ?.AGENT_CHARACTER;
}

/** The files and directories that a character's knowledge names, which are relative to the character's own. */
function knowledgeOf(character: string): WatchedFiles {
  const value = unlessUnreadable(() => adaptCharacter(JSON.parse(Deno.readTextFileSync(character)), String).value);
  const { knowledge } = Object(value);
  const entries: { path?: unknown; directory?: unknown }[] = Array.isArray(knowledge) ? knowledge.map(Object) : [];
  const named = (paths: unknown[]) =>
    paths.filter((path): path is string => typeof path === "string").map((path) => resolve(dirname(character), path));
  return {
    files: named(entries.map(({ path }) => path)),
    directories: named(entries.map(({ directory }) => directory)),
  };
}

function unlessUnreadable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    // Missing, half-written or wrong: the agent itself says so, with the place of the mistake.
    return undefined;
  }
}
