/** Whether this is a trusted execution environment, and whether its host lets the agent be one. @module */

import { existsSync } from "@std/fs";
import type { Environment } from "../environment.ts";
import { EXIT, FatalError } from "../errors.ts";
import { effectOf, HOST_VARIABLES, LOADER } from "./host_variables.ts";
import { DSTACK_SOCKETS, TSM_REPORTS } from "./sources/places.ts";

/** Where the agent runs. */
export interface Surroundings {
  /** Whether the rules for a TEE apply. */
  readonly inTee: boolean;
  /** Signs of a TEE: paths, and names of variables. */
  readonly found: readonly string[];
  /** Those of {@linkcode HOST_VARIABLES} and of the loader's that are set; none in a TEE. */
  readonly hostVariables: readonly string[];
}

/** Places that tell of a TEE. */
export const TEE_PATHS = [...DSTACK_SOCKETS, TSM_REPORTS];

/**
 * Look around, by the setting `TEE`. It is taken from the environment alone, as it decides which files are read; a wrong
 * one counts as `auto` until the settings are checked. An empty variable counts as not set: that is how one that an image
 * brings along is taken away.
 *
 * @param names Of the variables that are set, as far as they may be known.
 * @throws {FatalError} If a TEE is required and there is none, or if there is one and its host sets what must not be set
 * there: naming all of it at once.
 */
export function lookAround(environment: Environment, names: readonly string[] = []): Surroundings {
  const setting = environment("TEE")?.toLowerCase();
  const found = [...TEE_PATHS.filter(isThere), ...["IEXEC_TASK_ID"].filter(environment), ...namedSource(environment)];
  // By their names too: the list of those that are set leaves out whose value is no UTF-8.
  const loaders = names.filter((name) => name.startsWith(LOADER.prefix) && !(name in HOST_VARIABLES)).sort();
  // Where AGENT_PROXY names the proxy, those that name another one are taken out of the environment.
  const isMoot = (name: string) => /_proxy$/i.test(name) && environment("AGENT_PROXY");
  const hostVariables = [...Object.keys(HOST_VARIABLES), ...loaders].filter((name) =>
    environment(name) && !isMoot(name)
  );
  const inTee = setting !== "none" && found.length > 0;
  if (setting === "required" && !inTee) {
    throw new FatalError(
      `TEE=required, but nothing here tells of one: no ${
        TEE_PATHS.join(", ")
      }, no IEXEC_TASK_ID, no source in AGENT_QUOTE_SOURCE. ` +
        "Start the agent in a TEE and give it one of these, or leave TEE out.",
      EXIT.unavailable,
    );
  }
  if (inTee && hostVariables.length > 0) {
    const what = hostVariables.length === 1
      ? "A variable is set that"
      : `${hostVariables.length} variables are set that`;
    const lines = hostVariables.map((name) => `${name}: ${effectOf(name)}`);
    throw new FatalError(
      `${what} must not be set in a TEE (told by ${found.join(", ")}; TEE=none if this is none). ` +
        `Unset and start again:\n  ${lines.join("\n  ")}`,
      EXIT.settings,
    );
  }
  return { inTee, found, hostVariables };
}

/** Whoever names a source of quotes says that this is a TEE. */
function namedSource(environment: Environment): string[] {
  const named = environment("AGENT_QUOTE_SOURCE")?.toLowerCase();
  return named && named !== "auto" && named !== "none" ? [`AGENT_QUOTE_SOURCE=${named}`] : [];
}

function isThere(path: string): boolean {
  try {
    // What the file system bars the way to counts as there.
    return existsSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}
