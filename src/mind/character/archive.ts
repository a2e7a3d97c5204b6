/** Characters in a zip archive: with the files that they know from, or one entry a field, as iExec protects data. @module */

import { isObject } from "../../json_object.ts";
import { unpack } from "./unzip.ts";
import { ArchiveError, isArchive } from "./zip.ts";

/** What an archive holds. */
export interface CharacterArchive {
  /** The entry that is the character, or the folder whose entries are its fields. */
  readonly name: string;
  readonly value: unknown;
  /** Its knowledge files, by their path beside the character, in the order of these. */
  readonly files: ReadonlyMap<string, string>;
}

/** Characters that are looked for: one is wanted, and the others are named. */
const MAX_FOUND = 10;

/** Fields of fields are read by recursion, and 128 kB of zip hold a name of 32,000 folders. */
const MAX_FOLDERS = 64;

/**
 * The character in an archive, which is one of these:
 * - a file with the character's JSON, under any name, and its knowledge as `.md` and `.txt` files beside it;
 * - protected data with such a JSON in a field, and knowledge in the field `knowledge`, which may have fields of its own;
 * - protected data whose fields are the character's: `name`, `bio` and so on;
 * - protected data with such an archive in a field.
 *
 * @throws {ArchiveError} If it holds no character, more than one, or more than is good.
 */
export function readCharacterArchive(bytes: Uint8Array): CharacterArchive {
  const entries = unpack(bytes);
  const inner = [...entries.values()].filter(isArchive);
  const texts = new Map<string, string>();
  for (const [name, content] of entries) {
    const folders = name.split("/").length - 1;
    if (folders > MAX_FOLDERS) {
      throw new ArchiveError(`an entry lies ${folders} folders deep, at most ${MAX_FOLDERS} are read`);
    }
    const text = textOf(content);
    if (text !== undefined) texts.set(name, text);
    else if (isKnowledgeFile(name)) throw new ArchiveError(`${name}: expected UTF-8`);
  }
  const found = charactersIn(texts).take(MAX_FOUND).toArray();
  if (found.length === 1) return found[0]!;
  if (found.length > 1) {
    throw new ArchiveError(`expected one character, found ${found.map(({ name }) => name).sort().join(", ")}`);
  }
  if (inner.length === 1) return readInner(inner[0]!);
  const names = [...entries.keys()].sort().slice(0, 10).join(", ");
  throw new ArchiveError(`expected a character's JSON, or its name and bio as fields; it holds ${names || "nothing"}`);
}

function readInner(bytes: Uint8Array): CharacterArchive {
  const found = unpack(bytes);
  // One archive in another is how protected data carries a folder; more is a way to hide how large it gets.
  if ([...found.values()].some(isArchive)) throw new ArchiveError("an archive in an archive in an archive is not read");
  return readCharacterArchive(bytes);
}

/** An entry's text: DataProtector writes a text field with its length before it, in Borsh. Undefined if it is no text. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(isBorshText(bytes) ? bytes.subarray(4) : bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** @see https://borsh.io: a string is its length as a little-endian u32, then its UTF-8. */
function isBorshText(bytes: Uint8Array): boolean {
  if (bytes.length < 4) return false;
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) === bytes.length - 4;
}

function* charactersIn(texts: ReadonlyMap<string, string>): Generator<CharacterArchive> {
  const places = placesOf(texts.keys());
  for (const [name, text] of texts) {
    const folder = folderOf(name);
    const value = parsed(text);
    if (isCharacter(value)) yield { name, value, files: knowledgeIn(texts, folder, name) };
    // Looking at the fields of a folder goes through all entries, and there may be ten thousand folders.
    const describesSomebody = name === `${folder}name` && value === undefined &&
      DESCRIBING.some((field) => places.has(folder + field));
    if (!describesSomebody) continue;
    const fields = characterIn(texts, folder);
    if (isCharacter(fields)) {
      yield { name: folder === "" ? "its fields" : folder, value: fields, files: knowledgeIn(texts, folder) };
    }
  }
}

/** Every name that an entry has, and those of the folders that it is in. */
function placesOf(names: Iterable<string>): ReadonlySet<string> {
  const places = new Set<string>();
  for (const name of names) {
    for (let end = name.length; end > 0; end = name.lastIndexOf("/", end - 1)) places.add(name.slice(0, end));
  }
  return places;
}

/** Fields of which a character has one at least. */
const DESCRIBING = ["bio", "lore", "system"];

function isCharacter(value: unknown): boolean {
  return isObject(value) && typeof value.name === "string" && DESCRIBING.some((name) => name in value);
}

/** The folder of an entry, with its slash at the end; empty at the top. */
function folderOf(name: string): string {
  return name.slice(0, name.lastIndexOf("/") + 1);
}

/** The character whose fields are the entries of a folder. Its knowledge is texts, unless it is a list of its own. */
function characterIn(texts: ReadonlyMap<string, string>, folder: string): unknown {
  const fields = fieldsIn([...texts].filter(([name]) => name.startsWith(folder)), folder.length);
  if (!isObject(fields)) return fields;
  const { knowledge, ...rest } = fields;
  return { ...rest, ...(Array.isArray(knowledge) && { knowledge }) };
}

/** Entries as the object whose fields they are, from the so-manyth character of their names on: at most {@linkcode MAX_FOLDERS} deep. */
function fieldsIn(entries: readonly (readonly [name: string, text: string])[], from: number): unknown {
  const fields = Map.groupBy(entries, ([name]) => name.slice(from).split("/")[0] ?? "");
  return Object.fromEntries([...fields].map(([field, inner]) => {
    const text = inner.find(([name]) => name.length === from + field.length)?.[1];
    // A field that is no text of its own has fields; a list has none in protected data, and comes as JSON.
    return [field, text === undefined ? fieldsIn(inner, from + field.length + 1) : parsed(text) ?? text];
  }));
}

/** The texts beside a character that it knows from: `.md` and `.txt` files, and what is in the field `knowledge`. */
function knowledgeIn(texts: ReadonlyMap<string, string>, folder: string, character?: string): Map<string, string> {
  const found = [...texts].filter(([name]) => name.startsWith(folder) && name !== character)
    .map(([name, text]) => [name.slice(folder.length), text] as const)
    .filter(([name, text]) =>
      isKnowledgeFile(name) || (/^knowledge(?:\/[^.]+)?$/.test(name) && parsed(text) === undefined)
    );
  return new Map(found.sort(([a], [b]) => a < b ? -1 : 1));
}

function isKnowledgeFile(name: string): boolean {
  return /\.(?:md|txt)$/.test(name);
}

/** The object or list that a text is the JSON of; none if it is another text. */
function parsed(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // What is no JSON is a text like any other here.
    return undefined;
  }
}
