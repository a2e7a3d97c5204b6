/** The command line of `deno task ask`: a question for the agents, over whatever transport the settings name. @module */

import { systemClock as clock } from "../../clock.ts";
import { forgetVariables, readEnvironment as environment, variableNames } from "../../environment.ts";
import { EXIT, FatalError } from "../../errors.ts";
import { writeAllSync } from "../../files.ts";
import { createLog } from "../../log.ts";
import { readSettings, SETTINGS, type Settings } from "../../program/settings.ts";
import { readSettingsFile } from "../../settings/file.ts";
import { openRelay, PROXY_VARIABLES } from "../../settings/proxy.ts";
import { checkConfinement } from "../../settings/read.ts";
import { lookAround } from "../../tee/surroundings.ts";
import type { AgentEvent } from "../../wire.ts";
import { HELP, readCommand } from "./command_line.ts";
import { runLoad } from "./load.ts";
import { askOne, type AskParts } from "./one_question.ts";
import { openWay } from "./open.ts";

/** A second Ctrl+C later than this after the first ends the program at once; `deno task` passes each on a second time. */
const SAME_WISH_MS = 500;

/** @returns The exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const command = readCommand(args);
  if ("help" in command) {
    print(Deno.stdout, `${HELP}\n`);
    return 0;
  }
  if ("wrong" in command) {
    say(`${command.wrong} Try --help.`);
    return EXIT.usage;
  }
  const { question, stream, conversation, load } = command;
  try {
    const settings = prepare();
    const log = createLog({
      level: "warn",
      format: Deno.stderr.isTerminal() ? "terminal" : "text",
      colour: !Deno.noColor,
      content: false,
      write: (text) => print(Deno.stderr, text),
      now: clock.now,
    });
    using relay = await openRelay(settings, { log });
    const connected = { ...settings, ...relay && { proxyRelay: relay.url } };
    const parts: AskParts = {
      open: (hooks) => openWay(connected, hooks, { log, clock }),
      clock,
      write: (text) => print(Deno.stdout, text),
      say,
    };
    const run = crypto.randomUUID();
    const metadata = { ...(conversation !== undefined && { conversationId: conversation }), ...(stream && { stream }) };
    const eventOf = (id: string): AgentEvent => ({ id, query: question, timestamp: clock.now(), metadata });
    const stop = untilStopped();
    const isAnswered = load
      ? await runLoad(Array.from({ length: load.count }, (_, index) => eventOf(`ask-${run}-${index + 1}`)), {
        ...parts,
        ...command,
        rate: load.rate,
      }, stop)
      : await askOne(eventOf(`ask-${run}`), { ...parts, ...command }, stop);
    return isAnswered ? 0 : 1;
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    say(error.message);
    return error.exitCode;
  }
}

/** The settings as the agent reads them. @throws {FatalError} If one is wrong. */
function prepare(): Settings {
  const surroundings = lookAround(environment, variableNames());
  const named = environment("AGENT_ENV_FILE");
  const file = readSettingsFile({ ...named && { named }, inTee: surroundings.inTee });
  const settings = readSettings(environment, file?.text, surroundings);
  checkConfinement(SETTINGS, settings);
  // Deno would obey them for every connection. Which proxy is used is for AGENT_PROXY to say.
  forgetVariables(["HTTP_PROXY", "http_proxy", ...PROXY_VARIABLES]);
  return settings;
}

/** Aborts at the first SIGINT or SIGTERM; one that comes later ends the program at once. */
function untilStopped(): AbortSignal {
  const stopped = new AbortController();
  let firstMs: number | undefined;
  const stop = () => {
    const nowMs = performance.now();
    firstMs ??= nowMs;
    if (nowMs - firstMs > SAME_WISH_MS) Deno.exit(1);
    stopped.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, stop);
  return stopped.signal;
}

function say(line: string): void {
  print(Deno.stderr, `${line}\n`);
}

function print(to: { writeSync(bytes: Uint8Array): number }, text: string): void {
  try {
    writeAllSync(to, new TextEncoder().encode(text));
  } catch (error) {
    // Nobody reads any more: what is left to do is done all the same.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
