/** The licence notices of packages: read from their files, with texts that several have in common kept once. @module */

import { EXIT, FatalError } from "../../errors.ts";
import type { BundledPackage } from "./packages.ts";

/** Who holds the rights in a part of the executable, and under which licence it is there. */
export interface Notice {
  /** A package and its version, or a part of one that has a licence of its own. */
  readonly name: string;
  readonly copyright: readonly string[];
  /** The licence's text, without those lines. */
  readonly text: string;
}

/** As `src/program/licenses.json` holds them. */
export interface Notices {
  readonly parts: readonly {
    readonly name: string;
    readonly copyright: readonly string[];
    /** The text's index in `texts`. */
    readonly text: number;
  }[];
  /** The lines of each text. */
  readonly texts: readonly (readonly string[])[];
}

const LICENSE_FILE = /^(?:licen[cs]e|notice|copying)(?:\.(?:md|txt))?$/i;
const COPYRIGHT = /^\s*(?:Portions )?Copyright .*(?:\d{4}|©|\(c\)|authors|contributors)/;
const TITLE = /^#*\s*(?:The )?(?:MIT|ISC|BSD 3-Clause) License(?: \(MIT\))?\s*$/;

/**
 * The notices of a package: its own, and those of code from elsewhere in it, in folders that the executable has code of.
 *
 * @throws {FatalError} If a package has no licence file.
 */
export function noticesOf({ name, version, path, folders }: BundledPackage): Notice[] {
  const whole = `${name} ${version}`;
  const places = new Set([""]);
  for (const folder of folders) {
    const steps = folder.split("/");
    for (const [index] of steps.entries()) places.add(steps.slice(0, index + 1).join("/"));
  }
  const notices = [...places].flatMap((place) => {
    // Some packages carry their sources along, and such licences only there.
    const files = [...licenseFiles(`${path}/${place}`), ...place === "" ? [] : licenseFiles(`${path}/src/${place}`)];
    const part = place === "" ? whole : `${whole}, ${place}`;
    return files.map((file) => ({ name: part, ...splitNotice(Deno.readTextFileSync(file)) }));
  });
  if (notices.some((notice) => notice.name === whole)) return notices;
  throw new FatalError(`${whole} has no licence file in ${path}: find out its licence before you ship it`, EXIT.bug);
}

/** A licence file's lines that name who holds the rights, and the rest without its title. */
export function splitNotice(file: string): Pick<Notice, "copyright" | "text"> {
  const lines = file.trim().replaceAll("\r\n", "\n").split("\n");
  const copyright = lines.filter((line) => COPYRIGHT.test(line)).map((line) => line.trim());
  const text = lines.filter((line) => !COPYRIGHT.test(line) && !TITLE.test(line)).join("\n").trim();
  return { copyright, text };
}

/** Notices with each text once: two texts are one if only their line breaks and marks differ. */
export function gatherNotices(notices: readonly Notice[]): Notices {
  const texts = new Map<string, string>();
  for (const { text } of notices) {
    const known = texts.get(keyOf(text));
    // The one that is broken into lines, and not marked up.
    if (known === undefined || longestLine(text) < longestLine(known)) texts.set(keyOf(text), text);
  }
  const keys = [...texts.keys()];
  return {
    parts: notices.map(({ name, copyright, text }) => ({ name, copyright, text: keys.indexOf(keyOf(text)) })),
    texts: keys.map((key) => texts.get(key)!.split("\n").map((line) => line.trimEnd())),
  };
}

/** Its words; a single letter may be the number of an item. */
function keyOf(text: string): string {
  return text.toLowerCase().split(/[^a-z]+/).filter((word) => word.length > 1).join(" ");
}

function longestLine(text: string): number {
  return Math.max(...text.split("\n").map((line) => line.length));
}

function licenseFiles(folder: string): string[] {
  try {
    const names = Array.from(Deno.readDirSync(folder), ({ name }) => name);
    return names.filter((name) => LICENSE_FILE.test(name)).toSorted().map((name) => `${folder}/${name}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
