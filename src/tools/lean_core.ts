/** Makes the lean core that the sources load: one file, without the code that the agent never calls. @module */

import { leanCore, makeCut } from "./compile/core_cuts.ts";
import { deno } from "./compile/deno.ts";

/** Where it lies in the repository; the import map in `deno.json` puts it in the core's place. */
export const LEAN_CORE = "src/stand_ins/elizaos_core.js";

/** The importer says what the agent takes of the core. */
const IMPORTER = "src/mind/core.ts";
const CORE = "@elizaos/core";

/** Its own `require` would load all of Node's modules, with `node:module`. */
const REQUIRE = [
  { from: 'import { createRequire } from "node:module";\n', by: "" },
  { from: "createRequire(import.meta.url)", by: "((name) => process.getBuiltinModule(name))" },
];

/**
 * The lean core's text: what {@linkcode IMPORTER} names of the published core, and what this needs, as it was written. Deno
 * compiles the 1.8 MB of the published core at each start, and runs most of the packages inside it:
 * 125 ms of processor time where this takes 31 (Deno 2.9.6, measured).
 *
 * @param root The repository.
 * @throws {FatalError} If the core is not the version that the cuts were made for.
 */
export async function makeLeanCore(root: string): Promise<string> {
  const published = new URL(import.meta.resolve(CORE)), { pathname } = published;
  const folder = Deno.makeTempDirSync({ prefix: "agent-lean-core-" });
  try {
    Deno.writeTextFileSync(`${folder}/published.js`, await leanCore(Deno.readTextFileSync(published), pathname));
    const redirect = { from: `"${CORE}"`, by: '"./published.js"' };
    Deno.writeTextFileSync(
      `${folder}/core.ts`,
      makeCut(Deno.readTextFileSync(`${root}/${IMPORTER}`), redirect, IMPORTER),
    );
    await deno(["bundle", "--quiet", "--no-config", "--output=lean.js", "core.ts"], folder);
    // The bundler writes where it found a file.
    const bundled = Deno.readTextFileSync(`${folder}/lean.js`).replaceAll(/^\/\/ \S+\.[jt]s\n/gm, "");
    return headerFor(published) + REQUIRE.reduce((text, cut) => makeCut(text, cut, "the lean core"), bundled);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** What a reader, and the type checker, should know of the file. */
function headerFor(published: URL): string {
  const manifest = new URL("../../package.json", published);
  const { name, version, license } = JSON.parse(Deno.readTextFileSync(manifest));
  return [
    `// @ts-self-types="npm:${name}@${version}"`,
    `// ${name} ${version} (${license}; notices: src/program/licenses.json) without what the agent never calls.`,
    "// `deno task docs` makes this file from the published package, and a test makes it again: do not edit it.",
    "",
  ].join("\n");
}
