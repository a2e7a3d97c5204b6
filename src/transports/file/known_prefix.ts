/** The beginning of a file that was read before: recognised by its hash, so that a long file that grows is not read anew. @module */

import { createHash, type Hash } from "node:crypto";
import { type Mark, type Source, START } from "./json_elements.ts";

/** What is remembered of a file: a place in it, and the hash of all before that. */
export interface KnownPrefix {
  readonly mark: Mark;
  readonly sha256: string;
}

/** A file being read from a mark on. */
export interface PrefixedSource {
  /** Where reading begins: behind the known prefix if the file still begins with it, else at its start. */
  readonly from: Mark;
  readonly source: Source;
  /** What to remember, once all has been read; `mark`: behind the last element. Undefined if that lies too far back. */
  prefixUpTo(mark: Mark): KnownPrefix | undefined;
  /** The same from its beginning; then this one is not to be read any more. */
  again(): PrefixedSource;
}

const CHUNK_BYTES = 1024 * 1024;
/** Chunks that are not hashed yet: the last element ends in one of them, unless megabytes of blanks follow it. */
const HELD_CHUNKS = 2;

/** Read a file, after its known prefix if it still has that. `pause` is awaited now and then on the way there. */
export async function readBehind(
  file: Deno.FsFile,
  known: KnownPrefix | undefined,
  pause: () => Promise<void>,
): Promise<PrefixedSource> {
  const verified = known && await verify(file, known, pause);
  return startAt(file, verified ? known.mark : START, verified ?? createHash("sha256"));
}

function startAt(file: Deno.FsFile, from: Mark, before: Hash): PrefixedSource {
  const hash = before.copy();
  file.seekSync(from.offset, Deno.SeekMode.Start);
  let hashedTo = from.offset;
  let held: Uint8Array[] = [];
  return {
    from,
    source(into) {
      const size = file.readSync(into);
      if (size === null) return null;
      held.push(into.slice(0, size));
      if (held.length > HELD_CHUNKS) {
        const [oldest, ...others] = held;
        hash.update(oldest!);
        hashedTo += oldest!.length;
        held = others;
      }
      return size;
    },
    prefixUpTo(mark) {
      if (mark.offset < hashedTo) return undefined;
      for (const chunk of held) {
        const rest = mark.offset - hashedTo;
        if (rest <= 0) break;
        hash.update(chunk.subarray(0, rest));
        hashedTo += Math.min(rest, chunk.length);
      }
      held = [];
      return { mark, sha256: hash.digest("hex") };
    },
    again: () => startAt(file, from, before),
  };
}

/** The hash of the known prefix, ready for more, if the file still begins with it. */
async function verify(file: Deno.FsFile, known: KnownPrefix, pause: () => Promise<void>): Promise<Hash | undefined> {
  const hash = createHash("sha256");
  const buffer = new Uint8Array(CHUNK_BYTES);
  file.seekSync(0, Deno.SeekMode.Start);
  for (let left = known.mark.offset; left > 0;) {
    const size = file.readSync(buffer.subarray(0, Math.min(left, buffer.length)));
    if (size === null) return undefined;
    hash.update(buffer.subarray(0, size));
    left -= size;
    await pause();
  }
  return hash.copy().digest("hex") === known.sha256 ? hash : undefined;
}
