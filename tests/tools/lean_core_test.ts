/** The lean core: made from the published one, and in its place whatever the agent asks. @module */

import { assert, assertEquals } from "@std/assert";
import { relative } from "node:path";
import config from "../../deno.json" with { type: "json" };
import { LEAN_CORE, makeLeanCore } from "../../src/tools/lean_core.ts";
import { ROOT } from "../support/agent.ts";
import { makeFolder } from "../support/folder.ts";

Deno.test("the lean core is what the locked core makes; `deno task docs` writes it", async () => {
  // Compared as a whole: a difference would be printed as 200 kB.
  assert(Deno.readTextFileSync(ROOT + LEAN_CORE) === await makeLeanCore(ROOT), `${LEAN_CORE} is another one`);
});

Deno.test("the lean core has the version and the types of the published one, and only one file imports it", () => {
  const [header] = Deno.readTextFileSync(ROOT + LEAN_CORE).split("\n");
  assertEquals(header, `// @ts-self-types="${config.scopes["./src/"]["@elizaos/core"]}"`);
  assertEquals(config.scopes["./src/mind/core.ts"], { "@elizaos/core": `./${LEAN_CORE}` });
});

/** Asks a mind of each kind, and prints what it answered and everything that it has in its database. */
const QUESTIONER = `
  import { event } from "${import.meta.resolve("../support/events.ts")}";
  import { startMind } from "${import.meta.resolve("../support/mind.ts")}";
  const never = new AbortController().signal;
  const questions = ["What is iExec?", "And how do I build it?", "Che cos'è iExec?", "Can I pay by card?", "fail"];
  const plugin = {
    name: "plugin",
    description: "A model that answers with its prompt",
    models: {
      TEXT_LARGE: (_runtime, { prompt }) => prompt.endsWith("fail") ? Promise.reject(new Error("No")) : Promise.resolve(prompt),
      TEXT_EMBEDDING: (_runtime, given) => Promise.resolve(Array(384).fill(given === null ? 0 : given.text.length)),
    },
  };
  const file = { name: "Ada", bio: ["a test"], knowledge: ["Ada answers."], secrets: { KEY: "k" }, settings: { A: 1 } };
  for (const options of [{}, { model: plugin }, { model: plugin, file }]) {
    await using mind = await startMind(options);
    for (const [index, question] of questions.entries()) {
      const asked = event(String(index), question, { userId: "u", conversationId: "c" });
      console.log(JSON.stringify(await mind.reply(asked, never).catch(({ message }) => message)));
    }
    console.log(mind.dump());
  }
  const [{ AgentRuntime }, published] = await Promise.all([
    import("${import.meta.resolve("../../src/mind/core.ts")}"),
    import("${config.scopes["./src/"]["@elizaos/core"]}"),
  ]);
  console.log("on the published core:", AgentRuntime === published.AgentRuntime);
`;

Deno.test("a mind on the lean core answers and remembers what one on the published core does", async () => {
  const { scopes: { "./src/": core }, lock: _lock, workspace: _workspace, lint: _lint, tasks: _tasks, ...rest } =
    config;
  await using folder = makeFolder({ "questioner.ts": QUESTIONER });
  const links = config.links.map((link) => relative(folder.path, ROOT + link));
  Deno.writeTextFileSync(
    `${folder.path}/deno.json`,
    JSON.stringify({ ...rest, imports: { ...config.imports, ...core }, links }),
  );
  const questioner = `${folder.path}/questioner.ts`;
  const lean = await outputOf([`--config=${ROOT}deno.json`, `--lock=${ROOT}tests/deno.lock`, questioner]);
  const published = await outputOf([`--config=${folder.path}/deno.json`, "--no-lock", questioner]);
  assertEquals([lean.pop(), published.pop()], ["on the published core: false", "on the published core: true"]);
  assertEquals(lean.length, 3 * 6);
  assertEquals(lean, published);
});

/** The lines that a program prints, without ids and times of the moment. */
async function outputOf(args: readonly string[]): Promise<string[]> {
  const command = new Deno.Command(Deno.execPath(), { args: ["run", "--quiet", "-A", "--no-check", ...args] });
  const { success, stdout, stderr } = await command.output();
  assert(success, new TextDecoder().decode(stderr));
  const text = new TextDecoder().decode(stdout).replaceAll(/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/g, "ID");
  return text.replaceAll(/"ms":\d+|\b1[6-9]\d{11}(\.\d+)?\b/g, "TIME").trimEnd().split("\n");
}
