/** Characters: ElizaOS character files, read and checked. @module */

import { normalize } from "node:path/posix";
import type { Character, UUID } from "@elizaos/core";
import { EXIT, FatalError } from "../../errors.ts";
import { isRefusal, pathProblem, readPlainSync } from "../../files.ts";
import type { Log } from "../../log.ts";
import { isDeeperThan, MAX_DEPTH } from "../../wire.ts";
import { decodeUtf8 } from "../../utf8.ts";
import { describeIssue, type Issue } from "../../zod_issues.ts";
import type { CharacterArchive } from "./archive.ts";
import { characterDigest, sha256 } from "./digest.ts";
import { adaptCharacter, type Adapted } from "./format.ts";
import { type Core, loadCore } from "../core_log.ts";
import intern from "./intern.json" with { type: "json" };
import { findJsonError } from "../../json_error.ts";
import { isObject } from "../../json_object.ts";
import { unreadSettings } from "../models/unread_settings.ts";
import { type OwnWords, readOwnWords } from "./own_words.ts";
import { type KnowledgeEntry, readKnowledgeFiles } from "../knowledge/files.ts";
import { FileText, type KnowledgeText } from "../knowledge/texts.ts";
import { ArchiveError, isArchive } from "./zip.ts";

/** A character, and what it knows. */
export interface LoadedCharacter extends OwnWords {
  readonly character: Character;
  /** The character's `id`, else made from its name as ElizaOS does. */
  readonly agentId: UUID;
  /** Its knowledge: the entries of the character, and the files that these name. */
  readonly texts: readonly KnowledgeText[];
  /** SHA-256 of it all: see {@linkcode characterDigest}. */
  readonly digest: string;
}

/** Largest character file, in bytes, be it JSON or an archive. */
const MAX_BYTES = 64 * 1024 * 1024;
/** Where the lines come from that stand in the character itself; no file that is read has such a name. */
const OWN_LINES = "knowledge";

/**
 * The character in the file at `path`, else the built-in one.
 *
 * @param path JSON, or a zip archive with a character in it: what the file holds decides, not its name.
 * @param log Is told once what the character asks for and this agent does not do.
 * @param options `known`: texts that are in memory; equal ones are not held a second time.
 * @throws {FatalError} 78, with all that is wrong and where it stands, one line each.
 */
export async function loadCharacter(
  path: string | undefined,
  log: Log,
  { known }: { known?: readonly KnowledgeText[] } = {},
): Promise<LoadedCharacter> {
  const core = await loadCore();
  const source = path === undefined
    ? { value: intern, digest: sha256(JSON.stringify(intern)) }
    : await readSource(path);
  const place = source.archive ? `${path}: ${source.archive.name}` : path;
  if (isDeeperThan(MAX_DEPTH, source.value)) throw refusal(place, [`nested more than ${MAX_DEPTH} levels deep`]);
  const adapt = (value: unknown) => adaptCharacter(value, (name) => core.stringToUuid(name.toWellFormed()));
  const { value, unused } = adapt(source.value);
  // The built-in one is known to be valid (a test checks it): to check it takes 4 ms of the start.
  const character = path === undefined ? value as Character : await check(source.value, { core, adapt, place });
  const options = { log, known: known && new Map(known.map((text) => [text.source, text])) };
  const { texts, mistakes } = source.archive
    ? readArchived(character, source.archive, options)
    : await readKnowledge(character, path, options);
  const { words, mistakes: wrongWords } = readOwnWords(character.settings);
  mistakes.push(...wrongWords);
  const agentId = agentIdOf(core, character);
  if (agentId === undefined) mistakes.push("name: expected well-formed Unicode");
  if (agentId === undefined || mistakes.length > 0) throw refusal(place, mistakes);
  if (unused.length > 0) {
    log.warn("the character has parts that this agent does not use: {parts}", { parts: unused.join(", ") });
  }
  const unread = unreadSettings(character);
  if (unread.length > 0) {
    log.warn("the character sets what this agent reads from its own settings alone, so that has no effect: {parts}", {
      parts: unread.join(", "),
    });
  }
  const files = source.archive ? [] : texts.filter(({ source }) => source !== OWN_LINES);
  const digest = characterDigest({ file: source.digest, texts: files });
  return { character, agentId, texts, digest, ...words };
}

/** What a file holds: a character, and if it is an archive, that; the hash of its bytes. */
async function readSource(path: string): Promise<{ value: unknown; archive?: CharacterArchive; digest: string }> {
  const bytes = await readBytes(path), digest = sha256(bytes);
  try {
    if (!isArchive(bytes)) return { value: parse(bytes, path), digest };
    const { readCharacterArchive } = await import("./archive.ts");
    const archive = readCharacterArchive(bytes);
    return { value: archive.value, archive, digest };
  } catch (error) {
    if (error instanceof ArchiveError) throw refusal(path, [`a zip archive: ${error.message}`], error.cause);
    throw error;
  }
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    const { size, isFile } = await Deno.stat(path);
    if (!isFile) throw refusal(path, ["expected a file"]);
    if (size > MAX_BYTES) throw refusal(path, [`expected at most ${MAX_BYTES} bytes, it has ${size}`]);
    return readPlainSync(path, { maxBytes: MAX_BYTES });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw refusal(path, ["there is no such file"], error);
    if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) {
      throw refusal(path, ["no permission to read it"], error);
    }
    if (isRefusal(error)) throw refusal(path, [pathProblem(error).reason], error);
    throw error;
  }
}

function parse(bytes: Uint8Array, path: string): unknown {
  const { text, invalidAt } = decodeUtf8(bytes);
  if (invalidAt) {
    throw refusal(path, [
      `line ${invalidAt.line}, column ${invalidAt.column}: not UTF-8. Save the file in that encoding`,
    ]);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const { line, column } = findJsonError(text) ?? { line: 1, column: 1 };
    // Without the parser's error as its cause: that quotes the file, which may hold secrets.
    throw refusal(path, [`line ${line}, column ${column}: not valid JSON`]);
  }
}

/** @throws {FatalError} With everything the core's own validation finds. */
async function check(
  source: unknown,
  { core, adapt, place }: { core: Core; adapt: (source: unknown) => Adapted; place: string | undefined },
): Promise<Character> {
  const { validateCharacter } = await import("./validation.ts");
  const validate = (source: unknown) => validateCharacter(core, adapt(source).value);
  const { data } = validate(source);
  if (data) return data;
  const mistakesIn = (source: unknown) =>
    (validate(source).error?.issues ?? []).map((issue) => describeIssue(issue as Issue));
  const { lore, ...own } = isObject(source) ? source : {};
  if (lore === undefined || lore === null) throw refusal(place, mistakesIn(source));
  // What the core is shown as one list is told of as the two that the file has.
  throw refusal(place, [
    ...mistakesIn({ ...own, bio: own.bio ?? [] }),
    ...mistakesIn({ name: "A", bio: lore }).map((mistake) => mistake.replace(/^bio/, "lore")),
  ]);
}

/** How knowledge is read. `known`: texts that are in memory, by their source. */
interface Reading {
  readonly log: Log;
  readonly known: ReadonlyMap<string, KnowledgeText> | undefined;
}

async function readKnowledge(character: Character, path: string | undefined, options: Reading) {
  const texts: KnowledgeText[] = [];
  const mistakes: string[] = [];
  for (const [index, entry] of (character.knowledge ?? []).entries()) {
    if (typeof entry === "string") {
      texts.push({ text: entry, source: OWN_LINES });
      continue;
    }
    const named = nameIn(entry);
    const read = await readKnowledgeFiles(named, { beside: path ?? ".", ...options });
    texts.push(...read.texts);
    mistakes.push(...read.mistakes.map((mistake) => `knowledge.${index}.${named.kind}: ${mistake}`));
  }
  return { texts, mistakes };
}

/** All texts of an archive are there to be known from, whether the character names them or not. */
function readArchived(character: Character, { files }: CharacterArchive, { known }: Pick<Reading, "known">) {
  const entries = character.knowledge ?? [];
  const own = entries.filter((entry) => typeof entry === "string").map((text) => ({ text, source: OWN_LINES }));
  const mistakes = entries.flatMap((entry, index) => {
    if (typeof entry === "string") return [];
    const { kind, path } = nameIn(entry);
    const wanted = normalize(path).replace(/\/$/, "");
    const isThere = (name: string) =>
      kind === "path" ? name === wanted : wanted === "." || name.startsWith(`${wanted}/`);
    return [...files.keys()].some(isThere) ? [] : [`knowledge.${index}.${kind}: there is no ${path} in the archive`];
  });
  const encoder = new TextEncoder();
  // What was text once is UTF-8 again.
  const texts = Array.from(
    files,
    ([source, text]) => FileText.from(encoder.encode(text), { source, known: known?.get(source) })!,
  );
  return { texts: [...own, ...texts], mistakes };
}

function nameIn(entry: Exclude<NonNullable<Character["knowledge"]>[number], string>): KnowledgeEntry {
  return "path" in entry ? { kind: "path", path: entry.path } : { kind: "directory", path: entry.directory };
}

/** The agent's id, as the runtime would choose it; undefined if the core can't make one of the name. */
function agentIdOf(core: Core, { id, name }: Character): UUID | undefined {
  return id ?? (name.isWellFormed() ? core.stringToUuid(name) : undefined);
}

function refusal(path = "the built-in character", mistakes: readonly string[], cause?: unknown): FatalError {
  const lines = mistakes.map((mistake) => `${path}: ${mistake}`);
  return new FatalError(`The character can't be used:\n${lines.join("\n")}`, EXIT.settings, { cause });
}
