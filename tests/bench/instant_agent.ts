/**
 * The program as `main.ts` builds it, with a model that answers at once: what is left is our own cost. Arguments: the
 * server's URL, a folder for state and output, a character, and more settings as `NAME=value`. For each line on stdin its memory, in bytes, goes to stdout.
 *
 * @module
 */

import { systemClock as clock } from "../../src/clock.ts";
import { createLog, gatherLines } from "../../src/log.ts";
import { answerEvents } from "../../src/program/program.ts";
import { readSettings } from "../../src/program/settings.ts";
import { loadTransport } from "../../src/transports/open.ts";

/** What every event gets for an answer, from both clients. */
const ANSWER = "iExec is a marketplace for computing power, data sets and applications that run in enclaves.";

async function main(): Promise<void> {
  const [url, folder, character = "", ...more] = Deno.args;
  const given: Record<string, string> = {
    EVENT_TRANSPORT: "websocket",
    WEBSOCKET_URL: url!,
    AGENT_STATE_DIR: `${folder}/state`,
    EVENT_OUTPUT_PATH: `${folder}/responses.json`,
    AGENT_CHARACTER: character,
    ...Object.fromEntries(more.map((setting) => setting.split("=", 2))),
  };
  const settings = readSettings((name) => given[name]);
  const encoder = new TextEncoder();
  const stderr = gatherLines((text) => void Deno.stderr.writeSync(encoder.encode(text)));
  const log = createLog({
    level: settings.LOG_LEVEL,
    format: "text",
    content: settings.LOG_CONTENT,
    write: stderr.write,
    now: clock.now,
  });
  const stop = new AbortController();
  Deno.addSignalListener("SIGTERM", () => stop.abort());
  void reportMemory();
  const model = {
    name: "instant",
    description: "Answers at once",
    models: { TEXT_LARGE: () => Promise.resolve(ANSWER) },
  };
  const open = await loadTransport(settings);
  await answerEvents({ settings, log, clock, stop: stop.signal, open, model, inTee: false });
}

async function reportMemory(): Promise<void> {
  for await (const _ of Deno.stdin.readable) console.log(Deno.memoryUsage().rss);
}

await main();
// Whoever still waits for a line on stdin would keep the process.
Deno.exit(0);
