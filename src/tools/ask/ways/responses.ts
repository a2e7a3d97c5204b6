/** Reads what an agent adds to `responses.json`, while it adds to it. @module */

import { openPlainSync } from "../../../files.ts";
import type { Outcome } from "../../../wire.ts";

/** Reads on where it stopped. */
export interface ResponsesReader extends Disposable {
  /** Outcomes that were added since the last call. */
  read(): Outcome[];
}

/** Bytes that are looked at in one step. */
const STEP_BYTES = 64 * 1024;

/** Read what is added to `path` from now on; there may be no such file yet, and a new one may take its place. */
export function createResponsesReader(path: string): ResponsesReader {
  let open: { file: Deno.FsFile; identity: string } | undefined;
  let at = 0;
  const identityOf = ({ dev, ino }: Deno.FileInfo) => `${dev}:${ino}`;
  const openFile = (start: (file: Deno.FsFile) => number) => {
    const { file } = openPlainSync(path);
    open = { file, identity: identityOf(file.statSync()) };
    at = start(file);
  };
  ifThere(() => openFile(endOfEntries));

  const readOn = (): Outcome[] => {
    if (!open) return [];
    const text = textFrom(open.file, at);
    const { outcomes, bytes } = outcomesIn(text);
    at += bytes;
    return outcomes;
  };
  return {
    read() {
      const found = readOn();
      const now = ifThere(() => identityOf(Deno.statSync(path)));
      if (now === undefined || now === open?.identity) return found;
      // A new file has taken its place: the last entries of the old one are in what was just read.
      open?.file.close();
      open = undefined;
      ifThere(() => openFile(() => 0));
      return [...found, ...readOn()];
    },
    [Symbol.dispose]: () => open?.file.close(),
  };
}

function textFrom(file: Deno.FsFile, at: number): string {
  return new TextDecoder().decode(bytesFrom(file, at, file.statSync().size));
}

function bytesFrom(file: Deno.FsFile, at: number, end: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(0, end - at));
  file.seekSync(at, Deno.SeekMode.Start);
  let length = 0;
  for (let read: number | null = 0; read !== null && length < bytes.length; length += read ?? 0) {
    read = file.readSync(bytes.subarray(length));
    if (read === 0) break;
  }
  return bytes.subarray(0, length);
}

/**
 * Where the last entry ends. Behind it stand the closing bracket and, while an agent writes, blanks for entries to come:
 * the next one is written over them, not behind the end of the file.
 */
function endOfEntries(file: Deno.FsFile): number {
  for (let end = file.statSync().size; end > 0;) {
    const start = Math.max(0, end - STEP_BYTES);
    const last = bytesFrom(file, start, end).findLastIndex((byte) => !NO_ENTRY.includes(byte));
    if (last !== -1) return start + last + 1;
    end = start;
  }
  return 0;
}

/** What stands behind the last entry: blanks and the closing bracket. */
const NO_ENTRY = new TextEncoder().encode(" \r\n\t]");

/** Whole entries, each a line of its own, and the bytes up to the end of the last one. */
function outcomesIn(text: string): { outcomes: Outcome[]; bytes: number } {
  const outcomes: Outcome[] = [];
  const lengthOf = (part: string) => new TextEncoder().encode(part).length;
  let bytes = 0, passed = 0;
  for (const line of text.split("\n")) {
    const entry = line.trimEnd().replace(/,$/, "");
    const end = passed + lengthOf(entry);
    passed += lengthOf(line) + 1;
    if (!entry.trimStart().startsWith("{")) continue;
    try {
      outcomes.push(JSON.parse(entry) as Outcome);
      // Blanks behind it are room for the next entry.
      bytes = end;
    } catch {
      // Still being written: it is read again at the next look.
      break;
    }
  }
  return { outcomes, bytes };
}

function ifThere<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
