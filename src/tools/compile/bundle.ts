/** Bundles the program into one script that loads no code. @module */

import { deflateRawSync } from "node:zlib";
import { EXIT, FatalError } from "../../errors.ts";
import { BUILT_IN_INDEX, makeBuiltInIndex } from "./built_in_index.ts";
import { MAKER } from "./code_cache.ts";
import { leanCore, makeCut } from "./core_cuts.ts";
import { deno } from "./deno.ts";

/** The files and folders that the program is bundled from. */
const SOURCES = ["deno.json", "main.ts", "src"];
/** The lock file that has all packages of the program: that in the root leaves out what verification alone imports. */
export const LOCK = "tests/deno.lock";

/** The files of the executable by name, but for the code cache; it starts with ENTRY. */
export type Bundle = ReadonlyMap<string, string>;

export const ENTRY = "entry.js";
/** The program: one script, which is read and run by the files beside it. */
export const PROGRAM = "program.txt";
/** The files that go in as they are here; the maker of the code cache stays out of the executable itself. */
const AS_THEY_ARE = [ENTRY, MAKER, "loader.js"];
/** The file that goes in with the program of the signing thread in it. */
const PRELUDE = "prelude.js";
const SIGNING_PROGRAM = "src/proof/signing_program.ts";
/** The lean core's file, beside its importer in the copy. */
export const LEAN_CORE = "lean_core.js";

/**
 * Bundle the program, minified, as one script. What is imported when it is needed, such as the core, runs when it is needed.
 *
 * It is bundled from a copy in another folder: so nothing else from the checkout gets in (such as `node_modules`), the
 * commit and the index of the built-in knowledge can be written into the copy, and the copy can import lean packages.
 *
 * @param options `root`: the repository; `commit`: what was checked out, for `--version`; `folder`: an empty one.
 * @throws {FatalError} If the lock file is out of date or a package can't be had.
 */
export async function bundleProgram(options: { root: string; commit: string; folder: string }): Promise<Bundle> {
  const { folder } = options;
  await copyProgram(options);
  await makeLeanZod(folder);
  await useLeanZod(folder);
  await packLicenses(`${folder}/src/program`);
  await Deno.writeTextFile(`${folder}/${BUILT_IN_INDEX}`, JSON.stringify(await makeBuiltInIndex()));
  // Not frozen: the lock file knows zod by its package alone. That it is up to date was found out before.
  const bundle = ["bundle", "--quiet", "--frozen=false", "--minify", "--format=cjs", "--output=bundle.js", "main.ts"];
  await deno(bundle, folder);
  const own = AS_THEY_ARE.map((name) => [name, Deno.readTextFileSync(new URL(name, import.meta.url))] as const);
  const program = sealed(withoutCurveTable(await Deno.readTextFile(`${folder}/bundle.js`)));
  return new Map([...own, [PRELUDE, await preludeFor(folder)], [PROGRAM, program]]);
}

/** The prelude, with the program of the signing thread in it: bundled from the copy in `folder`, as the main program is. */
async function preludeFor(folder: string): Promise<string> {
  await deno(["bundle", "--quiet", "--minify", "--output=signing_program.js", SIGNING_PROGRAM], folder);
  const url = `data:text/javascript,${
    encodeURIComponent(sealedProgram(await Deno.readTextFile(`${folder}/signing_program.js`)))
  }`;
  const { pathname } = new URL(PRELUDE, import.meta.url);
  const place = { from: '"data:text/javascript,"', by: JSON.stringify(url) };
  return makeCut(await Deno.readTextFile(pathname), place, pathname);
}

/** The lean zod's folder, in the copy's sources. */
const LEAN_ZOD = "lean_zod";
/** The file in there that has all of zod's exports. */
const ZOD_INDEX = "classic/external.js";

/** What zod has of JSON schemas, but for a line of each kind of schema. */
const ZOD_CUTS = {
  [ZOD_INDEX]: [{ from: 'export { fromJSONSchema } from "./from-json-schema.js";\n', by: "" }],
  "classic/schemas.js": [
    { from: "            jsonSchema: {", to: '        });\n    },\n    set "~standard"', by: "" },
    { from: "        return createToJSONSchemaMethod(this, {})(params);\n", by: "" },
  ],
};

/** What files of the copy have in place of what stands in them: see there. */
const REPLACEMENTS = [
  { file: "main.ts", from: "import(VERIFY)", by: 'import("./src/program/verify.ts")' },
  {
    file: "src/proof/signing_worker.ts",
    from: 'new Worker(new URL("./signing_program.ts", import.meta.url), { type: "module" })',
    by: "startSigningProgram()",
  },
  { file: "src/program/version.ts", from: '"../../deno.json"', by: '"../versions.json"' },
];
/**
 * The packages that the copy's lock file gives to dcap-qvl: bn.js 4, which the two others come with, in place of 5, 46 kB
 * less. It makes two whole numbers of 32 bytes with it, and asn1.js writes them.
 *
 * @see src/utils.js of @phala/dcap-qvl 0.3.9 `encodeAsDer`
 */
const ONE_BN = { from: '"bn.js@5.2.5",', by: '"bn.js@4.12.5",' };
/** What the program reads in place of deno.json: 2.5 kB less. */
const VERSIONS = "src/versions.json";

/**
 * Copy the program's sources from `root` into `folder`, with the commit written into them, a lean core, and every import
 * such that the bundler can read it.
 */
export async function copyProgram(options: { root: string; commit: string; folder: string }): Promise<void> {
  const { root, commit, folder } = options;
  for (const name of SOURCES) copy(`${root}/${name}`, `${folder}/${name}`);
  await Deno.writeTextFile(`${folder}/deno.lock`, makeCut(await Deno.readTextFile(`${root}/${LOCK}`), ONE_BN, LOCK));
  await Deno.writeTextFile(`${folder}/src/build.json`, JSON.stringify({ commit }));
  await writeVersions(folder);
  await useLeanCore(`${folder}/src/mind`);
  for (const { file, ...replacement } of REPLACEMENTS) {
    const path = `${folder}/${file}`;
    await Deno.writeTextFile(path, makeCut(await Deno.readTextFile(path), replacement, path));
  }
}

/** Write what the program shows of deno.json into the copy in `folder`. */
async function writeVersions(folder: string): Promise<void> {
  const { version, scopes } = JSON.parse(await Deno.readTextFile(`${folder}/deno.json`));
  const scope = "./src/", core = "@elizaos/core";
  const shown = { version, scopes: { [scope]: { [core]: scopes[scope][core] } } };
  await Deno.writeTextFile(`${folder}/${VERSIONS}`, JSON.stringify(shown));
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
 * Make a zod in the copy in `folder` that knows nothing of JSON schemas, which the test server alone describes itself with:
 * 22 kB less, and through their reader the bundler would keep all of zod.
 */
async function makeLeanZod(folder: string): Promise<void> {
  copy(new URL("v4", import.meta.resolve("zod")).pathname, `${folder}/src/${LEAN_ZOD}`);
  for (const [file, cuts] of Object.entries(ZOD_CUTS)) {
    const path = `${folder}/src/${LEAN_ZOD}/${file}`;
    const lean = cuts.reduce((text, cut) => makeCut(text, cut, path), await Deno.readTextFile(path));
    await Deno.writeTextFile(path, lean.replaceAll(/^ +inst\._zod\.processJSONSchema = .*\n/gm, ""));
  }
}

/** Make the copy in `folder` import the lean zod. */
async function useLeanZod(folder: string): Promise<void> {
  const path = `${folder}/deno.json`;
  const { imports, ...rest } = JSON.parse(await Deno.readTextFile(path));
  const zod = `./src/${LEAN_ZOD}/${ZOD_INDEX}`;
  await Deno.writeTextFile(path, JSON.stringify({ ...rest, imports: { ...imports, zod } }));
}

/** Make the copy in `folder` hold the licences compressed: a fourth of 38 kB, which `--licenses` alone reads. */
async function packLicenses(folder: string): Promise<void> {
  const notices = await Deno.readTextFile(`${folder}/licenses.json`);
  await Deno.writeTextFile(`${folder}/licenses.json`, JSON.stringify(deflateRawSync(notices).toString("base64")));
  const reader = `${folder}/licenses.ts`;
  const json = { from: 'import notices from "./licenses.json" with { type: "json" };', by: UNPACK_LICENSES };
  await Deno.writeTextFile(reader, makeCut(await Deno.readTextFile(reader), json, reader));
}

const UNPACK_LICENSES = `
import { inflateRawSync } from "node:zlib";
import packed from "./licenses.json" with { type: "json" };
const notices = JSON.parse(inflateRawSync(Uint8Array.fromBase64(packed)).toString());
`;

/**
 * The points of secp256k1 that elliptic comes with, as `{doubles:{step:…,points:[…]},naf:{wnd:…,points:[…]}}`.
 * @see lib/elliptic/precomputed/secp256k1.js of elliptic 6.6.1
 */
const CURVE_TABLE = /\{doubles:\{step:\d+,points:[[\]",\da-f]+\},naf:\{wnd:\d+,points:[[\]",\da-f]+\}\}/g;

/**
 * A bundle without elliptic's table of points: 26 kB that make one curve faster, and that elliptic does without where they
 * are missing. Quotes are checked with another curve, and addresses of Ethereum are computed by another package.
 *
 * @throws {FatalError} If there is not one such table.
 */
export function withoutCurveTable(bundle: string): string {
  const tables = bundle.match(CURVE_TABLE)?.length ?? 0;
  if (tables === 1) return bundle.replace(CURVE_TABLE, "void 0");
  throw new FatalError(`Cannot leave elliptic's table of points out: the bundle has ${tables} of them`, EXIT.bug);
}

/**
 * A bundle as a script that loads no code: its value is a function of `require` and of what it has in place of `import()`.
 *
 * @throws {FatalError} If it is not the one script that it should be.
 */
export function sealed(bundle: string): string {
  const text = bundle
    // Minified top-level names are short, so they can't collide with the name of the function.
    .replaceAll(/(?<![\w$.#])import\(/g, "importNothing(")
    // One character outside Latin-1 would make V8 store the whole script with two bytes a character.
    .replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const [statement] = /(?<=^|[;}\n])(?:import|export)\b(?=[\s"'{*]).{0,60}/.exec(text) ?? [];
  if (statement !== undefined) {
    throw new FatalError(`Cannot seal the bundle: it would load code by ${statement}`, EXIT.bug);
  }
  return `(function(require,importNothing,module){"use strict";${text}\n})`;
}

/**
 * The program of the signing thread.
 *
 * @throws {FatalError} If it would load anything but the runtime's cryptography.
 */
export function sealedProgram(text: string): string {
  const [statement] =
    /(?<![\w$.#])(?:import\b(?!\{[\w$, ]*\}from"node:crypto")|export\b|require\().{0,60}/.exec(text) ?? [];
  if (statement === undefined) return text;
  throw new FatalError(`Cannot seal the signing thread: it would load code by ${statement}`, EXIT.bug);
}

function copy(from: string, to: string): void {
  if (Deno.statSync(from).isFile) return Deno.copyFileSync(from, to);
  Deno.mkdirSync(to);
  for (const { name } of Deno.readDirSync(from)) copy(`${from}/${name}`, `${to}/${name}`);
}
