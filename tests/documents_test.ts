/** The documents: links that lead somewhere, tasks that exist, and examples that are the files in `examples/`. @module */

import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import config from "../deno.json" with { type: "json" };
import { silentLog } from "../src/log.ts";
import { loadCharacter } from "../src/mind/character/character.ts";
import { MAX_NONCE_LENGTH } from "../src/proof/claims.ts";
import { MAX_DEPTH, MAX_ID_LENGTH } from "../src/wire.ts";
import { anchorOf, anchorsOf, codeBlocks, DOCUMENTS, fileUrl, readFile } from "./support/documents.ts";

/** Files that are no documents, and mention some. */
const MENTIONING = [".ci/run", "deploy/Dockerfile", "deploy/compose.yaml", "deploy/kubernetes.yaml", "deno.json"];

for (const document of DOCUMENTS) {
  Deno.test(`every link in ${document} leads to a file, and to a heading if it names one`, () => {
    const here = fileUrl(document);
    for (const [link, target, anchor] of readFile(document).matchAll(/\]\((?!https?:)([^)#]*)#?([^)]*)\)/g)) {
      const file = new URL(target || here.href, here);
      assert(exists(file), `${link} in ${document}`);
      if (anchor) assert(anchorsOf(file).includes(anchor), `${link} in ${document}`);
    }
  });
}

Deno.test("every document is reached by links from README.md", () => {
  const reached = new Set(["README.md"]);
  for (const document of reached) { // grows while it is read
    for (const [, target = ""] of readFile(document).matchAll(/\]\((?!https?:)([^)#]+\.md)[^)]*\)/g)) {
      reached.add(new URL(target, fileUrl(document)).href.slice(fileUrl("").href.length));
    }
  }
  assertEquals(DOCUMENTS.filter((document) => !reached.has(document)), []);
});

for (const path of MENTIONING) {
  Deno.test(`every document and heading that ${path} mentions exists`, () => {
    const text = readFile(path);
    for (const [mention] of text.matchAll(/[\w./-]+\.md\b/g)) assert(exists(fileUrl(mention)), mention);
    for (const [mention, document = "", heading = ""] of text.matchAll(/([\w./-]+\.md), "([^"]+)"/g)) {
      assert(anchorsOf(fileUrl(document)).includes(anchorOf(heading)), mention);
    }
  });
}

Deno.test("every path of the project that a document names exists", () => {
  // Made by a command of the documents, or by the tests.
  const made = ["tests/screenshots/"];
  for (const document of DOCUMENTS.filter((document) => document !== "CHANGELOG.md")) {
    for (const [, path = ""] of readFile(document).matchAll(/`((?:src|tests|docs|examples|deploy)\/[\w./-]*)`/g)) {
      assert(made.includes(path) || exists(fileUrl(path)), `${path} in ${document}`);
    }
  }
});

Deno.test("code in a sentence stands on one line, so that it can be copied and found", () => {
  for (const document of DOCUMENTS) {
    const prose = readFile(document).replaceAll(/^ *```[^]*?^ *```/gm, "");
    for (const paragraph of prose.split(/\n\s*\n/)) {
      for (const [code] of paragraph.matchAll(/(`+)[^`]+\1/g)) assert(!code.includes("\n"), `${code} in ${document}`);
    }
  }
});

Deno.test("docs/protocol.md says the limits of an event's fields", () => {
  const [, event = ""] = /\*\*event\*\*, from the server[^]*?\n\n([^]*?)\n\n\*\*/.exec(readFile("docs/protocol.md")) ??
    [];
  const said = event.replaceAll(/\s+/g, " ");
  assertStringIncludes(said, `\`id\`: a text of 1 to ${MAX_ID_LENGTH} UTF-16 code units`);
  assertStringIncludes(said, `A \`nonce\` counts if it is a text of 1 to ${MAX_NONCE_LENGTH} UTF-16 code units`);
  assertStringIncludes(said, `nested at most ${MAX_DEPTH} levels deep`);
});

Deno.test("every task in the documents exists, and CONTRIBUTING.md names every task", () => {
  const tasks = Object.keys(config.tasks);
  const named = (document: string) =>
    Array.from(readFile(document).matchAll(/deno task (?:--[\w=-]+ )*([\w-]+)/g), ([, task]) => task);
  for (const document of DOCUMENTS) {
    for (const task of named(document)) assert(task === "NAME" || tasks.includes(task!), `${task} in ${document}`);
  }
  assertEquals([...new Set(named("CONTRIBUTING.md"))].toSorted(), tasks.toSorted());
});

Deno.test("README.md has at most 150 lines, and no line of a table is longer than 120 characters", () => {
  assert(readFile("README.md").split("\n").length <= 150);
  for (const document of DOCUMENTS.filter((document) => document !== "docs/settings.md")) {
    const rows = readFile(document).split("\n").filter((line) => line.startsWith("|"));
    assertEquals(rows.filter((row) => row.length > 120), [], document);
  }
});

Deno.test("the documents name one version of Deno for the commands, and it is the one that CI runs", () => {
  const versions = (text: string) =>
    new Set(Array.from(text.matchAll(/npx -y deno@([\d.]+) task (?!compile)/g), ([, v]) => v));
  const [version, ...others] = versions(readFile(".ci/run"));
  assertEquals(others, []);
  for (const document of ["README.md", "CONTRIBUTING.md"]) {
    for (const shown of versions(readFile(document))) assertEquals(shown, version, document);
  }
});

Deno.test("a JSON file that a document shows is the one in examples/", () => {
  const [shown] = codeBlocks("docs/characters.md", "json");
  assertEquals(JSON.parse(shown!), JSON.parse(readFile("examples/gardener.json")));
});

for (const [file, name] of [["gardener.json", "Gardener"], ["orchard.json", "Orchardist"]] as const) {
  // ElizaOS's core digests something when it is imported, and waits for nobody: Deno 2.7.11 takes that for a leak.
  Deno.test(`examples/${file} is a character that loads with its knowledge`, { sanitizeOps: false }, async () => {
    const { character, texts } = await loadCharacter(fileUrl(`examples/${file}`).pathname, silentLog);
    assertEquals([character.name, texts.length > 0], [name, true]);
  });
}

Deno.test("the events in README.md and the sample events have the form of events", () => {
  const [, written] = /<<'JSON'\n([^]*?)\nJSON$/m.exec(readFile("README.md"))!;
  for (const events of [JSON.parse(written!), JSON.parse(readFile("iexec_in/events.json"))]) {
    assertNotEquals(events.length, 0);
    for (const { id, query, timestamp } of events) {
      assertEquals([typeof id, typeof query, typeof timestamp], ["string", "string", "number"]);
    }
  }
});

function exists(file: URL): boolean {
  try {
    Deno.statSync(file);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
