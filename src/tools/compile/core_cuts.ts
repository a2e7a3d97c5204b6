/** Cuts code out of ElizaOS's core that the agent never calls. @module */

import { EXIT, FatalError } from "../../errors.ts";
import { undefinedNames } from "./undefined_names.ts";

/** A replacement in a text: `from`, which occurs once, and everything up to `to`, if given, is replaced by `by`. */
export interface Cut {
  readonly from: string;
  /** The beginning of the text that stays. */
  readonly to?: string;
  readonly by: string;
}

/** What the schema of a character is made of; the core exports it. */
const CHARACTER_SCHEMAS = [
  "contentSchema",
  "directoryItemSchema",
  "knowledgeItemSchema",
  "mediaSchema",
  "messageExampleSchema",
  "secretsSchema",
  "settingsSchema",
  "styleSchema",
  "templateTypeSchema",
  "uuidSchema2",
];
/** The core's pattern of an id, as it is written there. */
const UUID_FORMAT = "/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i";

/**
 * The core's published file for Node inlines every package it calls except zod, and the bundler must keep all code that
 * they run when they are loaded. Each cut was measured on Deno 2.7.11: ms of CPU saved, of 221 for a run with one question,
 * and KB saved, minified.
 *
 * fast-redact stays, but its function for secrets, which it writes and has V8 compile, is made when a line is logged: at a
 * start none is, since the agent keeps the core silent (see `core_log.ts`).
 *
 * @see dist/node/index.node.js of @elizaos/core 1.7.2
 */
const CUTS: readonly Cut[] = [
  // LangChain, LangSmith and zod v3 are only used for one class, which splitChunks splits texts with: 43 ms, 355 KB.
  {
    from: "// ../../node_modules/@langchain/core/dist/_virtual/rolldown_runtime.js\n",
    to: "// src/utils.ts\nvar import_handlebars",
    by: `var RecursiveCharacterTextSplitter = ${leftOut("LangChain")};\n`,
  },
  // The bundler drops unused packages only if it knows that wrapping one has no side effect: 4 ms, 57 KB.
  { from: "var __commonJS = ", by: "/* @__NO_SIDE_EFFECTS__ */ const __commonJS = " },
  // zod checks ids, and a character: an id is checked by its pattern alone, and whoever has a character checked hands zod
  // over. From the sources, loading it took 23 of 197 ms of a start. Also, through zod's export `z` the bundler keeps all of it.
  { from: 'import { z as z2 } from "zod";', by: "" },
  { from: `var uuidSchema = z2.string().regex(${UUID_FORMAT}, "Invalid UUID format");`, by: "" },
  {
    from: "  const result = uuidSchema.safeParse(value);\n  return result.success ? result.data : null;",
    by: `  return typeof value === "string" && ${UUID_FORMAT}.test(value) ? value : null;`,
  },
  {
    from: 'import { z as z3 } from "zod";\nvar uuidSchema2 =',
    by: `var characterSchema;
${CHARACTER_SCHEMAS.map((name) => `var ${name} = /* @__PURE__ */ ${leftOut("zod")};\n`).join("")}
function makeCharacterSchema(z3) {
var uuidSchema2 =`,
  },
  { from: "var characterSchema = z3.object({", by: "return z3.object({" },
  {
    from: "function validateCharacter(data2) {\n  const result = characterSchema.safeParse(data2);",
    by: `}
function validateCharacter(data2, zod = ${leftOut("zod")}) {
  const result = (characterSchema ??= makeCharacterSchema(zod)).safeParse(data2);`,
  },
  // Templates are used by handleMessage, which the agent does not call: 7 ms, 106 KB.
  {
    from: "var import_handlebars = __toESM(require_lib(), 1);",
    by: `var import_handlebars = ${leftOut("handlebars")};`,
  },
  // Generated names are used in these templates: 4 ms, 69 KB.
  {
    from: "var import_unique_names_generator = __toESM(require_dist4(), 1);",
    by: `var import_unique_names_generator = ${leftOut("unique-names-generator")};`,
  },
  {
    from: "var import_unique_names_generator2 = __toESM(require_dist4(), 1);",
    by: `var import_unique_names_generator2 = ${leftOut("unique-names-generator")};`,
  },
  // The service behind handleMessage, with its prompts, and the search that ranks memories by their words: neither is called.
  {
    from: "// src/services/default-message-service.ts\n",
    to: "// src/search.ts\n",
    by: `class DefaultMessageService { handleMessage = () => ${leftOut("DefaultMessageService")}(); }\n`,
  },
  { from: "// src/search.ts\n", to: "// src/runtime.ts\n", by: `var BM25 = ${leftOut("BM25")};\n` },
  // A replacement for node:crypto in browsers: 7 ms, 251 KB.
  { from: "return require_crypto_browserify();", by: `return ${leftOut("crypto-browserify")};` },
  // The redaction of secrets, when a line is logged; lines below the level need none: 3 ms.
  {
    from: "var redact = import_fast_redact.default({",
    by: "var redact = whenFirstCalled(() => import_fast_redact.default({",
  },
  { from: '  censor: "[REDACTED]"\n});', by: '  censor: "[REDACTED]"\n}));' },
  {
    from: 'const debug = (obj, msg, ...args) => invoke("debug", ...adaptArgs(obj, msg, ...args));',
    by:
      'const debug = (obj, msg, ...args) => { if (shouldLog("debug", currentLevel)) invoke("debug", ...adaptArgs(obj, msg, ...args)); };',
  },
  // Only npm packages may import built-in modules without "node:".
  { from: 'from "async_hooks"', by: 'from "node:async_hooks"' },
];

/** The stand-in for removed code, any use of which throws an error with its name; and a function made when it is called. */
const LEFT_OUT = `
function leftOut(name) {
  const refuse = () => {
    throw new Error(\`\${name} is left out of the core, since the agent does without it: see src/tools/compile/core_cuts.ts\`);
  };
  return new Proxy(function () {}, { get: refuse, apply: refuse, construct: refuse });
}
function whenFirstCalled(make) {
  let made;
  return (...args) => (made ??= make())(...args);
}
`;

/**
 * The core's file without the code that the agent never calls.
 *
 * @param published The text of the published file.
 * @param path Its path, which contains its version; for errors.
 * @throws {FatalError} If it is not the file that the cuts were made for.
 */
export async function leanCore(published: string, path: string): Promise<string> {
  const lean = CUTS.reduce((text, cut) => makeCut(text, cut, path), published) + LEFT_OUT;
  const missing = (await undefinedNames(lean)).difference(await undefinedNames(published));
  const names = [...missing, ...hiddenNames(published, lean)];
  if (names.length === 0) return lean;
  throw wrongCut(path, `the rest still uses ${names.join(", ")}`);
}

/** @throws {FatalError} If the passage does not occur exactly once in the text of the file at `path`. */
export function makeCut(text: string, { from, to, by }: Cut, path: string): string {
  const [before = "", after] = splitOnce(text, from, path);
  return before + by + (to === undefined ? after : to + splitOnce(after, to, path)[1]);
}

function splitOnce(text: string, marker: string, path: string): readonly [string, string] {
  const [before = "", after = "", ...more] = text.split(marker);
  const times = text === before ? 0 : 1 + more.length;
  if (times === 1) return [before, after];
  throw wrongCut(path, `${JSON.stringify(marker)} should be in it once where it is looked for, and is ${times} times`);
}

/** What was declared at the top and is no more, where its name would now mean one of the runtime's own objects. */
function hiddenNames(published: string, lean: string): string[] {
  const declared = (text: string) =>
    new Set(text.matchAll(/^(?:var|let|const|class|(?:async )?function\*?) ([\w$]+)/gm).map(([, name = ""]) => name));
  const used = new Set(lean.matchAll(/(?<![\w$.])[\w$]+/g).map(([name]) => name));
  return [...declared(published).difference(declared(lean)).intersection(used)].filter((name) => name in globalThis);
}

function wrongCut(path: string, why: string): FatalError {
  return new FatalError(
    `Cannot leave parts of ${path} out: ${why}. Correct src/tools/compile/core_cuts.ts for this version.`,
    EXIT.bug,
  );
}

function leftOut(name: string): string {
  return `leftOut("${name}")`;
}
