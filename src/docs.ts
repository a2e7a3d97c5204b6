/** Writes what the documents say about the settings anew, from the settings themselves: `deno task docs`. @module */

import { envExample, settingsMarkdown } from "./help.ts";

/** The README with its settings table as `src/settings.ts` has it. */
export function withSettings(readme: string): string {
  const table = `<!-- settings: written by \`deno task docs\` -->\n\n${settingsMarkdown()}\n\n<!-- /settings -->`;
  return readme.replace(/<!-- settings: [^]*<!-- \/settings -->/, () => table);
}

if (import.meta.main) {
  await Deno.writeTextFile(".env.example", envExample());
  await Deno.writeTextFile("README.md", withSettings(await Deno.readTextFile("README.md")));
}
