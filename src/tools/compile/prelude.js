// The first lines of the executable, before anything of the agent runs. The functions are called by the program alone.
import process from "node:process";
import { createRequire, isBuiltin } from "node:module";

// The permission to read everything is there for `--version`, which hashes the executable wherever it lies. Any other
// run gives it up for good here, and keeps the directories that were granted by name.
// Started in /, it may not go everywhere below its working directory either: only the directories by name are left.
Deno.permissions.revokeSync({ name: "write", path: "/" });
if (Deno.args.join(" ") !== "--version") Deno.permissions.revokeSync({ name: "read", path: "/" });

// A worker, too, would run any file: nobody gets the constructor, neither by its name nor from a worker.
const { Worker } = globalThis;
delete globalThis.Worker;
delete Worker.prototype.constructor;
delete process.getBuiltinModule;

/** The program of the signing thread, as a `data:` URL: the only one that a worker runs. `bundle.ts` writes it here. */
const SIGNING_PROGRAM = "data:text/javascript,";

// Starts that program, without any permission.
Object.defineProperty(globalThis, "startSigningProgram", {
  value: () => new Worker(SIGNING_PROGRAM, { type: "module", deno: { permissions: "none" } }),
});

const require = createRequire(import.meta.url);

/** Modules that would run any code or file. */
const LOADERS = /^(node:)?(module|worker_threads|vm|repl)$/;

/** What the program has in place of `require`: it gives built-in modules alone. */
export function requireBuiltin(name) {
  // What is asked for by packages that were written as CommonJS: another `require`.
  if (name === "node:module") return { createRequire: () => requireBuiltin };
  // For the signing thread's messages. The module's own Worker runs any file.
  if (name === "node:worker_threads") return { receiveMessageOnPort: require(name).receiveMessageOnPort };
  if (LOADERS.test(name) || !isBuiltin(name)) {
    throw new TypeError(`This executable loads no code: ${name} is not in it`);
  }
  return require(name);
}

/** What the program has in place of `import()`, which would run any file, whether it may be read or not (Deno 2.7.11). */
export function importNothing() {
  return Promise.reject(new TypeError("This executable loads no code"));
}
