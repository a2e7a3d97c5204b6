/** The settings as the help, `.env.example` and docs/settings.md show them. @module */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { envExample, settingsHelpText, settingsMarkdown } from "../../src/program/help.ts";
import { SETTING_ROWS } from "../../src/program/settings.ts";
import { read } from "../support/settings.ts";

for (const { name, meaning, expected, environmentOnly, default: value } of SETTING_ROWS) {
  Deno.test(`${name} is documented: what it means, what it must be, what it is by default`, () => {
    for (const text of [meaning, expected, value]) assert(text.trim() !== "" && !/[|\n]/.test(text), text);
    const plain = (text: string) => text.replaceAll("`", "");
    const facts = `Expected: ${expected}. Default: ${plain(value)}.`;
    // It is wrapped at 80 columns.
    const help = settingsHelpText().replaceAll(/\n {4}/g, " ");
    assertStringIncludes(`${help}\n`, `\n${name} ${plain(meaning)}. ${facts}\n`);
    assertStringIncludes(settingsMarkdown(), `| \`${name}\` | ${meaning} | ${expected} | ${value} |`);
    // iExec's own are not the operator's to set, and some decide whether there is a file.
    const example = `# ${plain(meaning)}.\n# ${facts}\n#${name}=`;
    assertEquals(envExample().includes(example), !name.startsWith("IEXEC_") && !environmentOnly);
  });
}

Deno.test(".env.example in the repository is what the settings make of it", async () => {
  const url = new URL("../../.env.example", import.meta.url);
  assertEquals(await Deno.readTextFile(url), envExample(), "write it anew: deno task docs");
});

Deno.test(".env.example changes nothing as it is, and nothing with every # taken away", () => {
  assertEquals(read({}, envExample()), read({}));
  assertEquals(read({}, envExample().replaceAll(/^#(?=\w)/gm, "")), read({}));
});
