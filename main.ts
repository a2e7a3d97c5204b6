/** The front door: read the settings, build the parts, run until told to stop. @module */

import { systemClock as clock } from "./src/clock.ts";
import { readEnvironment as environment } from "./src/environment.ts";
import { EXIT, FatalError, messageOf } from "./src/errors.ts";
import { reportToTask } from "./src/iexec/task.ts";
import { createLog, gatherLines, type LogFormat } from "./src/log.ts";
import { readCommandLine } from "./src/program/command_line.ts";
import { checkDenoVersion } from "./src/program/deno_version.ts";
import { checkHeartbeat } from "./src/program/heartbeat.ts";
import { lastWordsOf } from "./src/program/last_words.ts";
import { prepareSettings } from "./src/program/prepare.ts";
import type { Settings } from "./src/program/settings.ts";
import { reportSettings, reportStart } from "./src/program/start_report.ts";
import { openRelay } from "./src/settings/proxy.ts";
import { endAtDebuggerSignal, EXIT_CODES, stopOnSignals } from "./src/stop_wishes.ts";
import { logStream, printSync } from "./src/streams.ts";

/**
 * Not written into the import itself: Deno resolves every import that it can read before the program starts, and the lock
 * file of `deno task start`, all of which it downloads first, leaves out the 25 packages that this command alone needs.
 * The executable has it like everything else.
 */
const VERIFY = "./src/program/verify.ts";

const logged = logStream(Deno.stderr);
const stderr = gatherLines(logged.write);

/** Runs the command line; returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  checkDenoVersion(Deno.version.deno);
  const commandLine = toldToTask(() => readCommandLine(args), { once: args.includes("--once") });
  const { mode, aboutSettings, conversation, user, sealed, verify } = commandLine;
  switch (mode) {
    case "help": {
      const { helpText, settingsHelpText } = await import("./src/program/help.ts");
      return print(aboutSettings ? settingsHelpText() : helpText());
    }
    case "version":
      return print((await import("./src/program/help.ts")).versionText());
    case "licenses":
      return print((await import("./src/program/licenses.ts")).licensesText());
  }
  if (verify) {
    const { verifyResponses }: typeof import("./src/program/verify.ts") = await import(VERIFY).catch(refuseSources);
    const write = (text: string) => printSync(Deno.stdout, text);
    // What it reads comes from strangers: it gets no more than it needs, whatever the program may.
    for (const name of ["net", "write", "env", "run", "sys", "ffi"] as const) Deno.permissions.revokeSync({ name });
    return verifyResponses(verify, { write, writeError: stderr.write, now: clock.now });
  }
  if (sealed) {
    const { openResponses } = await import("./src/program/open.ts");
    const write = (text: string) => printSync(Deno.stdout, text);
    return await openResponses({ ...sealed, environment, write, writeError: stderr.write });
  }
  const { surroundings, variables, file, settings } = toldToTask(prepareSettings, { once: mode === "once" });
  if (mode === "health") return print(checkHeartbeat(settings.AGENT_STATE_DIR, { now: clock.now }));
  const format = logFormat(settings.LOG_FORMAT);
  const log = createLog({
    // In a chat, only warnings and errors appear between questions and answers; a result stands alone.
    level: (mode === "chat" || mode === "forget") && settings.LOG_LEVEL === "info" ? "warn" : settings.LOG_LEVEL,
    format,
    colour: !Deno.noColor,
    content: settings.LOG_CONTENT,
    write: stderr.write,
    now: clock.now,
  });
  logged.onResumed = (lost) => log.warn("✂️ {lines} lines of the log could not be written: {reason}", lost);
  endAtDebuggerSignal({ log, end: exit });
  reportStart(log, { surroundings, settings, file, environment, variables });
  const stop = stopOnSignals(exit, {
    told(signal) {
      // A check has nothing to finish. Without a listener Deno itself ends process 1 of a container by a segmentation fault.
      if (mode === "check") exit(EXIT_CODES[signal]);
      log.info("🛑 {signal} received: finishing what is in flight; once more to stop at once", { signal });
    },
  });
  using relay = await openRelay(settings, { log });
  const connected = { ...settings, ...relay && { proxyRelay: relay.url } };
  // Imported late, because `--health`, which a container calls all day long, needs only a quarter of a start.
  const { run, talk, check } = await import("./src/program/modes.ts");
  if (mode === "check") {
    await check({ settings: connected, log, clock, inTee: surroundings.inTee }, print);
    return 0;
  }
  const once = mode === "once" || settings.IEXEC_TASK_ID !== undefined;
  try {
    if (mode === "forget") {
      const { forgetSaid } = await import("./src/program/forget.ts");
      return print(await forgetSaid({ settings, log, clock, stop }, { conversation, user }));
    }
    const parts = { settings: connected, log, clock, environment, stop };
    if (mode !== "chat") {
      reportSettings(log, settings, surroundings);
      return await run(parts, { once, isWatched: format === "terminal", inTee: surroundings.inTee });
    }
    return await talk(parts, {
      conversation,
      inTee: surroundings.inTee,
      write: (text) => printSync(Deno.stdout, text),
      writeError(text) {
        stderr.write(text);
        // It must appear before the next prompt.
        stderr.flush();
      },
    });
  } catch (error) {
    if (!(stop.aborted && error === stop.reason)) throw error;
    // What the start waited for, such as a key, was given up: nothing had been begun.
    if (once || mode === "forget") {
      throw new FatalError("Stopped before anything was done.", EXIT.unanswered, { cause: error });
    }
    log.info("👋 Agent stopped");
    return 0;
  }
}

/**
 * Do what comes before a task. The error that stops one is also written into its result, whose reader does not see stderr:
 * an argument that is wrong, a setting, the environment of a TEE.
 *
 * @param options `once`: whether the command line asks for a task; IEXEC_TASK_ID makes one too.
 */
function toldToTask<T>(work: () => T, options: { once: boolean }): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof FatalError) reportToTask(environment, error, options);
    throw error;
  }
}

/** The form of log lines that fits their reader: a person at a terminal, or a program. */
function logFormat(setting: Settings["LOG_FORMAT"]): LogFormat {
  if (setting === "json") return "json";
  if (Deno.stderr.isTerminal()) return "terminal";
  return setting === "auto" ? "json" : "text";
}

function print(text: string): number {
  // Flushed first, so that a terminal shows log lines and output in the order in which they were made.
  stderr.flush();
  printSync(Deno.stdout, `${text}\n`);
  return 0;
}

/** From sources, the lock file of `deno task start` leaves out what verification alone imports. */
function refuseSources(cause: unknown): never {
  throw new FatalError("Cannot load what verifies: from the sources, call deno task verify.", EXIT.usage, { cause });
}

function exit(code: number): void {
  stderr.flush();
  try {
    Deno.exit(code);
  } catch (error) {
    // `deno run --watch` throws this while it ends the program itself.
    if (messageOf(error) !== "Code not reachable") throw error;
  }
}

/** Tell the user, once and in one place, what ended the program; returns the exit code. */
function report(thrown: unknown): number {
  const { text, exitCode } = lastWordsOf(thrown);
  stderr.write(text);
  return exitCode;
}

globalThis.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  exit(report(event.reason));
});
// Unless the program decides how it ends, there was nothing left to wait for, which is a bug.
Deno.exitCode = EXIT.bug;
// No `await`: the executable runs this file as a script.
main(Deno.args).catch(report).then(exit);
