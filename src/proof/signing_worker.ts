/** Starts the worker in which the signing thread runs. @module */

/**
 * Start it. The executable has no `Worker`, which would run any code: there `startSigningProgram` of
 * `tools/compile/prelude.js` stands for this expression, and starts nothing but that program.
 */
export function startSigningWorker(): Worker {
  return new Worker(new URL("./signing_program.ts", import.meta.url), { type: "module" });
}
