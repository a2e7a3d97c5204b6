/** Knowledge read again when its files change, while the program runs. @module */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { systemClock } from "../../../src/clock.ts";
import { silentLog } from "../../../src/log.ts";
import { loadCharacter, type LoadedCharacter } from "../../../src/mind/character/character.ts";
import { followCharacter } from "../../../src/mind/character/follow.ts";
import { type AgentUnderTest, startAgent } from "../../support/agent.ts";
import { makeFolder } from "../../support/folder.ts";

const AGAIN = "📚 Knowledge read again";
const IN_FORCE = "the knowledge has changed and can't be used: what was known before stays in force";

const USABLE = "the knowledge can be used again";

/** The program over a folder with a character, and a way to ask it. */
async function startBaker(folder: string) {
  const agent = await startAgent({ folder, env: { AGENT_CHARACTER: "c.json", EVENT_INPUT_PATH: "events.json" } });
  await agent.logged("🚀 Agent started");
  const events: object[] = [];
  const ask = async (query: string) => {
    const id = `q${events.length + 1}`;
    events.push({ id, query, timestamp: events.length + 1 });
    Deno.writeTextFileSync(`${folder}/events.json`, JSON.stringify(events));
    return (await agent.responses(events.length)).find(({ queryId }) => queryId === id)!;
  };
  return { agent, ask };
}

const QUESTION = "When does the oven bake bread?";
const timesLogged = ({ log }: AgentUnderTest, message: string) =>
  log.filter((entry) => entry.message === message).length;

Deno.test("a changed, a new and a removed file are known without a restart, and no event is lost or answered twice", async () => {
  await using folder = makeFolder({
    "c.json": { name: "Baker", bio: "b", knowledge: [{ directory: "notes" }] },
    "notes/oven.md": "# Oven\n\nThe oven bakes bread at dawn.",
  });
  const { agent, ask } = await startBaker(folder.path);
  await using _agent = agent;
  assertStringIncludes((await ask(QUESTION)).response!, "dawn");
  Deno.writeTextFileSync(`${folder.path}/notes/oven.md`, "# Oven\n\nThe oven bakes bread at noon.");
  await agent.logged(AGAIN);
  assertStringIncludes((await ask(QUESTION)).response!, "noon");
  Deno.writeTextFileSync(`${folder.path}/notes/mill.md`, "# Mill\n\nThe mill grinds rye on Tuesdays.");
  await agent.logged(AGAIN, { count: 2 });
  const mill = await ask("When does the mill grind rye?");
  assertStringIncludes(mill.response!, "Tuesdays");
  assertEquals(mill.metadata?.sources, ["notes/mill.md"]);
  Deno.removeSync(`${folder.path}/notes/oven.md`);
  await agent.logged(AGAIN, { count: 3 });
  assertEquals((await ask(QUESTION)).metadata?.declined, true);
  const entries = await agent.responses(4);
  assertEquals(entries.map(({ queryId }) => queryId).sort(), ["q1", "q2", "q3", "q4"]);
  assertEquals((await agent.stop()).code, 0);
});

Deno.test("a mistake is told once with its place, and what was known before stays in force until it is mended", async () => {
  const character = { name: "Baker", bio: "b", knowledge: ["The oven bakes bread at dawn."] };
  await using folder = makeFolder({ "c.json": character });
  const { agent, ask } = await startBaker(folder.path);
  await using _agent = agent;
  const path = `${folder.path}/c.json`;
  Deno.writeTextFileSync(path, `{\n  "name": "Baker",\n  "bio":`);
  assertMatch(String((await agent.logged(IN_FORCE)).error), /line 3, column/);
  assertStringIncludes((await ask(QUESTION)).response!, "dawn");
  Deno.writeTextFileSync(path, JSON.stringify({ ...character, knowledge: ["The oven bakes bread at noon."] }));
  await agent.logged(AGAIN);
  assertStringIncludes((await ask(QUESTION)).response!, "noon");
  assertEquals(timesLogged(agent, IN_FORCE), 1);
});

Deno.test("knowledge that is put back as it was is said to be usable again, each time", async () => {
  await using folder = makeFolder({
    "c.json": { name: "Baker", bio: "b", knowledge: [{ directory: "notes" }] },
    "notes/oven.md": "# Oven\n\nThe oven bakes bread at dawn.",
  });
  const { agent, ask } = await startBaker(folder.path);
  await using _agent = agent;
  const notes = `${folder.path}/notes`, path = `${folder.path}/c.json`, character = Deno.readTextFileSync(path);
  Deno.renameSync(notes, `${notes}.away`);
  await agent.logged(IN_FORCE);
  Deno.renameSync(`${notes}.away`, notes);
  await agent.logged(USABLE);
  Deno.writeTextFileSync(path, "{");
  await agent.logged(IN_FORCE, { count: 2 });
  Deno.writeTextFileSync(path, character);
  await agent.logged(USABLE, { count: 2 });
  assertStringIncludes((await ask(QUESTION)).response!, "dawn");
  assertEquals([timesLogged(agent, USABLE), timesLogged(agent, AGAIN)], [2, 0]);
});

Deno.test("who the agent is needs a restart, and the log says so", async () => {
  await using folder = makeFolder({ "c.json": { name: "Baker", bio: "b", knowledge: ["Bread costs two ducats."] } });
  const { agent, ask } = await startBaker(folder.path);
  await using _agent = agent;
  Deno.writeTextFileSync(
    `${folder.path}/c.json`,
    JSON.stringify({ name: "Miller", bio: "b", knowledge: ["Flour costs one ducat."] }),
  );
  await agent.logged((entry) => entry.message.startsWith("the character has changed in more than what it knows"));
  await agent.logged(AGAIN);
  assertMatch((await ask("Who are you?")).response!, /Baker/);
  assertMatch((await ask("What does flour cost?")).response!, /one ducat/);
});

Deno.test("a change that the file system does not tell of is found by looking, and an untouched one is no change", async () => {
  await using folder = makeFolder({
    "c.json": { name: "Baker", bio: "b", knowledge: [{ path: "notes.md" }] },
    "notes.md": "Dawn.",
  });
  const path = `${folder.path}/c.json`;
  const character = await loadCharacter(path, silentLog);
  const stop = new AbortController();
  const changes: LoadedCharacter[] = [];
  let looks = 0;
  const clock = {
    ...systemClock,
    sleep(ms: number, signal?: AbortSignal) {
      if (ms !== RESCAN_MS) return Promise.resolve();
      if (++looks === 3) Deno.writeTextFileSync(`${folder.path}/notes.md`, "Noon.");
      // Some looks more than the change needs, so that a second change would show.
      if (looks === 8) stop.abort();
      return systemClock.sleep(1, signal);
    },
  };
  const onChange = (changed: LoadedCharacter) => changes.push(changed);
  await followCharacter({ path, character, onChange, rescanMs: RESCAN_MS, log: silentLog, clock }, stop.signal);
  assertEquals(changes.map(({ texts }) => texts.map(({ text }) => text)), [["Noon."]]);
});

const RESCAN_MS = 5_000;
