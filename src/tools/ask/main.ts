/** The command line of `deno task ask`: a question for the agents, over whatever transport the settings name. @module */

import { systemClock as clock } from "../../clock.ts";
import { EXIT, FatalError } from "../../errors.ts";
import { createLog } from "../../log.ts";
import { prepareSettings } from "../../program/prepare.ts";
import { openRelay } from "../../settings/proxy.ts";
import { stopOnSignals } from "../../stop_wishes.ts";
import { logStream, printSync } from "../../streams.ts";
import type { AgentEvent } from "../../wire.ts";
import { HELP, readCommand } from "./command_line.ts";
import { runLoad } from "./load.ts";
import { askOne, type AskParts } from "./one_question.ts";
import { openWay } from "./open.ts";

const stderr = logStream(Deno.stderr);

/** @returns The exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const command = readCommand(args);
  if ("help" in command) {
    printSync(Deno.stdout, `${HELP}\n`);
    return 0;
  }
  if ("wrong" in command) {
    say(`${command.wrong} Try --help.`);
    return EXIT.usage;
  }
  const { question, stream, conversation, load } = command;
  try {
    const { settings } = prepareSettings();
    const log = createLog({
      level: "warn",
      format: Deno.stderr.isTerminal() ? "terminal" : "text",
      colour: !Deno.noColor,
      content: false,
      write: (line) => stderr.write(line()),
      now: clock.now,
    });
    using relay = await openRelay(settings, { log });
    const connected = { ...settings, ...relay && { proxyRelay: relay.url } };
    const parts: AskParts = {
      open: (hooks) => openWay(connected, hooks, { log, clock }),
      clock,
      write: (text) => printSync(Deno.stdout, text),
      say,
    };
    const run = crypto.randomUUID();
    const metadata = { ...(conversation !== undefined && { conversationId: conversation }), ...(stream && { stream }) };
    const eventOf = (id: string): AgentEvent => ({ id, query: question, timestamp: clock.now(), metadata });
    const stop = stopOnSignals(Deno.exit);
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

function say(line: string): void {
  stderr.write(`${line}\n`);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
