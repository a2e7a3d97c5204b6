/** What a process prints, line by line. @module */

import { createInterface } from "node:readline";
import { Readable } from "node:stream";

/** Tell each line of a stream, the last one too where nothing ends it. Settles at the end of the stream. */
export async function readLines(stream: ReadableStream<Uint8Array>, told: (line: string) => void): Promise<void> {
  for await (const line of createInterface({ input: Readable.from(stream) })) told(line);
}
