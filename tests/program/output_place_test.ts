/** The responses file is nobody else's: the agent refuses to start where it would overwrite events, state or settings. @module */

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { EXIT, FatalError } from "../../src/errors.ts";
import { checkOutputPlace } from "../../src/program/output_place.ts";
import { readSettings, SETTINGS } from "../../src/program/settings.ts";
import { startAgent } from "../support/agent.ts";
import { event } from "../support/events.ts";
import { makeFolder } from "../support/folder.ts";

function check(environment: Record<string, string>): void {
  const values = readSettings((name) => environment[name], undefined, { inTee: false, variables: [] });
  checkOutputPlace(SETTINGS, values);
}

function assertRefused(environment: Record<string, string>, reason: string): void {
  const { message, exitCode } = assertThrows(() => check(environment), FatalError);
  assertStringIncludes(message, `got ${JSON.stringify(environment.EVENT_OUTPUT_PATH)}, ${reason}`);
  assertEquals(exitCode, EXIT.settings);
}

Deno.test("a file that another setting names is not written to, however its path is written", async () => {
  await using folder = makeFolder({ "events.json": [], "character.json": {}, "ca.pem": "" });
  const at = (name: string) => `${folder.path}/${name}`;
  Deno.symlinkSync("events.json", at("link.json"));
  Deno.symlinkSync(".", at("same"));
  for (const path of ["events.json", "./events.json", "link.json", "same/events.json"]) {
    assertRefused(
      { EVENT_INPUT_PATH: at("events.json"), EVENT_OUTPUT_PATH: at(path) },
      "which is the file that EVENT_INPUT_PATH names",
    );
  }
  assertRefused(
    { AGENT_CHARACTER: at("character.json"), EVENT_OUTPUT_PATH: at("character.json") },
    "which is the file that AGENT_CHARACTER names",
  );
  assertRefused(
    { MODEL_CA_FILE: at("ca.pem"), EVENT_OUTPUT_PATH: at("ca.pem") },
    "which is the file that MODEL_CA_FILE names",
  );
});

Deno.test("answers are not written into a directory of events", async () => {
  await using folder = makeFolder({ "in/a.json": [] });
  const input = { EVENT_INPUT_PATH: `${folder.path}/in` };
  assertRefused(
    { ...input, EVENT_OUTPUT_PATH: `${folder.path}/in/responses.json` },
    "in the directory that EVENT_INPUT_PATH names",
  );
  check({ ...input, EVENT_OUTPUT_PATH: `${folder.path}/in/out/responses.json` });
  check({ ...input, EVENT_OUTPUT_PATH: `${folder.path}/responses.json` });
});

Deno.test("the state's files, and those that the agent writes beside the answers, are not taken for the answers", async () => {
  await using folder = makeFolder();
  const state = `${folder.path}/state`;
  for (const name of ["agent.db", "agent.db-wal", "agent.db-shm", "alive"]) {
    assertRefused(
      { AGENT_STATE_DIR: state, EVENT_OUTPUT_PATH: `${state}/${name}` },
      "which is a file of the state in AGENT_STATE_DIR",
    );
  }
  for (const name of ["attestation.json", "computed.json"]) {
    assertRefused({ EVENT_OUTPUT_PATH: `${folder.path}/${name}` }, `and the agent itself writes a ${name}`);
  }
  check({ AGENT_STATE_DIR: state, EVENT_OUTPUT_PATH: `${state}/responses.json` });
});

Deno.test("what is not used is in nobody's way", () => {
  check({ EVENT_INPUT_PATH: "a.json", EVENT_OUTPUT_PATH: "a.json", USE_WEBSOCKET: "true" });
  check({ EVENT_OUTPUT_PATH: "computed.json", EVENT_OUTPUT: "none", USE_WEBSOCKET: "true" });
});

Deno.test("the program ends with 78 and leaves events and state as they are", async () => {
  const events = [event("e1")];
  await using folder = makeFolder({ "iexec_in/events.json": events });
  for (const path of ["iexec_in/events.json", ".agent/agent.db"]) {
    await using agent = await startAgent({ folder: folder.path, args: ["--once"], env: { EVENT_OUTPUT_PATH: path } });
    assertEquals((await agent.ended).code, 78);
    assertStringIncludes(agent.lines.join("\n"), `got ${JSON.stringify(path)}, which is `);
  }
  assertEquals(JSON.parse(Deno.readTextFileSync(`${folder.path}/iexec_in/events.json`)), events);
  // As a task, it says in computed.json what is wrong, beside where the answers would be.
  assertEquals([...Deno.readDirSync(`${folder.path}/.agent`)].map(({ name }) => name), ["computed.json"]);
});
