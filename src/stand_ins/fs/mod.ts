/**
 * Stands in for `jsr:@std/fs@1.0.24` where JSR can't be reached: the functions this project uses, with the original's
 * signatures and behaviour, over Deno's and Node's built-ins. Delete `links` from deno.json and the original takes its
 * place.
 * @module
 */
export { ensureDir, ensureDirSync } from "./ensure.ts";
export { type ExistsOptions, existsSync } from "./exists.ts";
export { walk, type WalkEntry, type WalkOptions } from "./walk.ts";
