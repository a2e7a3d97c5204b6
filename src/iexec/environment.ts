/** The variables through which iExec hands a task its input and secrets. @module */

import type { Environment } from "../environment.ts";
import { EXIT, FatalError } from "../errors.ts";

/** Variables that are read here and are no settings. */
export const IEXEC_VARIABLES = [
  "IEXEC_INPUT_FILE_NAME_*",
  "IEXEC_APP_DEVELOPER_SECRET",
  "IEXEC_REQUESTER_SECRET_*",
] as const;

/**
 * Settings that come as iExec secrets: IEXEC_REQUESTER_SECRET_<n>, and
 * IEXEC_APP_DEVELOPER_SECRET, a JSON object with settings' names. They reach only the enclave, so they count more than the
 * environment, which the host sets; the requester's count more than the developer's, as the newer ones.
 *
 * @param numbers The number of the requester's secret for each setting that may come as one.
 * @throws {FatalError} If the developer's secret is no such object; the error does not show it.
 * @see https://protocol.docs.iex.ec/for-developers/technical-references/application-io
 */
export function iexecSecrets(
  environment: Environment,
  numbers: ReadonlyMap<string, number>,
): ReadonlyMap<string, string> {
  const secrets = new Map<string, string>();
  const developer = environment("IEXEC_APP_DEVELOPER_SECRET");
  for (const [name, value] of developer ? Object.entries(parseSecret(developer)) : []) {
    if (numbers.has(name) && typeof value === "string") secrets.set(name, value);
  }
  for (const [name, number] of numbers) {
    const value = environment(`IEXEC_REQUESTER_SECRET_${number}`);
    if (value) secrets.set(name, value);
  }
  return secrets;
}

/** Names of the task's input files, which lie in IEXEC_IN. */
export function iexecInputFiles(environment: Environment): string[] {
  const names: string[] = [];
  for (let number = 1;; number++) {
    const name = environment(`IEXEC_INPUT_FILE_NAME_${number}`);
    if (!name) return names;
    names.push(name);
  }
}

function parseSecret(text: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's message would quote the secret.
    value = undefined;
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new FatalError(
    `IEXEC_APP_DEVELOPER_SECRET: expected a JSON object of settings, such as {"WEBSOCKET_AUTH_TOKEN":"…"}`,
    EXIT.settings,
  );
}
