/** The lines that are piped in. @module */

import { Buffer } from "node:buffer";
import { EXIT, FatalError } from "../errors.ts";
import { pathProblem } from "../files.ts";
import { type Decoded, decodeUtf8 } from "../utf8.ts";

const NEWLINE = 0x0a;

/**
 * The lines of stdin, until it ends or `signal` aborts. Not by readline, which ends lines at U+2028 and single carriage
 * returns too, and takes bytes that are no UTF-8 for U+FFFD.
 *
 * @throws {FatalError} If stdin can't be read.
 */
export async function* pipedLines(signal: AbortSignal): AsyncGenerator<Decoded> {
  if (signal.aborted) return;
  const reader = Deno.stdin.readable.getReader();
  signal.addEventListener("abort", () => void reader.cancel(), { once: true });
  let held: Uint8Array[] = [], line = 1;
  for (let chunk = await read(reader); chunk; chunk = await read(reader)) {
    let start = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, start)) {
      yield decoded([...held, chunk.subarray(start, at)], line++);
      [held, start] = [[], at + 1];
    }
    held.push(chunk.subarray(start));
  }
  yield decoded(held, line);
}

async function read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array | undefined> {
  try {
    return (await reader.read()).value;
  } catch (error) {
    throw new FatalError(`Cannot read the standard input: ${pathProblem(error).reason}.`, EXIT.inputOutput, {
      cause: error,
    });
  }
}

function decoded(parts: readonly Uint8Array[], line: number): Decoded {
  const { text, invalidAt } = decodeUtf8(Buffer.concat(parts));
  return { text, ...(invalidAt && { invalidAt: { ...invalidAt, line } }) };
}
