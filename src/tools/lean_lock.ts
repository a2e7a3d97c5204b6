/** Takes out of the lock files what nothing imports: `deno task --frozen=false lock` runs it after packages were changed. @module */

import config from "../../deno.json" with { type: "json" };

/**
 * The dependencies of ElizaOS's core that stay: those that it imports, and those whose code goes into the executable, for
 * their licences. Its published file holds all of them inside already (see {@linkcode ./compile/core_cuts.ts}), but Deno
 * downloads all that the lock file names before a task runs: 254 MB for the 180 packages (Deno 2.9.6).
 */
const CORE = { name: "@elizaos/core", dependencies: ["adze", "fast-redact", "uuid", "zod"] };

/** `deno.lock`, as far as it is read here. */
interface Lock {
  specifiers: Record<string, string>;
  npm: Record<string, { dependencies?: string[]; optionalDependencies?: string[] }>;
}

/**
 * A lock file whose core depends on what stays alone, and without the packages that nothing reaches any more.
 *
 * @param text A `deno.lock` of version 5.
 * @param imported Specifiers that stay, as `npm:zod@4.6.7`; default: all.
 * @throws {TypeError} If a package is named that the lock file does not have.
 */
export function leanLock(text: string, imported?: ReadonlySet<string>): string {
  const lock: Lock = JSON.parse(text);
  lock.specifiers = Object.fromEntries(
    Object.entries(lock.specifiers).filter(([specifier]) =>
      !specifier.startsWith("npm:") || (imported?.has(specifier) ?? true)
    ),
  );
  for (const [specifier, resolved] of Object.entries(lock.specifiers)) {
    if (!specifier.startsWith(`npm:${CORE.name}@`)) continue;
    const { [`${CORE.name}@${resolved}`]: core, ...others } = lock.npm;
    // What follows the version names a peer of a dependency that is gone.
    const version = resolved.replace(/_.*/, "");
    lock.specifiers[specifier] = version;
    lock.npm = { ...others, [`${CORE.name}@${version}`]: { ...core, dependencies: CORE.dependencies } };
  }
  const reached = reachable(lock);
  const kept = Object.entries(lock.npm).filter(([name]) => reached.has(name));
  lock.npm = Object.fromEntries(kept.sort(([a], [b]) => a < b ? -1 : 1));
  return `${JSON.stringify(lock, null, 2)}\n`;
}

function reachable({ specifiers, npm }: Lock): Set<string> {
  const names = Object.keys(npm);
  const find = (wanted: string): string => {
    const found = npm[wanted] ? wanted : names.find((name) => name.startsWith(`${wanted}@`));
    if (found === undefined) throw new TypeError(`Cannot prune deno.lock: ${wanted} is not in it`);
    return found;
  };
  const roots = Object.entries(specifiers).filter(([specifier]) => specifier.startsWith("npm:"))
    .map(([specifier, version]) => `${specifier.replace(/^npm:(@?[^@]+).*$/, "$1")}@${version}`);
  const reached = new Set(roots.map(find));
  // A set hands out what is added to it on the way.
  for (const name of reached) {
    const { dependencies = [], optionalDependencies = [] } = npm[name] ?? {};
    for (const other of [...dependencies, ...optionalDependencies]) reached.add(find(other));
  }
  return reached;
}

/** What the agent and the test server import: `deno install` writes what tests and examples import into their lock file too. */
const IMPORTED: ReadonlySet<string> = new Set(
  Object.values(config.imports).map((specifier) => specifier.replace(/^(npm:@?[^@]+@[^/]+).*$/, "$1")),
);

/** The lock file of the agent, and that of the tests, which import more; for each, what it must look like. */
export const LOCK_FILES: readonly { readonly path: string; readonly imported?: ReadonlySet<string> }[] = [
  { path: "deno.lock", imported: IMPORTED },
  { path: "tests/deno.lock" },
];

if (import.meta.main) {
  for (const { path, imported } of LOCK_FILES) {
    await Deno.writeTextFile(path, leanLock(await Deno.readTextFile(path), imported));
  }
}
