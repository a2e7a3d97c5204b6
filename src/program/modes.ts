/** The modes of the program, once its settings are known: answer events, talk in the terminal, check the settings. @module */

import { dirname } from "node:path";
import type { Clock } from "../clock.ts";
import { escapeControls } from "../control_characters.ts";
import type { Environment } from "../environment.ts";
import {
  canonicalText,
  changedSettings,
  effectiveSettings,
  settingsDigest,
  settingsWithoutEffect,
} from "./effective_settings.ts";
import { EXIT, FatalError } from "../errors.ts";
import { iexecInputFiles } from "../iexec/environment.ts";
import type { Log } from "../log.ts";
import { limitRepeats } from "../log_limit.ts";
import { loadCharacter } from "../mind/character/character.ts";
import { settingsOf } from "../mind/character/settings.ts";
import { systemText } from "../mind/context.ts";
import { checkAskable } from "../mind/models/limits.ts";
import { modelOptions } from "../mind/models/options.ts";
import { describeModel } from "../mind/models/check.ts";
import { answerEvents, startMind } from "./program.ts";
import type { Settings } from "./settings.ts";
import { openState } from "./state.ts";
import { readStateKey } from "./state_key.ts";
import { runTask, type TaskResult } from "../iexec/task.ts";
import { openInput } from "../transports/file/once.ts";
import { loadTransport } from "../transports/open.ts";
import { publicUrl } from "../urls.ts";
import type { Failure } from "../wire.ts";

/** What every mode is given. */
export interface ModeParts {
  readonly settings: Settings;
  readonly log: Log;
  readonly clock: Clock;
  readonly environment: Environment;
  /** Aborts when the program is told to stop. */
  readonly stop: AbortSignal;
}

/**
 * Answer events until told to stop, or, as a task, until the input is answered; returns the exit code.
 *
 * @param how `once`: as a task; `isWatched`: whether somebody looks on, who is told where answers are and how to ask;
 * `inTee`: whether the rules for a TEE apply.
 */
export async function run(
  parts: ModeParts,
  how: { once: boolean; isWatched: boolean; inTee: boolean },
): Promise<number> {
  const { settings, log } = parts;
  if (how.once) {
    const code = await runTask(settings, () => answerInput({ ...parts, inTee: how.inTee }));
    log.info("📄 All answers are in {path}", { path: settings.EVENT_OUTPUT_PATH });
    return code;
  }
  await answerEvents({
    ...parts,
    open: await loadTransport(settings),
    inTee: how.inTee,
    // In a TEE the agent knows what it was started with: the files are the host's to change.
    followsKnowledge: !how.inTee,
    ...(how.isWatched && { whenQuiet: () => explain(settings, log) }),
  });
  return 0;
}

/** Say where answers are and how to ask, once the first of them are there. */
function explain(settings: Settings, log: Log): void {
  const { EVENT_OUTPUT_PATH: output, EVENT_INPUT_PATH: input, WEBSOCKET_URL: url } = settings;
  if (settings.EVENT_TRANSPORT === "websocket") {
    const also = settings.EVENT_OUTPUT === "none" ? "" : ", and into {output}";
    return log.info(`💬 Answers go back to {url}${also}. Ctrl+C ends.`, { url: publicUrl(url), output });
  }
  log.info("💬 Answers go into {output}. Ask by adding an event with a new id to {input}. Ctrl+C ends.", {
    output,
    input,
  });
}

async function answerInput(parts: ModeParts & { inTee: boolean }): Promise<TaskResult> {
  const { settings, log, environment } = parts;
  const { EVENT_INPUT_PATH: path, EVENT_MAX_BYTES: maxBytes, IEXEC_IN: directory = dirname(path) } = settings;
  const otherPaths = iexecInputFiles(environment).map((name) => `${directory}/${name}`);
  const { clock } = parts;
  const input = openInput({ path, otherPaths, maxBytes, log: limitRepeats(log, { now: clock.now }), clock });
  // The result is one file, which computed.json names.
  const { unanswered } = await answerEvents({ ...parts, open: () => input, writesOneFile: true });
  return { unanswered: unanswered + input.refused(), isCutOff: !input.wasRead(), refusals: input.nameless() };
}

/**
 * Chat in the terminal with the memory of the state directory. Events and `responses.json` are not touched. Returns the
 * exit code.
 */
export async function talk(
  parts: ModeParts,
  terminal: {
    conversation?: string | undefined;
    inTee: boolean;
    write: (text: string) => void;
    writeError: (text: string) => void;
  },
): Promise<number> {
  const { settings, log, clock, stop } = parts;
  const { conversation = "default", inTee, ...output } = terminal;
  if (inTee) throw new FatalError("In a TEE the terminal is the host's: chat is not for there.", EXIT.settings);
  const { chat } = await import("./chat.ts");
  const character = await loadCharacter(settings.AGENT_CHARACTER, log);
  using state = openState(settings.AGENT_STATE_DIR, {
    key: await readStateKey(settings, { clock, log }, stop),
    takeOver: settings.AGENT_STATE_TAKE_OVER,
    log,
    now: clock.now,
  });
  await using mind = await startMind({ settings, character, state, log, clock });
  const { unanswered } = await chat({
    ...output,
    mind,
    name: character.character.name,
    conversation,
    committed: () => state.database.committed(),
    clock,
  }, stop);
  // What was said must not seem to be remembered.
  state.database.checkPlace();
  return unanswered > 0 && !Deno.stdin.isTerminal() ? EXIT.unanswered : 0;
}

/**
 * Print what can be used, a line for each.
 *
 * @throws {FatalError} Naming the first thing that can't be used.
 */
export async function check(
  { settings, log, clock, inTee }: Pick<ModeParts, "settings" | "log" | "clock"> & { inTee: boolean },
  say: (text: string) => void,
): Promise<void> {
  const { checkPaths, checkQuotes, checkStatus } = await import("./check.ts");
  const never = new AbortController().signal;
  const { character, agentId, digest } = await loadCharacter(settings.AGENT_CHARACTER, log);
  const paths = checkPaths(settings, { key: await readStateKey(settings, { clock, log }, never) });
  const status = await checkStatus(settings, { clock });
  const effective = effectiveSettings(settings);
  const idle = settingsWithoutEffect(changedSettings(effective), settings);
  say(
    [
      "settings: usable",
      `settings in force: ${canonicalText(effective)}`,
      `their SHA-256: ${settingsDigest(effective)}`,
      ...idle === undefined ? [] : [idle],
      `character: usable (${character.name}, ${settings.AGENT_CHARACTER ?? "built in"})`,
      `its SHA-256: ${digest}`,
      ...paths,
      ...status,
    ].map(escapeControls).join("\n"),
  );
  // Last, because these need the network: everything else has been printed by then.
  using quotes = await checkQuotes({ settings, agentId, character: digest, inTee, log, clock }, never);
  say(escapeControls(quotes.line));
  const { attestation } = quotes;
  const hooks = { onReachable() {}, forget: refuseToForget, signed: (outcome: Failure) => outcome };
  const transport = (await loadTransport(settings))({ ...hooks, agentId, attestation, log, clock });
  const source = await transport.check?.(never);
  if (source !== undefined) say(escapeControls(source));
  const model = modelOptions(settings);
  const own: Readonly<Record<string, unknown>> = settingsOf(character);
  await checkAskable(model, { system: systemText(character), get: (name) => own[name] });
  for (const line of await describeModel(model)) say(escapeControls(line));
}

/** A check asks for nothing to be deleted. */
function refuseToForget(): Promise<never> {
  return Promise.reject(new Error("Nothing is forgotten in a check"));
}
