/** The program as one file that loads no code but itself. @module */

import { EXIT, FatalError } from "../errors.ts";
import { deno } from "./deno.ts";

/** What the program is made of; everything else of the repository stays out. */
const SOURCES = ["deno.json", "deno.lock", "main.ts", "src"];

/**
 * Bundle the program, minified.
 *
 * It is bundled from a copy, in a folder of its own: what lies around in the checkout (`node_modules`, say) can't get in,
 * and the commit can be written into the copy.
 *
 * @param options `root`: the repository; `commit`: what was checked out, for `--version`; `folder`: an empty one.
 * @throws {FatalError} If the lock file is out of date or a package can't be had.
 */
export async function bundleProgram(options: { root: string; commit: string; folder: string }): Promise<string> {
  const { root, commit, folder } = options;
  for (const name of SOURCES) copy(`${root}/${name}`, `${folder}/${name}`);
  await Deno.writeTextFile(`${folder}/src/build.json`, JSON.stringify({ commit }));
  await deno(["bundle", "--quiet", "--minify", "--output=bundle.js", "main.ts"], folder);
  const prelude = await Deno.readTextFile(new URL("./prelude.js", import.meta.url));
  return prelude + sealed(await Deno.readTextFile(`${folder}/bundle.js`));
}

/** A bundle with every way to load code at run time put to one of the prelude's ends. */
export function sealed(bundle: string): string {
  const text = bundle
    // Minified, names at the top are short and short ones only: those of the prelude are free.
    .replaceAll(/(?<![\w$.#])import\(/g, "importNothing(")
    .replaceAll(/\bimport\{createRequire as ([\w$]+)\}from"node:module";/g, "const $1=createBuiltinRequire;")
    // A handful of characters is left that would make V8 keep all of it at two bytes a character.
    .replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  for (const [statement, name] of text.matchAll(/(?<=^|[;}\n])import(?:[\w$*{}, ]+from)?"([^"]*)"/g)) {
    if (!name?.startsWith("node:") || name === "node:module") {
      throw new FatalError(`Cannot seal the bundle: it would load code by ${statement}`, EXIT.bug);
    }
  }
  return text;
}

function copy(from: string, to: string): void {
  if (Deno.statSync(from).isFile) return Deno.copyFileSync(from, to);
  Deno.mkdirSync(to);
  for (const { name } of Deno.readDirSync(from)) copy(`${from}/${name}`, `${to}/${name}`);
}
