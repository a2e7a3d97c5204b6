/** `computed.json`: tells iExec where a task's result lies. @module */

import { EXIT, FatalError } from "../errors.ts";
import { pathProblem, replaceFileSync } from "../files.ts";

/**
 * Write `computed.json` into IEXEC_OUT, at once and for good: a reader finds none or all of it, also after a power loss.
 *
 * @param directory IEXEC_OUT.
 * @param result `path`: the responses, inside `directory`; `error`: what went wrong, if anything did.
 * @throws {FatalError} If the disk refuses.
 * @see https://protocol.docs.iex.ec/for-developers/technical-references/application-io: `deterministic-output-path`;
 * the templates of iExec's iApp generator add `error-message` where the app failed.
 */
export function writeComputed(directory: string, result: { path: string; error?: string }): void {
  const path = `${directory}/computed.json`;
  const content = {
    "deterministic-output-path": result.path,
    ...(result.error !== undefined && { "error-message": result.error }),
  };
  const pieces = [new TextEncoder().encode(`${JSON.stringify(content)}\n`)];
  try {
    replaceFileSync(path, { pieces, mode: 0o644, durable: "name" }).close();
  } catch (error) {
    throw new FatalError(
      `Cannot write ${path}: ${pathProblem(error).reason}. iExec finds no result without it: make IEXEC_OUT writable.`,
      EXIT.inputOutput,
      { cause: error },
    );
  }
}
