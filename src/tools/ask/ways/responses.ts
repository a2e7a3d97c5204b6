/** Reads what an agent adds to `responses.json`, while it adds to it. @module */

import type { Outcome } from "../../../wire.ts";

/** Reads on where it stopped. */
export interface ResponsesReader extends Disposable {
  /** Outcomes that were added since the last call. */
  read(): Outcome[];
}

/** The end of the array, `"\n]\n"`, is overwritten by the next entry, so reading begins a little before the end. */
const CLOSING_BYTES = 3;

/** Read what is added to `path` from now on; there may be no such file yet, and a new one may take its place. */
export function createResponsesReader(path: string): ResponsesReader {
  let open: { file: Deno.FsFile; identity: string } | undefined;
  let at = 0;
  const identityOf = ({ dev, ino }: Deno.FileInfo) => `${dev}:${ino}`;
  const openFile = (start: (info: Deno.FileInfo) => number) => {
    const file = Deno.openSync(path);
    const info = file.statSync();
    open = { file, identity: identityOf(info) };
    at = start(info);
  };
  ifThere(() => openFile(({ size }) => Math.max(0, size - CLOSING_BYTES)));

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
  const { size } = file.statSync();
  const bytes = new Uint8Array(Math.max(0, size - at));
  file.seekSync(at, Deno.SeekMode.Start);
  let length = 0;
  for (let read: number | null = 0; read !== null && length < bytes.length; length += read ?? 0) {
    read = file.readSync(bytes.subarray(length));
    if (read === 0) break;
  }
  return new TextDecoder().decode(bytes.subarray(0, length));
}

/** Whole entries, each a line of its own, and the bytes up to the end of the last one. */
function outcomesIn(text: string): { outcomes: Outcome[]; bytes: number } {
  const outcomes: Outcome[] = [];
  let bytes = 0, passed = 0;
  for (const line of text.split("\n")) {
    passed += new TextEncoder().encode(line).length + 1;
    const entry = line.trim().replace(/,$/, "");
    if (!entry.startsWith("{")) continue;
    try {
      outcomes.push(JSON.parse(entry) as Outcome);
      // The line break belongs to what comes next.
      bytes = passed - 1;
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
