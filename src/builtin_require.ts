/**
 * Makes `require` known to packages in CommonJS: `deno bundle` gives them one that refuses Node's own modules unless there
 * is a global one. Whoever imports such a package imports this before. @module
 */

import { createRequire } from "node:module";

const scope: { require?: unknown } = globalThis;
scope.require ??= createRequire(import.meta.url);
