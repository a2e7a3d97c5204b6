// The first lines of the executable: each file of the bundle imports this one first, so that it runs before anything of
// the agent does. The functions are called by the bundle alone.
import { createRequire, isBuiltin } from "node:module";

// The permission to read everything is there for `--version`, which hashes the executable wherever it lies. Any other
// run gives it up for good here, and keeps the directories that were granted by name.
// Started in /, it may not go everywhere below its working directory either: only the directories by name are left.
Deno.permissions.revokeSync({ name: "write", path: "/" });
if (Deno.args.join(" ") !== "--version") Deno.permissions.revokeSync({ name: "read", path: "/" });

// A worker, too, would run any file.
delete globalThis.Worker;

/** What the bundle has in place of `import()`, which would run any file, whether it may be read or not (Deno 2.7.11). */
export function importNothing() {
  return Promise.reject(new TypeError("This executable loads no code"));
}

/** What the bundle has in place of `createRequire`. */
export function createBuiltinRequire(url) {
  const require = createRequire(url);
  return (name) => {
    const isLoader = /^(node:)?(module|worker_threads)$/.test(name);
    if (isLoader || !isBuiltin(name)) throw new TypeError(`This executable loads no code: ${name} is not in it`);
    return require(name);
  };
}
