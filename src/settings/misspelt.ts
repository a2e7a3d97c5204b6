/** Names that are almost those of settings. @module */

import type { Environment } from "../environment.ts";
import { isNear } from "../spelling.ts";
import type { SettingsTable } from "./definition.ts";
import { parseEnvFile } from "./env_file.ts";

/** A name that no setting has, and the setting that was probably meant, if there is one. */
export interface Misspelt {
  readonly name: string;
  readonly meant?: string;
}

/** Names in a `.env` file that start like settings of the table, or are almost one, but are not in it: probably misspelt. */
export function unknownNames(table: SettingsTable, environment: Environment, file: string): Misspelt[] {
  const prefixes = prefixesOf(table);
  const others = otherNamesOf(table);
  return Object.keys(parseEnvFile(file, environment))
    .filter((name) => !(name in table) && !others.includes(name))
    .map((name) => withMeaning(table, name))
    .filter(({ name, meant }) => meant !== undefined || prefixes.includes(prefixOf(name)));
}

/**
 * Variables of the environment that are a letter away from a setting. Others that begin like one are none of the agent's
 * business: Kubernetes sets a `REDIS_PORT` for a service of that name.
 *
 * @param variables Names of those that are set.
 */
export function misspeltVariables(table: SettingsTable, variables: readonly string[]): Misspelt[] {
  const others = otherNamesOf(table);
  return variables.filter((name) => !(name in table) && !others.includes(name))
    .map((name) => withMeaning(table, name)).filter(({ meant }) => meant !== undefined);
}

/** What the settings that an operator sets begin with, such as `WEBSOCKET_`. */
export function prefixesOf(table: SettingsTable): string[] {
  const operators = Object.entries(table).filter(([name, { setBy }]) => name.includes("_") && setBy === undefined);
  return [...new Set(operators.map(([name]) => prefixOf(name)))];
}

/** Names of variables that are read besides the settings' own: their older spellings, and what defaults look at. */
export function otherNamesOf(table: SettingsTable): string[] {
  return [
    ...new Set(
      Object.values(table).flatMap(({ olderNames = [], fallbackNames = [] }) => [...olderNames, ...fallbackNames]),
    ),
  ];
}

function withMeaning(table: SettingsTable, name: string): Misspelt {
  const meant = Object.keys(table).find((setting) => isNear(name, setting));
  return { name, ...meant !== undefined && { meant } };
}

function prefixOf(name: string): string {
  return name.slice(0, name.indexOf("_") + 1);
}
