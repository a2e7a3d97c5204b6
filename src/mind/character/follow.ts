/** A character's files followed while the agent runs: when they change, what it knows is read again. @module */

import { createHash } from "node:crypto";
import { dirname, extname, join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Clock } from "../../clock.ts";
import { FatalError, messageOf } from "../../errors.ts";
import { type Log, silentLog } from "../../log.ts";
import { readOnceUnchanged } from "../../watching/blocking_entries.ts";
import { createWatch, type Watch } from "../../watching/watch.ts";
import type { Place } from "../../watching/watchers.ts";
import { hashTexts } from "../knowledge/texts.ts";
import { loadCharacter, type LoadedCharacter } from "./character.ts";

/** What is followed, and who is told. */
export interface Following {
  /** The character file. */
  readonly path: string;
  /** The character as it was read at the start. */
  readonly character: LoadedCharacter;
  /** Called with the character whenever its knowledge or its words have changed. */
  readonly onChange: (character: LoadedCharacter) => void;
  /** Milliseconds between two looks, behind the file system's own notices. */
  readonly rescanMs: number;
  readonly log: Log;
  readonly clock: Clock;
}

/** Milliseconds without a further change before files are read: whoever saves several is not read half-way. */
const SETTLE_MS = 100;

/** Files that are looked at before everything else may go on: a few milliseconds. */
const FILES_AT_ONCE = 256;

/**
 * Follow the files until `signal` aborts. A mistake in them is told once, leaves in force what was read before, and is
 * told of once more when it is mended.
 */
export async function followCharacter(following: Following, signal: AbortSignal): Promise<void> {
  const { path, onChange, log } = following;
  let current = following.character;
  let known = digestOf(current);
  const list = readOnceUnchanged(listOf);
  let look = await lookAt(path, current, list);
  /** The stamp that was read last. Until the first wait is over, it is none: files may have changed since the start. */
  let seen: string | undefined;
  let isBroken = false;
  const otherwise = "the knowledge there is looked at in intervals";
  await using watch = createWatch({ log, otherwise, countsReads: false });
  while (!signal.aborted) {
    // The watch first, then the look: what falls between is seen twice, never missed.
    await watch.renew(look.places);
    await untilChanged(watch, following, signal);
    if (signal.aborted) return;
    look = await lookAt(path, current, list);
    if (look.stamp === seen) continue;
    seen = look.stamp;
    try {
      const read = await loadCharacter(path, silentLog, { known: current.texts });
      const digest = digestOf(read);
      if (isBroken) log.info("the knowledge can be used again", { path });
      isBroken = false;
      if (personaOf(read) !== personaOf(current)) {
        log.warn("the character has changed in more than what it knows: that needs a restart", { path });
      }
      current = read;
      if (digest === known) continue;
      known = digest;
      // Files that the character has named only now are watched, and looked at once more, from here on.
      look = await lookAt(path, read, list);
      onChange(read);
      log.info("📚 Knowledge read again", { path, texts: read.texts.length });
    } catch (error) {
      // What is wrong with the files is told; anything else is no matter of theirs.
      if (!(error instanceof FatalError)) throw error;
      isBroken = true;
      log.error("the knowledge has changed and can't be used: what was known before stays in force", {
        error: messageOf(error),
      });
    }
  }
}

/** Resolves soon after a change, after an interval without one, or when `signal` aborts. */
async function untilChanged(watch: Watch, { rescanMs, clock }: Following, signal: AbortSignal): Promise<void> {
  if (await watch.isQuiet({ signal, atMostMs: rescanMs, clock })) return;
  // Other files in the directory may change without a pause.
  const untilMs = clock.now() + rescanMs;
  do watch.changes(); while (
    !await watch.isQuiet({ signal, atMostMs: SETTLE_MS, clock }) && !signal.aborted && clock.now() < untilMs
  );
}

/** How the files of a character were at one moment. */
interface Look {
  /** Another one when any of the files has changed, been added or taken away. */
  readonly stamp: string;
  /** Where a change shows. */
  readonly places: readonly Place[];
}

async function lookAt(path: string, { character }: LoadedCharacter, list: typeof listOf): Promise<Look> {
  const home = dirname(resolve(path)), single = new Set([home]);
  const files: string[] = [resolve(path)], trees = new Map<string, readonly string[]>();
  for (const entry of character.knowledge ?? []) {
    if (typeof entry === "string") continue;
    if ("path" in entry) {
      const file = resolve(home, entry.path);
      files.push(file);
      single.add(dirname(file));
      continue;
    }
    const tree = resolve(home, entry.directory), below: string[] = [];
    await lookBelow(tree, { files, below }, list);
    trees.set(tree, below);
  }
  const stamps: string[] = [];
  for (const [place, file] of files.entries()) {
    stamps.push(stampOf(file));
    if (place % FILES_AT_ONCE === FILES_AT_ONCE - 1) await setTimeout(0);
  }
  // Each is watched once, since to end one of two watches would end both.
  const below = new Set([...trees.values()].flat());
  const isApart = (directory: string) => !below.has(directory);
  return {
    stamp: stamps.sort().join("\n"),
    places: [
      ...[...trees].filter(([tree]) => isApart(tree)).map(([directory, below]) => ({ directory, below })),
      ...[...single].filter((one) => isApart(one) && !trees.has(one)).map((directory) => ({ directory })),
    ],
  };
}

/** Synchronously: asked for one by one, 9,000 files took 0.7 s of the processor at each look, and 13 % of it at rest. */
function stampOf(file: string): string {
  try {
    const { dev, ino, size, mtime } = Deno.statSync(file);
    return [file, dev, ino, size, mtime?.getTime()].join(":");
  } catch (error) {
    return `${file}: ${error instanceof Error ? error.name : error}`;
  }
}

/** What is in a directory: the names of texts, and of directories. */
function listOf(directory: string): { readonly texts: readonly string[]; readonly directories: readonly string[] } {
  const texts: string[] = [], directories: string[] = [];
  for (const { name, isDirectory } of Deno.readDirSync(directory)) {
    if (isDirectory) directories.push(name);
    else if (TEXTS.includes(extname(name))) texts.push(name);
  }
  return { texts, directories };
}

async function lookBelow(
  directory: string,
  found: { readonly files: string[]; readonly below: string[] },
  list: typeof listOf,
): Promise<void> {
  try {
    const { texts, directories } = list(directory);
    for (const name of texts) found.files.push(join(directory, name));
    for (const name of directories) {
      const path = join(directory, name);
      found.below.push(path);
      if (found.below.length % FILES_AT_ONCE === 0) await setTimeout(0);
      await lookBelow(path, found, list);
    }
  } catch (error) {
    // It went meanwhile, is a file now, or may not be read: reading the knowledge says so. This much is part of the stamp.
    found.files.push(`${directory}: ${error instanceof Error ? error.name : error}`);
  }
}

const TEXTS = [".md", ".txt"];

/** What an agent knows and its words for it: nothing that the runtime was built with. */
function digestOf({ texts, synonyms, translations }: LoadedCharacter): string {
  const hash = createHash("sha256").update(JSON.stringify([synonyms, translations]));
  return hashTexts(hash, texts).digest("hex");
}

/** Everything else of a character. */
function personaOf({ character }: LoadedCharacter): string {
  const { knowledge: _, settings = {}, ...persona } = character;
  const { synonyms: _synonyms, translations: _translations, ...others } = settings;
  return JSON.stringify([persona, others]);
}
