/** The tasks on a real terminal: what a person sees, and what the keys do. @module */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { inherited, ROOT } from "../support/agent.ts";
import { makeFolder } from "../support/folder.ts";
import { CTRL_C, openTerminal, plainText } from "../support/terminal.ts";

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
