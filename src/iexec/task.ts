/** The agent as an iExec task: it answers the input, writes where the result is, and exits. @module */

import { dirname, relative, resolve } from "node:path";
import type { Environment } from "../environment.ts";
import { EXIT, FatalError, messageOf } from "../errors.ts";
import { isRefusal, makeDirectorySync } from "../files.ts";
import { writeComputed } from "./computed.ts";

/** How a task's work ended. */
export interface TaskResult {
  /** Entries and events of the input that have no answer. */
  readonly unanswered: number;
  /** Whether the task was told to stop before it had read all of its input. */
  readonly isCutOff: boolean;
  /** What is wrong with entries that have no id, and so get no entry in `responses.json`. */
  readonly refusals: readonly string[];
}

/** The settings that a task depends on. */
export interface TaskSettings {
  readonly EVENT_TRANSPORT: string;
  readonly EVENT_OUTPUT_PATH: string;
  readonly IEXEC_OUT: string | undefined;
}

/**
 * Do `work`, then write `computed.json`, last of all and whatever happened. Returns the exit code.
 *
 * @throws What `work` throws, {@linkcode FatalError} if the settings do not fit a task or the disk refuses.
 */
export async function runTask(settings: TaskSettings, work: () => Promise<TaskResult>): Promise<number> {
  const output = resolve(settings.EVENT_OUTPUT_PATH);
  const directory = resolve(settings.IEXEC_OUT ?? dirname(output));
  let result: TaskResult;
  try {
    checkSettings(settings, { output, directory });
    result = await work();
  } catch (error) {
    writeError(directory, messageOf(error));
    throw error;
  }
  const { unanswered, isCutOff, refusals } = result;
  if (unanswered === 0 && !isCutOff) {
    writeComputed(directory, { path: output });
    return 0;
  }
  const error = isCutOff
    ? "the task was told to stop before all of its input was read"
    : `${unanswered} ${unanswered === 1 ? "event" : "events"} of the input could not be answered`;
  writeComputed(directory, { path: output, error: [error, ...refusals].join("\n") });
  throw new FatalError(
    [`${error}: see the log, and the errors in ${output}.`, ...refusals].join("\n"),
    EXIT.unanswered,
  );
}

/**
 * Write the error that stopped a task before its settings were known into `computed.json`, if that can be written. If the
 * program is no task, do nothing.
 *
 * @param options `once`: whether the command line asked for a task; IEXEC_TASK_ID asks for one too.
 */
export function reportToTask(environment: Environment, error: FatalError, { once }: { once: boolean }): void {
  const read = (name: string) => {
    try {
      return environment(name);
    } catch (wrong) {
      // This may be the error that is to be reported.
      if (!(wrong instanceof FatalError)) throw wrong;
    }
  };
  if (!once && !read("IEXEC_TASK_ID")) return;
  const output = read("EVENT_OUTPUT_PATH");
  writeError(resolve(read("IEXEC_OUT") || (output ? dirname(output) : "iexec_out")), error.message);
}

/** Write an error into `computed.json`, if possible. A failure to do so is dropped: the error itself matters more. */
function writeError(directory: string, error: string): void {
  try {
    makeDirectorySync(directory);
    writeComputed(directory, { path: directory, error });
  } catch (second) {
    if (!(second instanceof FatalError || isRefusal(second))) throw second;
  }
}

function checkSettings(settings: TaskSettings, { output, directory }: { output: string; directory: string }): void {
  if (settings.EVENT_TRANSPORT !== "file") {
    throw new FatalError(
      `A task reads files: remove EVENT_TRANSPORT=${settings.EVENT_TRANSPORT} (or USE_WEBSOCKET), --once and IEXEC_TASK_ID make the agent a task.`,
      EXIT.settings,
    );
  }
  if (/^\.\.(\/|$)/.test(relative(directory, output))) {
    throw new FatalError(
      `EVENT_OUTPUT_PATH=${settings.EVENT_OUTPUT_PATH} lies outside of IEXEC_OUT=${directory}, where iExec looks for the result: leave it out.`,
      EXIT.settings,
    );
  }
}
