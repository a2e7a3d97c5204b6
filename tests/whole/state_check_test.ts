/** `--check` and the state directory: it says what the start would say of the state, and changes nothing of it. @module */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { startAgent } from "../support/agent.ts";
import { testInEnclave } from "../support/enclave.ts";
import { makeFolder } from "../support/folder.ts";

const KEY = "00112233445566778899aabbccddeeff".repeat(2), OTHER = "ff".repeat(32);
const EVENT = { id: "q1", query: "What is iExec?", timestamp: 1 };

interface Env {
  readonly [name: string]: string;
}

/** A state that one event was answered in. */
const makeState = async (env: Env) => {
  const folder = makeFolder({ "iexec_in/events.json": [EVENT] });
  assertEquals((await runToEnd(folder.path, ["--once"], env)).code, 0);
  return folder;
};

async function runToEnd(folder: string, args: readonly string[], env: Env, under: readonly string[] = []) {
  await using agent = await startAgent({ folder, args, env, under });
  const { code, stdout } = await agent.ended;
  return { code, said: stdout + agent.lines.join("\n"), last: agent.lines.at(-1) };
}

interface Case {
  readonly what: string;
  readonly made: Env;
  readonly checked: Env;
  readonly change?: (directory: string) => void;
  readonly code: number;
  readonly told: string;
}

const sql = (statement: string) => (directory: string) => {
  using database = new DatabaseSync(`${directory}/agent.db`);
  database.exec(statement);
};

const REFUSED: readonly Case[] = [
  {
    what: "a key, and a state that is not sealed",
    made: {},
    checked: { AGENT_STATE_KEY: KEY },
    code: 78,
    told: "with AGENT_STATE_TAKE_OVER=true, which seals it anew; else set AGENT_STATE_DIR to another directory",
  },
  {
    what: "a sealed state, and no key",
    made: { AGENT_STATE_KEY: KEY },
    checked: {},
    code: 78,
    told: "it is sealed. Set AGENT_STATE_KEY to its key",
  },
  {
    what: "a sealed state, and another key",
    made: { AGENT_STATE_KEY: KEY },
    checked: { AGENT_STATE_KEY: OTHER },
    code: 78,
    told: "AGENT_STATE_KEY is not the key it was sealed with",
  },
  {
    what: "a sealed state whose proof of the key is gone",
    made: { AGENT_STATE_KEY: KEY },
    checked: { AGENT_STATE_KEY: KEY },
    change: sql("DELETE FROM seal"),
    code: 78,
    told: "the proof of their key is gone",
  },
  {
    what: "a rollback journal beside the state",
    made: {},
    checked: {},
    change: (directory) => Deno.writeTextFileSync(`${directory}/agent.db-journal`, "planted"),
    code: 74,
    told: "agent.db-journal",
  },
  {
    what: "a link in the state's place",
    made: {},
    checked: {},
    change: (directory) => {
      Deno.renameSync(`${directory}/agent.db`, `${directory}/elsewhere.db`);
      Deno.symlinkSync(`${directory}/elsewhere.db`, `${directory}/agent.db`);
    },
    code: 74,
    told: "agent.db",
  },
  {
    what: "a state with a trigger of somebody else's",
    made: {},
    checked: {},
    change: sql("CREATE TRIGGER planted AFTER INSERT ON outcome BEGIN DELETE FROM event; END"),
    code: 74,
    told: "agent.db",
  },
];

for (const { what, made, checked, change, code, told } of REFUSED) {
  Deno.test(`--check refuses ${what}, as the start does, and leaves it as it is`, async () => {
    await using folder = await makeState(made);
    change?.(`${folder.path}/.agent`);
    const before = Deno.readFileSync(`${folder.path}/.agent/agent.db`);
    const check = await runToEnd(folder.path, ["--check"], checked);
    assertEquals(check.code, code, check.said);
    assertStringIncludes(check.last!, told);
    const start = await runToEnd(folder.path, ["--once"], checked);
    assertEquals([start.code, start.last], [check.code, check.last]);
    assertEquals(Deno.readFileSync(`${folder.path}/.agent/agent.db`), before);
  });
}

Deno.test("--check finds a state usable with its own key, a fresh one with any, and one that is to be taken over", async () => {
  await using sealed = await makeState({ AGENT_STATE_KEY: KEY });
  await using plain = await makeState({});
  await using fresh = makeFolder({});
  const takeOver = { AGENT_STATE_KEY: KEY, AGENT_STATE_TAKE_OVER: "true" };
  for (
    const [folder, env] of [[sealed, { AGENT_STATE_KEY: KEY }], [plain, takeOver], [fresh, {
      AGENT_STATE_KEY: OTHER,
    }]] as const
  ) {
    const { code, said } = await runToEnd(folder.path, ["--check"], env);
    assertEquals(code, 0, said);
    assertStringIncludes(said, "state: usable (.agent, sealed with AGENT_STATE_KEY)");
  }
  assertEquals((await runToEnd(plain.path, ["--check"], {})).code, 0, "a check seals nothing");
  assertEquals((await runToEnd(fresh.path, ["--check"], { AGENT_STATE_KEY: KEY })).code, 0);
});

testInEnclave("in a TEE too --check refuses a state that is not sealed under a key", async (under) => {
  await using folder = await makeState({});
  const { code, last } = await runToEnd(folder.path, ["--check"], { TEE: "required", AGENT_STATE_KEY: KEY }, under);
  assertEquals(code, 78);
  assertStringIncludes(last!, "it is not sealed, so anybody may have written it");
});
