/** The tasks on a real terminal: what a person sees, and what the keys do. @module */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { inherited, ROOT } from "../support/agent.ts";
import { connect } from "../support/client.ts";
import { makeFolder } from "../support/folder.ts";
import { startModelServer } from "../support/model_server.ts";
import { CTRL_C, CTRL_D, openTerminal, plainText } from "../support/terminal.ts";

const QUESTION = [{ id: "q1", query: "What is iExec?", timestamp: 1_700_000_000_000 }];

/** A task in the checkout, with input, output and state in a folder of the test's own. */
function startTask(task: string, folder: string) {
  Deno.writeTextFileSync(`${folder}/events.json`, JSON.stringify(QUESTION));
  Deno.writeTextFileSync(`${folder}/no.env`, "");
  return openTerminal(`${Deno.execPath()} task ${task}`, {
    folder: ROOT,
    env: {
      ...inherited(["PATH", "HOME", "DENO_DIR", "XDG_CACHE_HOME"]),
      EVENT_INPUT_PATH: `${folder}/events.json`,
      EVENT_OUTPUT_PATH: `${folder}/responses.json`,
      AGENT_STATE_DIR: `${folder}/state`,
      AGENT_ENV_FILE: `${folder}/no.env`,
    },
  });
}

for (const task of ["start", "dev"]) {
  Deno.test(`one Ctrl+C ends \`deno task ${task}\` with 0, though it arrives as two signals`, async () => {
    await using folder = makeFolder();
    await using terminal = startTask(task, folder.path);
    await terminal.shows("Generated AI response");
    await terminal.type(CTRL_C);
    const { code, screen } = await terminal.ended;
    assertEquals(code, 0, screen);
    assertStringIncludes(plainText(screen), "Agent stopped");
    assertEquals(plainText(screen).includes("bug"), false, screen);
  });
}

Deno.test("one Ctrl+C ends `deno task test-server` with 0, and its clients are told", async () => {
  await using terminal = openTerminal(`${Deno.execPath()} task test-server --port 0`, {
    folder: ROOT,
    env: inherited(["PATH", "HOME", "DENO_DIR", "XDG_CACHE_HOME"]),
  });
  await terminal.shows("WebSocket Server listening on ");
  const [, url = ""] = /listening on (ws:\S+)/.exec(plainText(terminal.screen)) ?? [];
  await using client = await connect(url);
  await terminal.type(CTRL_C);
  assertEquals((await client.closed()).code, 1000);
  const { code, screen } = await terminal.ended;
  assertEquals(code, 0, screen);
});

/** A chat on a terminal, with the model of a server. */
function startChat(folder: string, modelUrl: string) {
  Deno.writeTextFileSync(`${folder}/no.env`, "");
  return openTerminal(`${Deno.execPath()} task chat`, {
    folder: ROOT,
    env: {
      ...inherited(["PATH", "HOME", "DENO_DIR", "XDG_CACHE_HOME"]),
      AGENT_STATE_DIR: `${folder}/state`,
      AGENT_ENV_FILE: `${folder}/no.env`,
      MODEL_PROVIDER: "openai",
      OPENAI_BASE_URL: modelUrl,
      OPENAI_MODEL: "test-model",
      MODEL_TIMEOUT: "1000",
    },
  });
}

Deno.test("in the chat an answer shows as it grows, and one that begins anew says so", async () => {
  await using folder = makeFolder();
  await using model = await startModelServer("openai");
  model.script({ stallAfter: "It grows, piece by" });
  await using terminal = startChat(folder.path, model.url);
  await terminal.shows("You:");
  await terminal.type("what?\r");
  // The rest of the answer never comes: what is on the screen was shown before its end.
  await terminal.shows("It grows, piece");
  model.otherwise({ text: "It is whole." });
  await terminal.shows("It is whole.");
  assertStringIncludes(plainText(terminal.screen), "[The answer broke off, and begins anew.]");
  await terminal.type(CTRL_D);
  assertEquals((await terminal.ended).code, 0, plainText(terminal.screen));
});

Deno.test("Ctrl+D while an answer is awaited ends the chat behind that answer", async () => {
  await using folder = makeFolder();
  await using model = await startModelServer("openai");
  model.script({ stallAfter: "It grows, piece by" });
  model.otherwise({ text: "It is whole." });
  await using terminal = startChat(folder.path, model.url);
  await terminal.shows("You:");
  await terminal.type("what?\r");
  await terminal.shows("It grows, piece");
  await terminal.type(CTRL_D);
  const { code, screen } = await terminal.ended;
  assertEquals(code, 0, plainText(screen));
  assertStringIncludes(plainText(screen), "It is whole.");
});

Deno.test("a terminal gets short, coloured lines, and last of all where answers go and how to ask", async () => {
  await using folder = makeFolder();
  await using terminal = startTask("start", folder.path);
  await terminal.shows("Ctrl+C ends.");
  await terminal.type(CTRL_C);
  const { screen } = await terminal.ended;
  const lines = plainText(screen).split("\n");
  assertStringIncludes(screen, "\x1b[");
  // Task's own line comes before.
  assertMatch(lines.find((line) => line.includes("In a TEE"))!, /^\d\d:\d\d:\d\d 🔒/);
  const last = lines.findLastIndex((line) => line.includes("Answers go into"));
  assertStringIncludes(lines[last]!, `${folder.path}/responses.json`);
  assert(last > lines.findIndex((line) => line.includes("Generated AI response")), screen);
});

Deno.test("a second run at a terminal says how many events were answered before", async () => {
  await using folder = makeFolder();
  for (const wanted of ["Generated AI response", "was answered before: to ask again, give it another id"]) {
    await using terminal = startTask("start", folder.path);
    await terminal.shows(wanted);
    await terminal.type(CTRL_C);
    assertEquals((await terminal.ended).code, 0);
  }
});
