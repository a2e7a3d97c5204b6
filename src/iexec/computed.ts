/** `computed.json`: tells iExec where a task's result lies. @module */

import { EXIT, FatalError, messageOf } from "../errors.ts";
import { writeAllSync } from "../files.ts";

/**
 * Write `computed.json` into IEXEC_OUT, at once and for good: a reader finds none or all of it, also after power loss.
 *
 * @param directory IEXEC_OUT.
 * @param result `path`: the responses, inside `directory`; `error`: what went wrong, if anything did.
 * @throws {FatalError} If the disk refuses.
 * @see https://protocol.docs.iex.ec/for-developers/technical-references/application-io: `deterministic-output-path`;
 * the templates of iExec's iApp generator add `error-message` where the app failed.
 */
export function writeComputed(directory: string, result: { path: string; error?: string }): void {
  const path = `${directory}/computed.json`, fresh = `${path}.new`;
  const content = {
    "deterministic-output-path": result.path,
    ...(result.error !== undefined && { "error-message": result.error }),
  };
  try {
    {
      using file = Deno.openSync(fresh, { write: true, create: true, truncate: true, mode: 0o644 });
      writeAllSync(file, new TextEncoder().encode(`${JSON.stringify(content)}\n`));
      file.syncSync();
    }
    Deno.renameSync(fresh, path);
    using folder = Deno.openSync(directory, { read: true });
    folder.syncSync();
  } catch (error) {
    throw new FatalError(
      `Cannot write ${path}: ${messageOf(error)}. iExec finds no result without it: make IEXEC_OUT writable.`,
      EXIT.inputOutput,
      { cause: error },
    );
  }
}
