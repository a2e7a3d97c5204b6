/** What the project says about itself in more than one place: that it is the same everywhere. @module */

import { assert, assertEquals, assertMatch } from "@std/assert";
import config from "../deno.json" with { type: "json" };
import { V8_FLAGS } from "../src/tools/compile/compile.ts";
import { settingsMarkdown } from "../src/program/help.ts";
import { silentLog } from "../src/log.ts";
import { loadCharacter } from "../src/mind/character/character.ts";
import { VARIABLES } from "../src/program/settings.ts";
import { makeFolder } from "./support/folder.ts";

const README = Deno.readTextFileSync(new URL("../README.md", import.meta.url));

/** The headings of a Markdown file, and what links call them. */
function headingsOf(file: URL): { headings: string[]; anchors: string[] } {
  const headings = Array.from(Deno.readTextFileSync(file).matchAll(/^#+ (.+)$/gm), ([, heading]) => heading!);
  const anchors = headings.map((heading) => heading.toLowerCase().replace(/[^\w\- ]/g, "").replaceAll(" ", "-"));
  return { headings, anchors };
}

/** The cells of a Markdown table, however it is padded. */
function cellsOf(table: string): string[][] {
  return table.trim().split("\n").filter((line) => !/^\|[ :|-]+$/.test(line))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

/** The text in the here-document of a shell block that writes `file`. */
function pasted(file: string): string {
  const block = new RegExp(`^cat > ${file.replace(".", "\\.")} <<'JSON'\n([^]*?)\nJSON$`, "m").exec(README);
  assert(block, `README.md has a block that writes ${file}`);
  return block[1]!;
}

Deno.test("the README's settings table is what the settings say; `deno task docs` writes it", () => {
  const [, table] = /<!-- settings: .*?-->([^]*)<!-- \/settings -->/.exec(README)!;
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

for (
  const path of [
    "README.md",
    ...["README.md", "iexec/README.md", "Dockerfile", "compose.yaml", "kubernetes.yaml"]
      .map((name) => `deploy/${name}`),
  ]
) {
  Deno.test(`what ${path} refers to is there`, () => {
    const here = new URL(`../${path}`, import.meta.url);
    const text = Deno.readTextFileSync(here);
    for (const [link, target, anchor] of text.matchAll(/\]\((?!https?:)([^)#]*)#?([^)]*)\)/g)) {
      const file = new URL(target || here.href, here);
      assert(Deno.statSync(file).isFile, link);
      if (anchor) assert(headingsOf(file).anchors.includes(anchor), link);
    }
    for (const [quoted, named, heading] of text.matchAll(/\((README|\S+\/README\.md), "([^"]+)"\)/g)) {
      const file = new URL(named === "README" ? "../README.md" : `../${named}`, import.meta.url);
      assert(headingsOf(file).headings.includes(heading!), quoted);
    }
  });
}

Deno.test("every task that the README names exists, and every task is named", () => {
  const named = new Set(Array.from(README.matchAll(/deno task ([\w-]+)/g), (match) => match[1]));
  assertEquals([...named].toSorted(), Object.keys(config.tasks).toSorted());
});

Deno.test("the README's example character can be used", async () => {
  await using folder = makeFolder();
  Deno.writeTextFileSync(`${folder.path}/gardener.json`, pasted("gardener.json"));
  const { character } = await loadCharacter(`${folder.path}/gardener.json`, silentLog);
  assertEquals(character.name, "Gardener");
});

Deno.test("the README's example events and the sample events have the form of events", () => {
  const sample = Deno.readTextFileSync(new URL("../iexec_in/events.json", import.meta.url));
  for (const events of [JSON.parse(pasted("iexec_in/events.json")), JSON.parse(sample)]) {
    for (const { id, query, timestamp } of events) {
      assertEquals([typeof id, typeof query, typeof timestamp], ["string", "string", "number"]);
    }
  }
});
