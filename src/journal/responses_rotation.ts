/** When a new `responses.json` begins, and where the old one goes: EVENT_OUTPUT_ROTATE. @module */

import { basename, dirname, extname, join } from "node:path";
import { freeName } from "../files.ts";
import type { ResponsesFile } from "./responses_held.ts";

/** A file is full once it is as large, or its first entry as old, as this says. */
export type Rotation = ({ readonly bytes: number } | { readonly ageMs: number }) & {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

/** Whether a new file begins before the next entry. */
export function isDue(file: Pick<ResponsesFile, "bytes" | "firstMs">, rotation: Rotation | undefined): boolean {
  if (!rotation) return false;
  if ("bytes" in rotation) return file.bytes >= rotation.bytes;
  // An entry of the future was made while the clock was wrong: its age will never be known.
  return file.firstMs !== undefined && Math.abs(rotation.now() - file.firstMs) >= rotation.ageMs;
}

/**
 * Move the file aside; returns where to: `responses.2026-11-25T19-26-01Z.json` beside `responses.json`, or a name like it
 * that nothing has yet.
 *
 * @throws {Error} If it can't be moved, as when it is mounted by itself.
 */
export function moveAside(path: string, nowMs: number): string {
  // A colon is no letter of a file name everywhere.
  const time = new Date(nowMs).toISOString().slice(0, 19).replaceAll(":", "-") + "Z";
  const extension = extname(path), name = basename(path, extension);
  const movedTo = freeName((count) =>
    join(dirname(path), `${name}.${time}${count === 1 ? "" : `-${count}`}${extension}`)
  );
  Deno.renameSync(path, movedTo);
  return movedTo;
}
