/** What every program that takes the agent's settings does first: it looks around, and reads and checks them. @module */

import { forgetVariables, readEnvironment as environment, variableNames } from "../environment.ts";
import { readSettingsFile } from "../settings/file.ts";
import { PROXY_VARIABLES } from "../settings/proxy.ts";
import { checkConfinement } from "../settings/read.ts";
import { lookAround } from "../tee/surroundings.ts";
import { checkOutputPlace } from "./output_place.ts";
import { readSettings, SETTINGS } from "./settings.ts";

/**
 * Find out where the program runs and with which settings.
 *
 * @throws {FatalError} If a setting is wrong, or the environment of a TEE is.
 */
export function prepareSettings() {
  const variables = variableNames();
  const surroundings = lookAround(environment, variables);
  const named = environment("AGENT_ENV_FILE");
  const file = readSettingsFile({ ...named && { named }, inTee: surroundings.inTee });
  const settings = readSettings(environment, file?.text, { ...surroundings, variables });
  checkConfinement(SETTINGS, settings);
  checkOutputPlace(SETTINGS, settings);
  // Deno would obey them for every connection, to this machine too. Which proxy is used is for AGENT_PROXY to say.
  forgetVariables(["HTTP_PROXY", "http_proxy", ...PROXY_VARIABLES]);
  return { surroundings, variables, file, settings };
}
