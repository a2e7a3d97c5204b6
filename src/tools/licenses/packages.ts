/** The packages whose code is in the executable: read off an unminified bundle of the same program. @module */

import { EXIT, FatalError } from "../../errors.ts";
import { copyProgram, LEAN_CORE, LOCK } from "../compile/bundle.ts";
import { deno } from "../compile/deno.ts";

/** A package of which the executable contains code. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** The folder it is read from. */
  readonly path: string;
  /** The folders below `path` that code comes from; empty if another package has it inlined. */
  readonly folders: readonly string[];
}

const CORE = "@elizaos/core";
/** A file's name, which the bundler writes before its code. */
const FILE = /^\/\/ (\S+\.(?:[cm]?js|ts|json))$/gm;
/** The beginning of a file's name, as the core's published file has it before the code of each file inlined there. */
const SECTION = /^\/\/ (?:(?:\.\.\/)+node_modules|src)\//m;
const DECLARATION = /^(?:var|let|const|class|(?:async )?function\*?) ([\w$]+)/gm;

/**
 * The packages in a bundle of the program in `root`, by name.
 *
 * @param folder An empty one, for the bundle.
 * @throws {FatalError} If the program can't be bundled, or a package's files can't be found.
 */
export async function bundledPackages(root: string, folder: string): Promise<BundledPackage[]> {
  await copyProgram({ root, commit: "none", folder });
  await deno(["bundle", "--quiet", "--code-splitting", "--outdir=bundle", "main.ts"], folder);
  const names = Array.from(Deno.readDirSync(`${folder}/bundle`), ({ name }) => name);
  const bundle = names.map((name) => Deno.readTextFileSync(`${folder}/bundle/${name}`)).join("\n");
  const core = packageOf(new URL(import.meta.resolve(CORE)).pathname);
  if (core === undefined) throw new FatalError(`Cannot find the files of ${CORE}`, EXIT.bug);
  const found = new Map([[core.name, core]]);
  for (const [, file = ""] of bundle.matchAll(FILE)) {
    const path = new URL(file, `file://${folder}/`).pathname;
    const inside = path.startsWith(`${folder}/`) ? undefined : packageOf(path);
    if (inside === undefined) continue;
    const folders = new Set([...found.get(inside.name)?.folders ?? [], ...inside.folders]);
    found.set(inside.name, { ...inside, folders: [...folders].toSorted() });
  }
  const lean = Deno.readTextFileSync(`${folder}/src/mind/${LEAN_CORE}`);
  for (const name of inlinedPackages(lean, partOf(bundle, LEAN_CORE))) {
    if (!found.has(name)) found.set(name, inlinedPackage(name, { root, core }));
  }
  return [...found.values()].toSorted((a, b) => a.name < b.name ? -1 : 1);
}

/** What a bundle has of one file: other files may declare the same names. */
function partOf(bundle: string, file: string): string {
  const parts = bundle.split(new RegExp(`(?=${FILE.source})`, "m"));
  return parts.filter((part) => part.slice(0, part.indexOf("\n")).endsWith(`/${file}`)).join("\n");
}

/** The packages that a published file has inlined, of which the bundle still declares a name. */
export function inlinedPackages(published: string, bundle: string): Set<string> {
  const declared = new Set(bundle.match(/(?<![\w$.])[\w$]+/g));
  const names = new Set<string>();
  const sections = published.split(new RegExp(`(?=${SECTION.source})`, "m"));
  for (const section of sections) {
    const name = /^.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(section)?.[1];
    if (name === undefined || names.has(name)) continue;
    if (section.matchAll(DECLARATION).some(([, own]) => declared.has(own!))) names.add(name);
  }
  return names;
}

/** The package that a file belongs to. */
function packageOf(file: string): BundledPackage | undefined {
  const folder = file.slice(0, file.lastIndexOf("/"));
  for (let path = folder; path !== ""; path = path.slice(0, path.lastIndexOf("/"))) {
    const { name, version } = manifestIn(path);
    // Some packages have manifests without a name in between, which tell only the kind of their modules.
    if (name && version) return { name, version, path, folders: [folder.slice(path.length + 1)] };
  }
  return undefined;
}

/** A package that the core has inlined: its files lie beside the core's, in the version that the lock file names. */
function inlinedPackage(name: string, { root, core }: { root: string; core: BundledPackage }): BundledPackage {
  const { npm }: { npm: Record<string, unknown> } = JSON.parse(Deno.readTextFileSync(`${root}/${LOCK}`));
  const registry = core.path.slice(0, -`/${CORE}/${core.version}`.length);
  const versions = Object.keys(npm).filter((id) => id.startsWith(`${name}@`))
    .map((id) => id.slice(name.length + 1).split("_")[0]!);
  for (const version of versions) {
    const path = `${registry}/${name}/${version}`;
    if (manifestIn(path).name === name) return { name, version, path, folders: [] };
  }
  throw new FatalError(`Cannot find the files of ${name}, which ${CORE} has inlined, in ${registry}`, EXIT.bug);
}

function manifestIn(folder: string): { name?: string; version?: string } {
  try {
    return JSON.parse(Deno.readTextFileSync(`${folder}/package.json`));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {};
    throw error;
  }
}
