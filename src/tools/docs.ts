/** Writes what is said about the settings elsewhere anew, from the settings themselves: `deno task docs`. @module */

import { envExample, settingsMarkdown } from "../program/help.ts";
import { VARIABLES } from "../program/settings.ts";

/** The README with its settings table as the settings are. */
export function withSettings(readme: string): string {
  const table = `<!-- settings: written by \`deno task docs\` -->\n\n${settingsMarkdown()}\n\n<!-- /settings -->`;
  return readme.replace(/<!-- settings: [^]*<!-- \/settings -->/, () => table);
}

/** `deno.json` with the tasks that may read variables reading those of the settings. */
export function withVariables(config: string): string {
  return config.replace(/'--allow-env=[^']*'/g, () => `'--allow-env=${VARIABLES.join(",")}'`);
}

if (import.meta.main) {
  await Deno.writeTextFile(".env.example", envExample());
  await Deno.writeTextFile("README.md", withSettings(await Deno.readTextFile("README.md")));
  await Deno.writeTextFile("deno.json", withVariables(await Deno.readTextFile("deno.json")));
}
