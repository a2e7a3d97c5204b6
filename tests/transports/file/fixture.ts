/** A file of events that is watched: real files and the real watch; only pauses end when the test says so. @module */

import type { Clock } from "../../../src/clock.ts";
import type { LogFields } from "../../../src/log.ts";
import { openFileTransport } from "../../../src/transports/file/file.ts";
import { event } from "../../support/events.ts";
import { createWatch } from "../../support/watch.ts";
import { makeFolder } from "../../support/folder.ts";

export const BROKEN = "events file can't be read: what it held before stands, and it is read again when it changes";
export const HEALED = "events file can be read again";
export const MISSING = "{path} is not there: waiting for it";
export const UNWATCHED = "a directory can't be watched: its file is read at intervals";

export function events(...ids: string[]): string {
  return JSON.stringify(ids.map((id) => event(id)));
}

/** The events file as others treat it, in a folder of its own, and the transport that watches it. */
export function makeInput(options: { path?: string; maxBytes?: number } = {}) {
  const folder = makeFolder();
  const path = `${folder.path}/${options.path ?? "events.json"}`;
  return {
    folder: folder.path,
    path,
    write: (text: string) => Deno.writeTextFileSync(path, text),
    replace(text: string) {
      Deno.writeTextFileSync(`${path}.tmp`, text);
      Deno.renameSync(`${path}.tmp`, path);
    },
    watch: () => startWatching(path, options.maxBytes ?? 1024 * 1024),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** A transport whose events are gathered until the test ends. */
export function startWatching(path: string, maxBytes: number) {
  const ids: string[] = [];
  /** Ids of what was refused, with the reason. */
  const refusals: string[] = [];
  const lines: { level: string; message: string; fields: LogFields }[] = [];
  /** Pauses that have begun, and how to end the one that is going on. */
  const pauses: number[] = [];
  let end: (() => void) | undefined;
  const watch = createWatch({ report: () => JSON.stringify({ ids: ids.slice(-50), lines, pauses }, null, 1) });
  const lineFor = (level: string) => (message: string, fields: LogFields = {}) => {
    lines.push({ level, message, fields });
    watch.changed();
  };
  const log = { error: lineFor("error"), warn: lineFor("warn"), info: lineFor("info"), debug: lineFor("debug") };
  const clock: Clock = {
    // Long after whatever the file system's clock says: a time stamp is then enough to tell an unchanged file.
    now: () => Date.now() + 3_600_000,
    monotonic: () => performance.now(),
    async sleep(ms, signal) {
      const { promise, resolve } = Promise.withResolvers<void>();
      pauses.push(ms);
      end = resolve;
      if (signal?.aborted) resolve();
      signal?.addEventListener("abort", () => resolve(), { once: true });
      watch.changed();
      await promise;
      if (end === resolve) end = undefined;
    },
  };
  const stop = new AbortController();
  const transport = openFileTransport({ path, rescanMs: 5_000, maxBytes, log, clock });
  const running = (async () => {
    for await (const deliveries of transport.events(stop.signal)) {
      for (const { event: { id }, refusal } of deliveries) {
        if (refusal === undefined) ids.push(id);
        else refusals.push(`${id}: ${refusal}`);
      }
      watch.changed();
    }
  })();

  return {
    transport,
    ids,
    refusals,
    pauses,
    linesOf: (message: string) => lines.filter((line) => line.message === message).map(({ fields }) => fields),
    warnings: () => lines.filter(({ level }) => level === "warn").map(({ message }) => message),
    logged: (message: string) => watch.until(message, () => lines.find((line) => line.message === message)),
    /** The first `count` ids that were yielded. */
    yielded: (count: number) =>
      watch.until(`${count} events`, () => ids.length >= count ? ids.slice(0, count) : undefined),
    /** It has looked since there were `count` pauses, and rests again. */
    looked: ({ since }: { since: number }) =>
      watch.until("another look", () => pauses.length > since && end ? pauses.length : undefined),
    /** A pause passes in which nothing changed. */
    async tick() {
      const began = pauses.length;
      (await watch.until("a pause", () => end))();
      await watch.until("the next pause", () => pauses.length > began ? end : undefined);
    },
    /** Ends the events, and waits until they have ended. */
    async stop() {
      stop.abort();
      await running;
    },
    async [Symbol.asyncDispose]() {
      watch[Symbol.dispose]();
      stop.abort();
      await running;
    },
  };
}
