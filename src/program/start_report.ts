/** What the agent logs about its surroundings and settings before it does anything. @module */

import type { Environment } from "../environment.ts";
import type { Log } from "../log.ts";
import type { SettingsFile } from "../settings/file.ts";
import { isLoopback, peersOf } from "../settings/peers.ts";
import { misspeltVariables, unknownNames } from "../settings/misspelt.ts";
import { oddities } from "../settings/read.ts";
import { strayLines } from "../settings/stray_lines.ts";
import { unobeyedVariables } from "../status/otlp_settings.ts";
import type { Surroundings } from "../tee/surroundings.ts";
import { changedSettings, effectiveSettings, settingsDigest, settingsWithoutEffect } from "./effective_settings.ts";
import { SETTINGS, type Settings } from "./settings.ts";

/** Log whether this is a TEE, with warnings about settings, files and variables that are probably not as intended. */
export function reportStart(
  log: Log,
  start: {
    surroundings: Surroundings;
    settings: Settings;
    file: SettingsFile | undefined;
    environment: Environment;
    /** Names of the variables that are set, as far as the program may know them. */
    variables: readonly string[];
  },
): void {
  const { surroundings: { inTee, found, hostVariables }, settings, file, environment, variables } = start;
  log.info("🔒 In a TEE: {tee}", { tee: inTee, TEE: settings.TEE, found: found.join(", ") || "nothing" });
  if (!inTee && found.length > 0) log.warn("this looks like a TEE, and TEE=none turns its rules off");
  if (file && file.text === undefined) {
    log.warn("{path} is not read in a TEE: put its settings into what is measured, or name it in AGENT_ENV_FILE", {
      path: file.path,
    });
  }
  for (const misspelt of file?.text === undefined ? [] : unknownNames(SETTINGS, environment, file.text)) {
    log.warn("{path} names a setting that does not exist", { path: file?.path, ...misspelt });
  }
  for (const misspelt of misspeltVariables(SETTINGS, variables)) {
    log.warn("a variable is no setting, but almost: is it misspelt?", { ...misspelt });
  }
  const stray = strayLines(file?.text ?? "");
  if (stray !== undefined) log.warn("a setting looks wrong: {text}", { text: stray });
  for (const text of oddities(SETTINGS, environment, file?.text)) log.warn("a setting looks wrong: {text}", { text });
  for (const text of unobeyedVariables(variables, environment)) log.warn("a variable is not obeyed: {text}", { text });
  // Connections within this machine are not affected by these variables.
  const isAnyFar = peersOf(SETTINGS, settings).some(({ url }) => !isLoopback(url, { inTee }));
  if (isAnyFar && hostVariables.length > 0) {
    log.warn("variables are set that reach past the agent's permissions; in a TEE it would not start with them", {
      variables: hostVariables.join(", "),
    });
  }
}

/**
 * Log the settings that differ from their defaults, in a TEE with the digest of all, which the evidence repeats. `--check`
 * prints all of them.
 */
export function reportSettings(log: Log, settings: Settings, { inTee }: { inTee: boolean }): void {
  const effective = effectiveSettings(settings);
  const changed = changedSettings(effective);
  const digest = inTee ? { sha256: settingsDigest(effective) } : {};
  if (Object.keys(changed).length === 0) log.info("⚙️ Settings: all at their defaults", digest);
  else log.info("⚙️ Settings that differ from their defaults", { ...changed, ...digest });
  const idle = settingsWithoutEffect(changed, settings);
  if (idle !== undefined) log.info("💤 {text}", { text: idle });
}
