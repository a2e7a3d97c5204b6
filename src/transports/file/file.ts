/** Events from a JSON file, or a directory of them, that others write; outcomes need no way back but `responses.json`. @module */

import { dirname } from "node:path";
import type { Clock } from "../../clock.ts";
import type { Log } from "../../log.ts";
import type { SourceObserver } from "../../observer.ts";
import type { Delivery, Transport } from "../transport.ts";
import { createDirectoryInput } from "./directory.ts";
import { createFileInput, type FileInput, formatOf } from "./input.ts";
import { createWatch } from "../../watching/watch.ts";

/** Where to look, and how often. */
export interface FileTransportOptions {
  /** A JSON array of events, NDJSON, or a directory of such files. It may appear later. */
  readonly path: string;
  /** Milliseconds between two looks, behind the file system's own notices. */
  readonly rescanMs: number;
  /** Largest event that is taken, in bytes of JSON. */
  readonly maxBytes: number;
  readonly log: Log;
  readonly clock: Clock;
  readonly observer?: SourceObserver | undefined;
}

/** Something that can't be read as events is looked at once more this soon: whoever is writing it will soon be done. */
const RETRY_MS = 500;
/** Deno's watch says nothing of links (denoland/deno#27560): where one is, or may come, a look at it is cheap. */
const LINK_LOOK_MS = 250;

/** Watch `path` for events. Each is yielded once while it stands in its file. */
export function openFileTransport(options: FileTransportOptions): Transport {
  const file = createFileInput({ ...options, format: formatOf(options.path) });
  const inputs = { file, directory: createDirectoryInput(options), latest: file };
  return {
    name: "file",
    events: (signal) => watchEvents(options, inputs, signal),
    stillHas: (id) => inputs.latest.mayHave(id),
    settle: () => Promise.resolve(true),
    close: () => Promise.resolve(),
  };
}

/** What may be at the path, and which of them was there at the latest look. */
interface Inputs {
  readonly file: FileInput;
  readonly directory: FileInput;
  latest: FileInput;
}

async function* watchEvents(
  options: FileTransportOptions,
  inputs: Inputs,
  signal: AbortSignal,
): AsyncGenerator<readonly Delivery[]> {
  const { path, rescanMs, log, clock, observer } = options;
  // Editors and iExec replace the file, which a watch on the file itself would not survive.
  await using watch = createWatch({ log, otherwise: "its file is read at intervals" });
  log.info("👀 Watching {path} for events", { path, rescanMs });
  observer?.connected();
  let isQuiet = false, watchedBefore: string | undefined;
  while (!signal.aborted) {
    const place = lookAt(path), input = inputs.latest = place.isDirectory ? inputs.directory : inputs.file;
    const renew = () => watch.renew(place.directories.map((directory) => ({ directory })));
    const watched = place.directories.join("\0"),
      isElsewhere = watchedBefore !== undefined && watchedBefore !== watched;
    watchedBefore = watched;
    // The watch first, then the read: what falls between is seen twice, never missed. To watch other directories may take
    // two seconds, in which an event may come and go: there it is read before, too.
    for (const prepare of isElsewhere ? [undefined, renew] : [renew]) {
      await prepare?.();
      for await (const deliveries of input.read({ changes: watch.changes(), isQuiet })) {
        if (deliveries.length > 0) yield deliveries;
        if (signal.aborted) return;
      }
    }
    const looks = [rescanMs];
    if (input.isInDoubt()) looks.push(RETRY_MS);
    if (place.mayBeLink) looks.push(LINK_LOOK_MS);
    isQuiet = await watch.isQuiet({ signal, atMostMs: Math.min(...looks), clock });
  }
}

/** What is at a path, and the directories in which a change of it shows. */
function lookAt(path: string): { isDirectory: boolean; mayBeLink: boolean; directories: string[] } {
  const directories = [dirname(path)];
  try {
    const { isSymlink } = Deno.lstatSync(path);
    const { isDirectory } = Deno.statSync(path);
    if (isDirectory) directories.push(path);
    else if (isSymlink) directories.push(dirname(Deno.realPathSync(path)));
    return { isDirectory, mayBeLink: isSymlink, directories };
  } catch (error) {
    // Nothing there yet, or a link that leads nowhere. Whatever else is wrong, reading it says so.
    const isMissing = error instanceof Deno.errors.NotFound;
    return { isDirectory: false, mayBeLink: isMissing, directories };
  }
}
