/** Bundles the program into a few files that load no code except each other. @module */

import { EXIT, FatalError } from "../../errors.ts";
import { BUILT_IN_INDEX, makeBuiltInIndex } from "./built_in_index.ts";
import { leanCore, makeCut } from "./core_cuts.ts";
import { deno } from "./deno.ts";

/** The files and folders that the program is bundled from. */
const SOURCES = ["deno.json", "main.ts", "src"];
/** The lock file that has all packages of the program: that in the root leaves out what verification alone imports. */
export const LOCK = "tests/deno.lock";

/** The bundled files by name; the program starts with ENTRY. */
export type Bundle = ReadonlyMap<string, string>;

export const ENTRY = "agent.js";
const PRELUDE = "prelude.js";
/** The lean core's file, beside its importer in the copy. */
export const LEAN_CORE = "lean_core.js";

/**
 * Bundle the program, minified. Dynamic imports, such as the core, become files of their own: a run that does not need them
 * does not read them.
 *
 * It is bundled from a copy in another folder: so nothing else from the checkout gets in (such as `node_modules`), the
 * commit and the index of the built-in knowledge can be written into the copy, and the copy can import a lean core.
 *
 * @param options `root`: the repository; `commit`: what was checked out, for `--version`; `folder`: an empty one.
 * @throws {FatalError} If the lock file is out of date or a package can't be had.
 */
export async function bundleProgram(options: { root: string; commit: string; folder: string }): Promise<Bundle> {
  const { folder } = options;
  await copyProgram(options);
  await Deno.writeTextFile(`${folder}/${BUILT_IN_INDEX}`, JSON.stringify(await makeBuiltInIndex()));
  await deno(["bundle", "--quiet", "--minify", "--code-splitting", "--outdir=bundle", "main.ts"], folder);
  const made = new Map<string, string>();
  for (const { name } of Deno.readDirSync(`${folder}/bundle`)) {
    made.set(name, Deno.readTextFileSync(`${folder}/bundle/${name}`));
  }
  const prelude = await Deno.readTextFile(new URL("./prelude.js", import.meta.url));
  return new Map([[PRELUDE, prelude], ...sealed(renamed(made, "main.js"))]);
}

/** What `main.ts` imports without naming it in the import: see there. */
const NAMED_IMPORTS = [{ from: "import(VERIFY)", by: 'import("./src/program/verify.ts")' }];

/**
 * Copy the program's sources from `root` into `folder`, with the commit written into them, a lean core, and every import
 * such that the bundler can read it.
 */
export async function copyProgram(options: { root: string; commit: string; folder: string }): Promise<void> {
  const { root, commit, folder } = options;
  for (const name of SOURCES) copy(`${root}/${name}`, `${folder}/${name}`);
  copy(`${root}/${LOCK}`, `${folder}/deno.lock`);
  await Deno.writeTextFile(`${folder}/src/build.json`, JSON.stringify({ commit }));
  await useLeanCore(`${folder}/src/mind`);
  const main = `${folder}/main.ts`;
  const named = NAMED_IMPORTS.reduce((text, cut) => makeCut(text, cut, main), await Deno.readTextFile(main));
  await Deno.writeTextFile(main, named);
}

/** Make the only file that imports the core, in the copy in `folder`, import a lean core instead. */
async function useLeanCore(folder: string): Promise<void> {
  const published = new URL(import.meta.resolve("@elizaos/core"));
  const lean = await leanCore(await Deno.readTextFile(published), published.pathname);
  await Deno.writeTextFile(`${folder}/${LEAN_CORE}`, lean);
  const importer = `${folder}/core.ts`;
  const redirect = { from: '"@elizaos/core"', by: `"./${LEAN_CORE}"` };
  await Deno.writeTextFile(importer, makeCut(await Deno.readTextFile(importer), redirect, importer));
}

/**
 * A bundle with new file names, numbered in the order of their imports: the bundler's names contain a hash that depends on
 * where the packages lie on this machine.
 */
export function renamed(bundle: Bundle, entry: string): Bundle {
  const names = new Map([[entry, ENTRY]]);
  // Files that are found are appended, and so are searched too.
  for (const name of names.keys()) {
    for (const [, other] of bundle.get(name)?.matchAll(/"\.\/([^"]+)"/g) ?? []) {
      if (other !== undefined && bundle.has(other) && !names.has(other)) names.set(other, `part${names.size}.js`);
    }
  }
  const rename = (text: string) =>
    text.replaceAll(/"\.\/([^"]+)"/g, (whole, name) => names.has(name) ? `"./${names.get(name)}"` : whole);
  return new Map([...names].map(([name, own]) => [own, rename(bundle.get(name) ?? "")]));
}

/** A bundle that loads only its own files: every other way to load code is replaced by a function of the prelude. */
export function sealed(bundle: Bundle): Bundle {
  return new Map([...bundle].map(([name, text]) => [name, sealedFile(text, bundle)]));
}

function sealedFile(source: string, bundle: Bundle): string {
  const isOwn = (specifier: string) => specifier.startsWith("./") && bundle.has(specifier.slice(2));
  const text = source
    // Minified top-level names are short, so they can't collide with the names of the prelude.
    .replaceAll(
      /(?<![\w$.#])import\((?:"([^"]*)"\))?/g,
      (whole, specifier = "") => isOwn(specifier) ? whole : whole.replace("import", "importNothing"),
    )
    .replaceAll(/\bimport\{createRequire as ([\w$]+)\}from"node:module";/g, "const $1=createBuiltinRequire;")
    // One character outside Latin-1 would make V8 store the whole file with two bytes a character.
    .replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const statements = /(?<=^|[;}\n])(?:import|export)(?:[\w$*{}, ]+from)?"([^"]*)"/g;
  for (const [statement, specifier = ""] of text.matchAll(statements)) {
    if (isOwn(specifier) || (specifier.startsWith("node:") && specifier !== "node:module")) continue;
    throw new FatalError(`Cannot seal the bundle: it would load code by ${statement}`, EXIT.bug);
  }
  // The prelude runs first, whichever file is loaded first.
  return `import{createBuiltinRequire,importNothing}from"./${PRELUDE}";${text}`;
}

function copy(from: string, to: string): void {
  if (Deno.statSync(from).isFile) return Deno.copyFileSync(from, to);
  Deno.mkdirSync(to);
  for (const { name } of Deno.readDirSync(from)) copy(`${from}/${name}`, `${to}/${name}`);
}
