/** The real program, while somebody puts FIFOs and other odd things into its knowledge: it goes on, and can be stopped. @module */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { startAgent } from "../support/agent.ts";
import { makeFolder } from "../support/folder.ts";
import { run } from "../support/mount.ts";

const NOT_WATCHED =
  "a directory is not watched while there is a FIFO or a device in it: the knowledge there is looked at in intervals";
const AGAIN = "📚 Knowledge read again";
const QUESTION = "When does the oven bake bread?";

/** The program over a character whose knowledge is in the directory `notes`, away from its events. */
async function startBaker(folder: string, env: Record<string, string>) {
  Deno.mkdirSync(`${folder}/in`);
  const agent = await startAgent({
    folder,
    env: { AGENT_CHARACTER: "home/c.json", EVENT_INPUT_PATH: "in/events.json", ...env },
  });
  await agent.logged("🚀 Agent started");
  const events: object[] = [];
  const ask = async (query: string) => {
    const id = `q${events.length + 1}`;
    events.push({ id, query, timestamp: events.length + 1 });
    Deno.writeTextFileSync(`${folder}/new.json`, JSON.stringify(events));
    Deno.renameSync(`${folder}/new.json`, `${folder}/in/events.json`);
    return (await agent.responses(events.length)).find(({ queryId }) => queryId === id)!;
  };
  return { agent, ask };
}

const FILES = {
  "home/c.json": { name: "Baker", bio: "b", knowledge: [{ directory: "notes" }] },
  "home/notes/oven.md": "The oven bakes bread at dawn.",
  "home/notes/below/mill.md": "The mill grinds rye on Tuesdays.",
};

for (const place of ["home", "home/notes", "home/notes/below"]) {
  Deno.test(`a FIFO in ${place} holds up neither answers nor changes of the knowledge nor the end`, async () => {
    await using folder = makeFolder(FILES);
    const { agent, ask } = await startBaker(folder.path, { EVENT_POLL_INTERVAL: "50" });
    await using _agent = agent;
    assertStringIncludes((await ask(QUESTION)).response!, "dawn");
    run("mkfifo", `${folder.path}/${place}/pipe`);
    await agent.logged(NOT_WATCHED);
    Deno.writeTextFileSync(`${folder.path}/home/notes/oven.md`, "The oven bakes bread at noon.");
    await agent.logged(AGAIN);
    assertStringIncludes((await ask(QUESTION)).response!, "noon");
    assertEquals((await agent.stop()).code, 0);
  });
}

Deno.test("a stop that comes before a FIFO in the knowledge was noticed ends the program", async () => {
  await using folder = makeFolder(FILES);
  const { agent, ask } = await startBaker(folder.path, { EVENT_POLL_INTERVAL: "600000" });
  await using _agent = agent;
  await ask(QUESTION);
  run("mkfifo", `${folder.path}/home/notes/pipe`);
  assertEquals((await agent.stop()).code, 0);
});

Deno.test("a file in the place of a directory of knowledge is a mistake that can be mended, as often as it comes", async () => {
  await using folder = makeFolder(FILES);
  const { agent, ask } = await startBaker(folder.path, { EVENT_POLL_INTERVAL: "50" });
  await using _agent = agent;
  const notes = `${folder.path}/home/notes`;
  for (const [count, time] of [[1, "noon"], [2, "dusk"]] as const) {
    Deno.renameSync(notes, `${notes}.away`);
    Deno.writeTextFileSync(notes, "no directory");
    await agent.logged("the knowledge has changed and can't be used: what was known before stays in force", { count });
    Deno.removeSync(notes);
    Deno.writeTextFileSync(`${notes}.away/oven.md`, `The oven bakes bread at ${time}.`);
    Deno.renameSync(`${notes}.away`, notes);
    await agent.logged(AGAIN, { count });
    assertStringIncludes((await ask(QUESTION)).response!, time);
  }
  assertEquals((await agent.stop()).code, 0);
});
