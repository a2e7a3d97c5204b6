/** Whether the responses file has a place of its own: what else the settings lead to there would be overwritten. @module */

import { basename, dirname, resolve } from "node:path";
import { EXIT, FatalError } from "../errors.ts";
import { realPathOf } from "../files.ts";
import type { SettingsTable, SettingValues } from "../settings/definition.ts";

/** Names of files that the agent writes beside the answers. */
const WRITTEN_BESIDE = ["attestation.json", "computed.json"];
/** Names of files in AGENT_STATE_DIR: the database with what SQLite keeps beside it, and the sign of life. */
const STATE_FILE = /^(agent\.db.*|alive)$/;

/**
 * Check that EVENT_OUTPUT_PATH leads to no file that is somebody else's: the events, a character, a certificate, the state.
 * Links are followed.
 *
 * @throws {FatalError} 78, saying whose place it is.
 */
export function checkOutputPlace(table: SettingsTable, values: SettingValues): void {
  const path = values.EVENT_OUTPUT_PATH;
  if (typeof path !== "string" || values.EVENT_OUTPUT === "none") return;
  const problem = problemWith(path, table, values);
  if (problem === undefined) return;
  throw new FatalError(
    `A setting is wrong. Correct and start again:\n  EVENT_OUTPUT_PATH: expected a file for the answers alone, got ${
      JSON.stringify(path)
    }, ${problem}`,
    EXIT.settings,
  );
}

function problemWith(path: string, table: SettingsTable, values: SettingValues): string | undefined {
  const place = placeOf(path);
  for (const [name, { access }] of Object.entries(table)) {
    const other = values[name];
    const isUnused = name === "EVENT_INPUT_PATH" && values.EVENT_TRANSPORT !== "file";
    if (access !== "read" || typeof other !== "string" || isUnused) continue;
    if (placeOf(other) === place) return `which is the file that ${name} names`;
    if (name === "EVENT_INPUT_PATH" && isDirectory(other) && placeOf(other) === dirname(place)) {
      return `in the directory that ${name} names: the answers would be read as events`;
    }
  }
  const name = basename(place);
  const state = values.AGENT_STATE_DIR;
  if (typeof state === "string" && dirname(place) === placeOf(state) && STATE_FILE.test(name)) {
    return "which is a file of the state in AGENT_STATE_DIR";
  }
  return WRITTEN_BESIDE.includes(name) ? `and the agent itself writes a ${name} beside the answers` : undefined;
}

function placeOf(path: string): string {
  try {
    return realPathOf(path);
  } catch {
    // Its links go round in circles, or it may not be looked at: the code that uses it reports that.
    return resolve(path);
  }
}

function isDirectory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    // It may appear later, or may not be looked at, which the code that uses it reports.
    return false;
  }
}
