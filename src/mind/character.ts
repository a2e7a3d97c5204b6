/** Characters: ElizaOS character files, read and checked. @module */

import type { Character, UUID } from "@elizaos/core";
import { EXIT, FatalError } from "../errors.ts";
import type { Log } from "../log.ts";
import { type Core, loadCore } from "./core_log.ts";
import intern from "./intern.json" with { type: "json" };
import { findJsonError } from "./json_error.ts";
import type { KnowledgeText } from "./knowledge.ts";
import { readKnowledgeFiles } from "./knowledge_files.ts";

/** A character, and what it knows. */
export interface LoadedCharacter {
  readonly character: Character;
  /** The character's `id`, else made from its name as ElizaOS does. */
  readonly agentId: UUID;
  /** Its knowledge: the entries of the character, and the files that these name. */
  readonly texts: readonly KnowledgeText[];
}

/** Largest character file, in bytes. */
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * The character in the file at `path`, else the built-in one.
 *
 * @param log Is told once what the character asks for and this agent does not do.
 * @throws {FatalError} 78, with all that is wrong and where it stands, one line each.
 */
export async function loadCharacter(path: string | undefined, log: Log): Promise<LoadedCharacter> {
  const core = await loadCore();
  const character = check(core, path === undefined ? intern : parse(await readText(path), path), path);
  const { texts, mistakes } = await readKnowledge(character, path, log);
  const agentId = agentIdOf(core, character);
  if (agentId === undefined) mistakes.push("name: expected well-formed Unicode");
  if (agentId === undefined || mistakes.length > 0) throw refusal(path, mistakes);
  if (character.plugins?.length) {
    log.warn("the character names plugins, and this agent loads none: {plugins}", {
      plugins: character.plugins.join(", "),
    });
  }
  return { character, agentId, texts };
}

async function readText(path: string): Promise<string> {
  try {
    const { size, isFile } = await Deno.stat(path);
    if (!isFile) throw refusal(path, ["expected a file"]);
    if (size > MAX_BYTES) throw refusal(path, [`expected at most ${MAX_BYTES} bytes, it has ${size}`]);
    return (await Deno.readTextFile(path)).replace(/^\ufeff/, "");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw refusal(path, ["there is no such file"], error);
    if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) {
      throw refusal(path, ["no permission to read it"], error);
    }
    throw error;
  }
}

function parse(text: string, path: string): unknown {
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
function check(core: Core, value: unknown, path: string | undefined): Character {
  const { data, error } = core.validateCharacter(value);
  if (data) return data;
  throw refusal(path, (error?.issues ?? []).map((issue) => describe(issue as Issue)));
}

/** An issue of the core's own copy of zod, as far as it is shown. */
interface Issue {
  readonly message: string;
  readonly path: readonly PropertyKey[];
  /** Of a union: what each of its members found wrong. */
  readonly errors?: readonly (readonly Issue[])[];
}

/** `messageExamples.0.1.name: expected string, received undefined`: where and what, never the value. */
function describe({ message, path, errors = [] }: Issue): string {
  const place = path.length > 0 ? `${path.map(String).join(".")}: ` : "";
  const what = message.replace(/^Invalid input(?:: )?/, "");
  if (what !== "") return place + what[0]?.toLowerCase() + what.slice(1);
  const members = errors.map((issues) => issues.map(describe).join(" and "));
  return `${place}${[...new Set(members)].join(", or ")}`;
}

async function readKnowledge(character: Character, path: string | undefined, log: Log) {
  const texts: KnowledgeText[] = [];
  const mistakes: string[] = [];
  for (const [index, entry] of (character.knowledge ?? []).entries()) {
    if (typeof entry === "string") {
      texts.push({ text: entry, source: "knowledge" });
      continue;
    }
    const [kind, named] = "path" in entry ? ["path", entry.path] as const : ["directory", entry.directory] as const;
    const read = await readKnowledgeFiles({ kind, path: named, beside: path ?? ".", log });
    texts.push(...read.texts);
    mistakes.push(...read.mistakes.map((mistake) => `knowledge.${index}.${kind}: ${mistake}`));
  }
  return { texts, mistakes };
}

/** The agent's id, as the runtime would choose it; undefined if the core can't make one of the name. */
function agentIdOf(core: Core, { id, name }: Character): UUID | undefined {
  return id ?? (name.isWellFormed() ? core.stringToUuid(name) : undefined);
}

function refusal(path = "the built-in character", mistakes: readonly string[], cause?: unknown): FatalError {
  const lines = mistakes.map((mistake) => `${path}: ${mistake}`);
  return new FatalError(`The character can't be used:\n${lines.join("\n")}`, EXIT.settings, { cause });
}
