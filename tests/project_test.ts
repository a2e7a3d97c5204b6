/** What the project says about itself in more than one place: that it is the same everywhere. @module */

import { assert, assertEquals, assertMatch } from "@std/assert";
import config from "../deno.json" with { type: "json" };
import { V8_FLAGS } from "../src/tools/compile/compile.ts";
import { settingsMarkdown } from "../src/program/help.ts";
import { VARIABLES } from "../src/program/settings.ts";

/** The cells of a Markdown table, however it is padded. */
function cellsOf(table: string): string[][] {
  return table.trim().split("\n").filter((line) => !/^\|[ :|-]+$/.test(line))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

Deno.test("the table in docs/settings.md is what the settings say; `deno task docs` writes it", () => {
  const document = Deno.readTextFileSync(new URL("../docs/settings.md", import.meta.url));
  const [, table] = /<!-- settings: .*?-->([^]*)<!-- \/settings -->/.exec(document)!;
  assertEquals(cellsOf(table!), cellsOf(settingsMarkdown()));
});

for (const name of ["start", "chat", "dev"] as const) {
  Deno.test(`\`deno task ${name}\` may read the settings' variables and no others, and may run nothing`, () => {
    const { command } = config.tasks[name];
    const [, granted] = /'--allow-env=(\S+)'/.exec(command)!;
    assertEquals(granted!.split(","), VARIABLES);
    assertMatch(command, /--no-prompt .*--ignore-env /);
    assertEquals(/-A\b|--allow-(all|run|ffi|sys|import)/.exec(command), null);
  });

  Deno.test(`\`deno task ${name}\` runs under the flags of the executable`, () => {
    assert(config.tasks[name].command.includes(` ${V8_FLAGS} `));
  });
}
