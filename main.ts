/** The front door: read the settings, build the parts, run until told to stop. @module */

import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { chat } from "./src/chat.ts";
import { checkPaths } from "./src/check.ts";
import { systemClock as clock } from "./src/clock.ts";
import { databaseError, openDatabase } from "./src/database.ts";
import { canonicalText, effectiveSettings, settingsDigest } from "./src/effective_settings.ts";
import { EXIT, FatalError, messageOf } from "./src/errors.ts";
import { checkHeartbeat } from "./src/heartbeat.ts";
import { helpText, versionText } from "./src/help.ts";
import { iexecInputFiles } from "./src/iexec.ts";
import { openJournal } from "./src/journal/journal.ts";
import { createLog, gatherLines, type Log } from "./src/log.ts";
import { loadCharacter } from "./src/mind/character.ts";
import { modelOptions } from "./src/mind/models/options.ts";
import { describeModel } from "./src/model_check.ts";
import { answerEvents, startMind } from "./src/program.ts";
import { openSeal } from "./src/sealing.ts";
import { checkConfinement, readSettings, type Settings } from "./src/settings.ts";
import { readSettingsFile } from "./src/settings_file.ts";
import { reportStart } from "./src/start_report.ts";
import { runTask, type TaskResult } from "./src/task.ts";
import { lookAround } from "./src/tee.ts";
import { openInput } from "./src/transports/once.ts";
import { openTransport } from "./src/transports/transport.ts";
import { writeAllSync } from "./src/write_all.ts";

const environment = (name: string) => Deno.env.get(name);
const stderr = gatherLines((text) => writeAll(Deno.stderr, text));

/** Runs the command line; returns the exit code. */
async function main(args: string[]): Promise<number> {
  const flags = readFlags(args);
  if (flags.help) return print(helpText());
  if (flags.version) return print(versionText());
  const surroundings = lookAround(environment);
  const named = environment("AGENT_ENV_FILE");
  const file = readSettingsFile({ ...named && { named }, inTee: surroundings.inTee });
  const settings = readSettings(environment, file?.text, surroundings);
  checkConfinement(settings);
  if (flags.health) return print(checkHeartbeat(settings.AGENT_STATE_DIR, { now: clock.now }));
  const log = createLog({
    // Between questions and answers there is room for what matters only.
    level: flags.chat && settings.LOG_LEVEL === "info" ? "warn" : settings.LOG_LEVEL,
    format: settings.LOG_FORMAT,
    content: settings.LOG_CONTENT,
    write: stderr.write,
    now: clock.now,
  });
  reportStart(log, { surroundings, settings, file, environment });
  if (flags.check) return await check(settings, log);
  if (flags.chat) return await talk(settings, log, { conversation: flags.conversation, inTee: surroundings.inTee });
  const effective = effectiveSettings(settings);
  log.info("⚙️ Settings in force", { ...effective, sha256: settingsDigest(effective) });
  return await run(settings, log, { once: flags.once === true || settings.IEXEC_TASK_ID !== undefined });
}

/** Answer events until told to stop, or, as a task, until the input is answered. */
async function run(settings: Settings, log: Log, { once }: { once: boolean }): Promise<number> {
  if (once) return await runTask(settings, () => answerInput(settings, log));
  await answerEvents({ settings, log, clock, stop: stopSignal(log), open: (parts) => openTransport(settings, parts) });
  return 0;
}

async function answerInput(settings: Settings, log: Log): Promise<TaskResult> {
  const { EVENT_INPUT_PATH: path, EVENT_MAX_BYTES: maxBytes, IEXEC_IN: directory = dirname(path) } = settings;
  const otherPaths = iexecInputFiles(environment).map((name) => `${directory}/${name}`);
  const input = openInput({ path, otherPaths, maxBytes, log });
  const { unanswered } = await answerEvents({ settings, log, clock, stop: stopSignal(log), open: () => input });
  return { unanswered: unanswered + input.refused() };
}

/** Chat in the terminal, with the memory of the state directory; events and responses are left alone. */
async function talk(
  settings: Settings,
  log: Log,
  { conversation = "default", inTee }: { conversation?: string | undefined; inTee: boolean },
): Promise<number> {
  if (inTee) throw new FatalError("In a TEE the terminal is the host's: chat is not for there.", EXIT.settings);
  const character = await loadCharacter(settings.AGENT_CHARACTER, log);
  using database = openDatabase(settings.AGENT_STATE_DIR);
  const seal = openSeal(database, settings.AGENT_STATE_KEY);
  const journal = openJournal(database, { seal, now: clock.now });
  const mind = await startMind({ settings, character, database, journal, seal, log, clock });
  const { unanswered } = await chat({
    mind,
    name: character.character.name,
    conversation,
    committed: () => database.committed(),
    write: (text) => writeAll(Deno.stdout, text),
    writeError(text) {
      stderr.write(text);
      // Before the next prompt.
      stderr.flush();
    },
    clock,
  }, stopSignal(log));
  await mind.close();
  return unanswered > 0 && !Deno.stdin.isTerminal() ? EXIT.unanswered : 0;
}

async function check(settings: Settings, log: Log): Promise<number> {
  const { character } = await loadCharacter(settings.AGENT_CHARACTER, log);
  const paths = checkPaths(settings);
  const effective = effectiveSettings(settings);
  print([
    "settings: usable",
    `settings in force: ${canonicalText(effective)}`,
    `their SHA-256: ${settingsDigest(effective)}`,
    `character: usable (${character.name}, ${settings.AGENT_CHARACTER ?? "built in"})`,
    ...paths,
  ].join("\n"));
  // Last, and by itself: all that does not need a network has been said.
  return print(await describeModel(modelOptions(settings)));
}

/** Aborts at the first SIGINT or SIGTERM; the same one again ends the program at once. */
function stopSignal(log: Log): AbortSignal {
  const controller = new AbortController();
  // 128 and the signal's number: what a shell reports for a program that it killed.
  for (const [name, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
    let received = 0;
    Deno.addSignalListener(name, () => {
      if (++received > 1) exit(code);
      // `deno run --watch` sends SIGTERM after the terminal's SIGINT: that is no second wish.
      if (!controller.signal.aborted) {
        log.info("🛑 {signal} received: finishing what is in flight; once more to stop at once", { signal: name });
      }
      controller.abort();
    });
  }
  return controller.signal;
}

type Flags = Partial<Record<"help" | "version" | "check" | "health" | "once" | "chat", boolean>> & {
  conversation?: string;
};

function readFlags(args: string[]): Flags {
  try {
    const { values, positionals: [command, ...others] } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        help: { type: "boolean" },
        version: { type: "boolean" },
        check: { type: "boolean" },
        health: { type: "boolean" },
        once: { type: "boolean" },
        conversation: { type: "string" },
      },
    });
    if (others.length > 0 || (command !== undefined && command !== "chat")) {
      throw new TypeError(`Unexpected argument '${others[0] ?? command}'`);
    }
    if (values.conversation !== undefined && command === undefined) {
      throw new TypeError("--conversation is for 'chat'");
    }
    return { ...values, chat: command === "chat" };
  } catch (error) {
    throw new FatalError(`${messageOf(error)}. Call with --help to see what there is.`, EXIT.usage, { cause: error });
  }
}

function print(text: string): number {
  // On a terminal, what was logged before stands before.
  stderr.flush();
  writeAll(Deno.stdout, `${text}\n`);
  return 0;
}

/** Where nobody reads any more, nothing is written: that is no reason to stop answering. */
function writeAll(to: { writeSync(bytes: Uint8Array): number }, text: string): void {
  try {
    writeAllSync(to, new TextEncoder().encode(text));
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

function exit(code: number): never {
  stderr.flush();
  Deno.exit(code);
}

/** Tell the user, once and in one place, what ended the program; returns the exit code. */
function report(thrown: unknown): number {
  const error = databaseError(firstOf(thrown), "the journal");
  if (error instanceof FatalError) {
    stderr.write(`agent: ${error.message}\n`);
    return error.exitCode;
  }
  const stack = error instanceof Error ? error.stack : String(error);
  stderr.write(`agent: this is a bug, please report it:\n${stack}\n`);
  return EXIT.bug;
}

/** What went wrong first, where giving back what was held went wrong too. */
function firstOf(thrown: unknown): unknown {
  return thrown instanceof SuppressedError ? firstOf(thrown.suppressed) : thrown;
}

if (import.meta.main) {
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    exit(report(event.reason));
  });
  exit(await main(Deno.args).catch(report));
}
