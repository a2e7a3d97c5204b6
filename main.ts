/** The front door: read the settings, build the parts, run until told to stop. @module */

import { parseArgs } from "node:util";
import { systemClock as clock } from "./src/clock.ts";
import { databaseError } from "./src/store/database.ts";
import { effectiveSettings, settingsDigest } from "./src/program/effective_settings.ts";
import { EXIT, FatalError, messageOf } from "./src/errors.ts";
import { checkHeartbeat } from "./src/program/heartbeat.ts";
import { createLog, gatherLines } from "./src/log.ts";
import { readSettings, SETTINGS } from "./src/program/settings.ts";
import { checkConfinement } from "./src/settings/read.ts";
import { readSettingsFile } from "./src/settings/file.ts";
import { reportStart } from "./src/program/start_report.ts";
import { stopOnSignals } from "./src/program/stop_wishes.ts";
import { lookAround } from "./src/tee/surroundings.ts";
import { writeAllSync } from "./src/files.ts";

const environment = (name: string) => Deno.env.get(name);
const stderr = gatherLines((text) => writeAll(Deno.stderr, text));

/** Runs the command line; returns the exit code. */
async function main(args: string[]): Promise<number> {
  const flags = readFlags(args);
  if (flags.help) return print((await import("./src/program/help.ts")).helpText());
  if (flags.version) return print((await import("./src/program/help.ts")).versionText());
  if (flags.licenses) return print((await import("./src/program/licenses.ts")).licensesText());
  const surroundings = lookAround(environment);
  const named = environment("AGENT_ENV_FILE");
  const file = readSettingsFile({ ...named && { named }, inTee: surroundings.inTee });
  const settings = readSettings(environment, file?.text, surroundings);
  checkConfinement(SETTINGS, settings);
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
  // Not before: a container asks for `--health` all day long, and what is above is a quarter of a start.
  const { run, talk, check } = await import("./src/program/modes.ts");
  if (flags.check) {
    await check({ settings, log }, print);
    return 0;
  }
  const stop = stopOnSignals({ log, monotonicNow: () => performance.now(), end: exit });
  const parts = { settings, log, clock, environment, stop };
  if (flags.chat) {
    return await talk(parts, {
      conversation: flags.conversation,
      inTee: surroundings.inTee,
      write: (text) => writeAll(Deno.stdout, text),
      writeError(text) {
        stderr.write(text);
        // Before the next prompt.
        stderr.flush();
      },
    });
  }
  const effective = effectiveSettings(settings);
  log.info("⚙️ Settings in force", { ...effective, sha256: settingsDigest(effective) });
  return await run(parts, { once: flags.once === true || settings.IEXEC_TASK_ID !== undefined });
}

type Flags = Partial<Record<"help" | "version" | "licenses" | "check" | "health" | "once" | "chat", boolean>> & {
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
        licenses: { type: "boolean" },
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

function exit(code: number): void {
  stderr.flush();
  try {
    Deno.exit(code);
  } catch (error) {
    // What `deno run --watch` throws here while it ends the program itself.
    if (messageOf(error) !== "Code not reachable") throw error;
  }
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
