/**
 * `deno task docs`: writes what the settings say elsewhere too (docs/settings.md, `.env.example`, the variables in
 * `deno.json`), the index of the built-in knowledge, the state of a first start, the licence notices, and the lean core.
 * @module
 */

import { BLANK_STATE, makeBlankState } from "../program/blank_state.ts";
import { envExample, settingsMarkdown } from "../program/help.ts";
import { SETTINGS, VARIABLES } from "../program/settings.ts";
import { prefixesOf } from "../settings/misspelt.ts";
import { ROOT } from "./agent_command.ts";
import { BUILT_IN_INDEX, makeBuiltInIndex } from "./compile/built_in_index.ts";
import { LEAN_CORE, makeLeanCore } from "./lean_core.ts";
import { writeNotices } from "./licenses/collect.ts";

/** `docs/settings.md` with its table made from the settings. */
export function withSettings(document: string): string {
  const table = `<!-- settings: written by \`deno task docs\` -->\n\n${settingsMarkdown()}\n\n<!-- /settings -->`;
  return document.replace(/<!-- settings: [^]*<!-- \/settings -->/, () => table);
}

/**
 * What the agent may read of the environment when it runs from its sources: the variables of the settings, and whatever
 * begins like one, to point out misspelt names. The executable reads the variables alone.
 */
export const READABLE_FROM_SOURCES: readonly string[] = [
  ...new Set([...VARIABLES, ...prefixesOf(SETTINGS).map((prefix) => `${prefix}*`)]),
];

/** `deno.json` with an agent that may read {@linkcode READABLE_FROM_SOURCES}. */
export function withVariables(config: string): string {
  const value = JSON.parse(config);
  value.permissions.agent.env.allow = READABLE_FROM_SOURCES;
  return JSON.stringify(value, null, 2);
}

if (import.meta.main) {
  const settings = "docs/settings.md";
  await Deno.writeTextFile(".env.example", envExample());
  await Deno.writeTextFile(settings, withSettings(await Deno.readTextFile(settings)));
  await Deno.writeTextFile("deno.json", withVariables(await Deno.readTextFile("deno.json")));
  await Deno.writeTextFile(BLANK_STATE, JSON.stringify(makeBlankState(), null, 2) + "\n");
  await Deno.writeTextFile(BUILT_IN_INDEX, JSON.stringify(await makeBuiltInIndex(), null, 2) + "\n");
  const root = ROOT.slice(0, -1);
  await writeNotices(root);
  await Deno.writeTextFile(LEAN_CORE, await makeLeanCore(root));
}
