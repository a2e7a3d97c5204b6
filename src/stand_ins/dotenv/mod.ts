/**
 * Stands in for `jsr:@std/dotenv@0.225.8` where JSR can't be reached: `parse`, the function this project uses, with the
 * original's signature and behaviour but in two cases. Variables that refer to each other are an error; the original
 * hangs. A variable of the environment that may not be read counts as unset; the original fails. Delete `links` from
 * deno.json and the original takes its place.
 * @module
 */
export { parse } from "./parse.ts";
