/** Events from a JSON file that others write, replace and extend; outcomes need no way back but `responses.json`. @module */

import { basename, dirname, resolve } from "node:path";
import type { Clock } from "../../clock.ts";
import { messageOf } from "../../errors.ts";
import { fingerprintOf } from "../../fingerprint.ts";
import type { Log } from "../../log.ts";
import type { AgentEvent } from "../../wire.ts";
import { checkEntries, parseEntries } from "./events_file.ts";
import type { Transport } from "../transport.ts";

/** Where to look, and how often. */
export interface FileTransportOptions {
  /** The file: a JSON array of events. It may appear later. */
  readonly path: string;
  /** Milliseconds between two looks, behind the file system's own notices. */
  readonly rescanMs: number;
  /** Largest event that is taken, in bytes of JSON. */
  readonly maxBytes: number;
  readonly log: Log;
  readonly clock: Clock;
}

/** A file that can't be read as events is looked at once more this soon: whoever is writing it will soon be done. */
const RETRY_MS = 500;
/** Two changes can bear the same time stamp; a file is taken for unchanged only when its stamp is older than this. */
const STAMP_MS = 2_000;

/** Watch `path` for events. Each is yielded once while it stands in the file. */
export function openFileTransport(options: FileTransportOptions): Transport {
  return {
    name: "file",
    events: (signal) => watchEvents(options, signal),
    settle: () => Promise.resolve(true),
    close: () => Promise.resolve(),
  };
}

async function* watchEvents({ path, rescanMs, maxBytes, log, clock }: FileTransportOptions, signal: AbortSignal) {
  const reader = createReader({ path, maxBytes, log, clock });
  // Editors and iExec replace the file, which a watch on the file itself would not survive.
  await using watch = watchDirectory(dirname(path), log);
  log.info("👀 Watching {path} for events", { path, rescanMs });
  let isQuiet = false;
  while (!signal.aborted) {
    // The watch first, then the read: what falls between is seen twice, never missed.
    await watch.renew();
    for (const event of reader.read({ force: watch.sawChangeOf(basename(path)), isQuiet })) {
      yield [{ event }];
      if (signal.aborted) return;
    }
    isQuiet = await watch.isQuiet({
      signal,
      atMostMs: reader.isInDoubt() ? Math.min(RETRY_MS, rescanMs) : rescanMs,
      clock,
    });
  }
}

/** What was last seen of the file, and what of it was told. */
function createReader({ path, maxBytes, log, clock }: Omit<FileTransportOptions, "rescanMs">) {
  /** Ids in the last valid state of the file, with the fingerprints of their queries. */
  let seen = new Map<string, number>();
  let stamp: { text: string; readMs: number; modifiedMs: number } | undefined;
  let broken: { reason: string; warned: boolean } | undefined;
  let complaints = new Set<string>();
  let missing = false;

  const isUnchanged = (info: Deno.FileInfo) =>
    stamp?.text === stampOf(info) && stamp.readMs - stamp.modifiedMs > STAMP_MS;

  const complain = (told: Set<string>, fields: { index: number; reason: string; event?: string }) => {
    const key = JSON.stringify(fields);
    told.add(key);
    if (!complaints.has(key)) log.warn("event refused", { path, ...fields });
  };

  return {
    /** Whether the file could not be read, which may be because somebody is writing it. */
    isInDoubt: () => broken?.warned === false,
    /**
     * The events that were not in the file before.
     *
     * @param look `force`: the file may have changed, whatever its stamp says; `isQuiet`: it has not for a while.
     */
    *read({ force, isQuiet }: { force: boolean; isQuiet: boolean }): Iterable<AgentEvent> {
      let entries: unknown[];
      try {
        const info = Deno.statSync(path);
        if (!force && broken?.warned !== false && isUnchanged(info)) return;
        stamp = { text: stampOf(info), readMs: clock.now(), modifiedMs: info.mtime?.getTime() ?? clock.now() };
        entries = parseEntries(Deno.readTextFileSync(path));
        missing = false;
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) {
          if (!missing) log.info("{path} is not there: waiting for it", { path });
          missing = true;
          broken = undefined;
          return;
        }
        const reason = messageOf(error);
        // Being half-written looks just like being broken: only what stays so is worth a warning.
        if (isQuiet && broken?.reason === reason && !broken.warned) {
          log.warn("events file can't be read: what it held before stands, and it is read again when it changes", {
            path,
            reason,
          });
          broken.warned = true;
        } else if (broken?.reason !== reason) broken = { reason, warned: false };
        return;
      }
      if (broken?.warned) log.info("events file can be read again", { path });
      broken = undefined;
      const ids = new Map<string, number>(), told = new Set<string>();
      for (const entry of checkEntries(entries, { maxBytes })) {
        if ("event" in entry) {
          const { id, query } = entry.event;
          const fingerprint = fingerprintOf(query);
          ids.set(id, fingerprint);
          // An event whose query was edited is handed on again: nobody answers it anew, but somebody is told.
          if (seen.get(id) !== fingerprint) yield entry.event;
        } else {
          const { index, reason, id } = entry;
          complain(told, { index, reason, ...(id !== undefined && { event: id }) });
        }
      }
      [seen, complaints] = [ids, told];
    },
  };
}

/** Tells when something in a directory changes; where that can't be told, the waits just end. */
function watchDirectory(directory: string, log: Log) {
  let watcher: Deno.FsWatcher | undefined;
  let following: Promise<void> | undefined;
  let identity: string | undefined;
  let failed = false;
  const changed = new Set<string>();
  let wake: (() => void) | undefined;

  const follow = async (source: Deno.FsWatcher) => {
    try {
      for await (const { kind, paths } of source) {
        for (const path of paths) {
          changed.add(basename(path));
          // The watch went with it, and one that is made anew is often given the same number.
          if (kind === "remove" && resolve(path) === resolve(directory)) identity = undefined;
        }
        // A notice without a path is an overflow: anything may have changed.
        if (paths.length === 0) changed.add("");
        wake?.();
      }
    } catch (error) {
      log.warn("watching a directory ended: its file is read at intervals", {
        path: directory,
        error: messageOf(error),
      });
    }
  };

  const stop = async () => {
    watcher?.close();
    // Deno counts watches by path, and one is only taken off the count when its last read has returned: before that, a
    // new watch on the same path would hear nothing (2.9.6; denoland/deno#34467).
    await following;
  };

  return {
    /** Begin to watch, or begin anew if the directory is not the one that was watched. */
    async renew() {
      try {
        const info = Deno.statSync(directory);
        const found = `${info.dev}:${info.ino}`;
        if (identity === found) return;
        await stop();
        watcher = Deno.watchFs(directory, { recursive: false });
        following = follow(watcher);
        identity = found;
        changed.add("");
      } catch (error) {
        // A directory that is not there yet is asked for again at the next look.
        if (error instanceof Deno.errors.NotFound || failed) return;
        failed = true;
        log.warn("a directory can't be watched: its file is read at intervals", {
          path: directory,
          error: messageOf(error),
        });
      }
    },
    /** Whether the file may have changed since the last call. */
    sawChangeOf(name: string): boolean {
      const saw = changed.has(name) || changed.has("");
      changed.clear();
      return saw;
    },
    /** Whether nothing changes for `atMostMs`; resolves earlier at a change, or when `signal` aborts. */
    async isQuiet({ signal, atMostMs, clock }: { signal: AbortSignal; atMostMs: number; clock: Clock }) {
      if (changed.size > 0) return false;
      const woken = new AbortController();
      wake = () => woken.abort();
      await clock.sleep(atMostMs, AbortSignal.any([signal, woken.signal]));
      wake = undefined;
      return changed.size === 0;
    },
    [Symbol.asyncDispose]: stop,
  };
}

function stampOf({ dev, ino, size, mtime }: Deno.FileInfo): string {
  return [dev, ino, size, mtime?.getTime()].join(":");
}
