/** What of ElizaOS's core stays out of the executable, and that nobody can miss it without being told. @module */

import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { validateCharacter } from "../../../src/mind/character/validation.ts";
import { bundleProgram } from "../../../src/tools/compile/bundle.ts";
import { leanCore, makeCut } from "../../../src/tools/compile/core_cuts.ts";
import { undefinedNames } from "../../../src/tools/compile/undefined_names.ts";
import { FatalError } from "../../../src/errors.ts";
import { ROOT } from "../../support/agent.ts";
import { makeFolder } from "../../support/folder.ts";

const path = new URL(import.meta.resolve("@elizaos/core")).pathname;
const published = Deno.readTextFileSync(path);

/**
 * Words of what is left out: LangChain and LangSmith, zod v3, handlebars, the invented names, crypto-browserify, the
 * service behind handleMessage, the search by words.
 */
const LEFT_OUT = [
  "lc_namespace",
  "langsmith",
  "ZodFirstPartyTypeKind",
  "HandlebarsEnvironment",
  "Abigail",
  "pbkdf2Sync",
  "multiStepDecisionTemplate",
  "termFrequencySaturation",
];

Deno.test("the program's bundle holds nothing of what is left out of the core, and one language of zod's", async () => {
  await using folder = makeFolder();
  const bundle = await bundleProgram({ root: ROOT, commit: "none", folder: folder.path });
  const text = [...bundle.values()].join("\n");
  for (const word of LEFT_OUT) {
    assertStringIncludes(published, word);
    assert(!text.includes(word), word);
  }
  assert(!text.includes("$dynamicAnchor"), "zod's reader of JSON schemas is in it");
  assertStringIncludes(text, "Invalid input: expected");
  assert(!text.includes("Ongeldige invoer"), "Dutch is in it");
});

Deno.test("what is left out of the core ends each use of it with its name", async () => {
  await using folder = makeFolder();
  Deno.writeTextFileSync(`${folder.path}/lean_core.js`, await leanCore(published, path));
  const core: typeof import("@elizaos/core") = await import(`file://${folder.path}/lean_core.js`);
  const said = (name: string) => `${name} is left out of the core, since the agent does without it`;
  await assertRejects(() => core.splitChunks("A text."), Error, said("LangChain"));
  assertThrows(() => core.composePrompt({ state: {}, template: "{{name1}}" }), Error, said("handlebars"));
  const state = { values: {}, data: {}, text: "" };
  assertThrows(() => core.composePromptFromState({ state, template: "" }), Error, said("handlebars"));
  const examples = [[{ name: "{{name1}}", content: { text: "Hello" } }]];
  const action = { name: "GREET", description: "", examples, handler: () => Promise.resolve(undefined) };
  assertThrows(
    () => core.composeActionExamples([{ ...action, validate: () => Promise.resolve(true) }], 1),
    Error,
    said("unique-names-generator"),
  );
});

Deno.test("what stays of the core does what it did", async () => {
  await using folder = makeFolder();
  Deno.writeTextFileSync(`${folder.path}/lean_core.js`, await leanCore(published, path));
  const lean: typeof import("@elizaos/core") = await import(`file://${folder.path}/lean_core.js`);
  const core = await import("@elizaos/core");
  assertEquals(Object.keys(lean).sort(), Object.keys(core).sort());
  assertEquals(lean.stringToUuid("agent"), core.stringToUuid("agent"));
  assertEquals(core.decryptSecret(lean.encryptStringValue("a secret", "salt"), "salt"), "a secret");
  for (const character of [{ name: "Ada", bio: "A test" }, { name: 1, bio: [2], messageExamples: [[{}]], other: 3 }]) {
    const [mine, theirs] = [lean, core].map((core) => validateCharacter(core, character));
    assertEquals(JSON.stringify(mine), JSON.stringify(theirs));
  }
});

Deno.test("what stays of the core logs without secrets, and nothing below its level", async () => {
  await using folder = makeFolder();
  Deno.writeTextFileSync(`${folder.path}/lean_core.js`, await leanCore(published, path));
  const core: typeof import("@elizaos/core") = await import(`file://${folder.path}/lean_core.js`);
  // It prints, too.
  using _ = silence(console);
  for (const level of ["debug", "info"]) {
    const logger = core.createLogger({ level, maxMemoryLogs: 10 });
    for (const name of ["debug", "warn"] as const) {
      logger[name]({ password: "pass-1", kept: "kept-1" }, `said by ${name}`);
    }
    const logged = core.recentLogs();
    assertEquals(logged.includes("said by debug"), level === "debug");
    assertStringIncludes(logged, "said by warn (password=[REDACTED], kept=kept-1)");
    assert(!logged.includes("pass-1"), logged);
  }
});

/** Has nothing printed until disposed of. */
function silence(printer: Console): Disposable {
  const names = ["log", "debug", "info", "warn", "error", "trace"] as const;
  const before = names.map((name) => [name, printer[name]] as const);
  for (const name of names) printer[name] = () => {};
  return { [Symbol.dispose]: () => before.forEach(([name, print]) => printer[name] = print) };
}

Deno.test("a core in which a passage is missing, or is there twice, is refused with what to do", async () => {
  const line = "return require_crypto_browserify();";
  for (const [by, times] of [["return undefined;", 0], [line + line, 2]] as const) {
    await assertRejects(
      () => leanCore(published.replace(line, by), "/core/9.9.9/index.node.js"),
      FatalError,
      `Cannot leave parts of /core/9.9.9/index.node.js out: "${line}" should be in it once ` +
        `where it is looked for, and is ${times} times. Correct src/tools/compile/core_cuts.ts for this version.`,
    );
  }
});

Deno.test("a core that still uses what would be left out is refused with the names", async () => {
  for (const name of ["BaseDocumentTransformer", "Cache"]) {
    await assertRejects(
      () => leanCore(`${published}\nnew ${name}();`, path),
      FatalError,
      `out: the rest still uses ${name}. Correct`,
    );
  }
});

Deno.test("a cut takes out what is between its markers, and wants each once, in their order", () => {
  assertEquals(makeCut("a from b to c", { from: "from", by: "by" }, "file"), "a by b to c");
  assertEquals(makeCut("a from b to c", { from: "from", to: "to", by: "by " }, "file"), "a by to c");
  assertEquals(makeCut("to a from b to c", { from: "from", to: "to", by: "by " }, "file"), "to a by to c");
  for (const text of ["", "from", "to from", "to", "from to to", "from from to"]) {
    assertThrows(() => makeCut(text, { from: "from", to: "to", by: "" }, "file"), FatalError, "should be in it once");
  }
});

Deno.test("names that a script does not declare are found, and what is no script is refused", async () => {
  assertEquals(
    await undefinedNames("let a = b; function c(d) { return a + d + e.f; } console.log(c);"),
    new Set(["b", "e"]),
  );
  await assertRejects(() => undefinedNames("let a = ;"), FatalError, "Cannot look for undefined names: ");
});
