/** Files that a character names as its knowledge. @module */

import { walk } from "@std/fs";
import { dirname, extname, relative, resolve } from "node:path";
import { isRefusal, NotPlainError, pathProblem, readPlainSync } from "../../files.ts";
import { collectGarbage } from "../../garbage.ts";
import type { Log } from "../../log.ts";
import { FileText, type KnowledgeText } from "./texts.ts";

/** One entry of a character's `knowledge` that names a file, or a directory with all below it. */
export interface KnowledgeEntry {
  readonly kind: "path" | "directory";
  readonly path: string;
}

/** Largest file, in bytes, and most files of one entry. */
const MAX = { bytes: 16 * 1024 * 1024, files: 10_000 };
/**
 * Bytes of files that were read, after which garbage is collected: what reading leaves behind is 3 to 4 MB with 50 MB of
 * knowledge (measured), of 150 that it may take.
 */
const COLLECTED_AFTER = 8 * 1024 * 1024;
/** What is read as text. */
const EXTENSIONS: readonly string[] = [".md", ".txt"];

/**
 * The texts of one entry of `knowledge`, and what is wrong with it. A directory is read with all below it, in the order
 * of its names; what is not text there is left out, and counted in the log.
 *
 * @param options `beside`: the character file, which `path` is relative to. Nothing outside its directory is read: a
 * character that somebody else wrote must not put this machine's files into answers. `known`: texts, by their source, that
 * are taken in place of equal ones.
 */
export async function readKnowledgeFiles(
  { kind, path }: KnowledgeEntry,
  { beside, log, known }: { beside: string; log: Log; known?: ReadonlyMap<string, KnowledgeText> | undefined },
): Promise<{ texts: KnowledgeText[]; mistakes: string[] }> {
  const texts: KnowledgeText[] = [], mistakes: string[] = [];
  let readBytes = 0;
  if (path === "" && kind === "path") return { texts, mistakes: ["expected the name of a file"] };
  // No file system has such a name, and Deno's error would pass for a bug.
  if (path.includes("\0")) return { texts, mistakes: [`${JSON.stringify(path)} has a NUL in it`] };
  try {
    const home = await Deno.realPath(dirname(resolve(beside)));
    const target = await Deno.realPath(resolve(home, path));
    if (!isInside(home, target)) return { texts, mistakes: [`${path} is outside the character's directory`] };
    const files = kind === "path" ? [target] : await list(target, home, log);
    if (files.length > MAX.files) return { texts, mistakes: [`${path} holds more than ${MAX.files} files`] };
    for (const file of files) {
      const source = relative(home, file);
      const { size, isFile } = await Deno.stat(file);
      if (!isFile) mistakes.push(`${source} is not a file`);
      else if (!EXTENSIONS.includes(extname(file))) mistakes.push(`${source}: expected ${EXTENSIONS.join(" or ")}`);
      else if (size > MAX.bytes) mistakes.push(`${source} has ${size} bytes, at most ${MAX.bytes} are read`);
      else {
        // Its real path, so that nothing above it may have become a link that leads outside meanwhile.
        const bytes = readPlainSync(file, { maxBytes: MAX.bytes, follow: false });
        const text = FileText.from(bytes, { source, known: known?.get(source) });
        if (text === undefined) mistakes.push(`${source}: expected UTF-8`);
        else texts.push(text);
        // Bytes that no text has taken go at once: five files of 10 MB that were known would hold 50 MB more.
        if (text === undefined || text === known?.get(source)) bytes.buffer.transfer(0);
        readBytes += size;
        if (readBytes < COLLECTED_AFTER) continue;
        collectGarbage();
        readBytes = 0;
      }
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) mistakes.push(`there is no ${path}`);
    else if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) {
      mistakes.push(`no permission to read ${path}`);
    } else if (error instanceof NotPlainError) mistakes.push(error.message);
    else if (error instanceof Deno.errors.NotADirectory && kind === "directory") {
      mistakes.push(`${path} is not a directory`);
    } else if (isRefusal(error)) mistakes.push(`${path} can't be read: ${pathProblem(error).reason}`);
    else throw error;
  }
  return { texts, mistakes };
}

async function list(directory: string, home: string, log: Log): Promise<string[]> {
  const files: string[] = [];
  let leftOut = 0;
  for await (const { path, isFile } of walk(directory, { includeDirs: false })) {
    if (isFile && EXTENSIONS.includes(extname(path))) files.push(path);
    else leftOut++;
    if (files.length > MAX.files) break;
  }
  if (leftOut > 0) {
    log.warn("knowledge in {directory}: files that are not text were left out", {
      directory: relative(home, directory) || ".",
      files: leftOut,
    });
  }
  return files.sort();
}

function isInside(home: string, target: string): boolean {
  const way = relative(home, target);
  return way === "" || (!way.startsWith("..") && !way.startsWith("/"));
}
