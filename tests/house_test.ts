/** The house: which room of `src/` may import which, that nothing goes round in circles, and how long files are. @module */

import { assertEquals } from "@std/assert";
import { walk } from "@std/fs";
import { dirname, join, relative } from "node:path";

const SRC = new URL("../src", import.meta.url).pathname;
const IMPORT = /^(?:import|export)\b[^;]*?\bfrom "(\.[^"]+)"|\bimport\("(\.[^"]+)"\)|^import "(\.[^"]+)"/gm;

/** An import that runs what it names, at once: none of types alone, and none that is made when it is needed. */
const STATIC_IMPORT = /^(?:import|export)(?! type\b)[^;(]*?\bfrom "(\.[^"]+)"|^import "(\.[^"]+)"/gm;

/** The files that every room may import: they stand beside the rooms. */
const GROUND = "ground";
/** For each room, the rooms it may import, or single files of them. Its own files and the ground it always may. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  [GROUND]: [],
  settings: ["tee", "iexec/environment.ts"],
  tee: ["proof"],
  proof: [],
  iexec: [],
  store: [],
  journal: ["store"],
  memory: ["store"],
  watching: [],
  transports: ["settings"],
  "transports/*": ["transports", "settings", "watching"],
  mind: ["memory/memory.ts", "memory/exchanges.ts", "memory/places.ts", "store", "settings", "watching"],
  status: ["settings"],
  agent: ["journal", "transports/transport.ts", "mind/mind.ts", "store/database.ts"],
  program: [
    "settings",
    "tee",
    "proof",
    "iexec",
    "store",
    "journal",
    "memory",
    "transports",
    "transports/*",
    "mind",
    "status",
    "agent",
  ],
  test_server: ["proof"],
  tools: [
    "program",
    "settings",
    "tee",
    "transports",
    "transports/*",
    "watching",
    "mind/character/format.ts",
    "test_server/load.ts",
    "mind/character/intern.json",
    "mind/knowledge/index.ts",
    "mind/knowledge/slices.ts",
  ],
  stand_ins: [],
};
/** The switch and the table of a room import its parts, which import the contract beside them. */
const OVER_ITS_PARTS = ["transports/open.ts", "transports/settings.ts"];

/** Every file of `src/` with the files that it imports, by their paths in `src/`. */
async function readImports(): Promise<Map<string, string[]>> {
  const imports = new Map<string, string[]>();
  for await (const { path } of walk(SRC, { exts: ["ts"], includeDirs: false })) {
    const text = Deno.readTextFileSync(path);
    const targets = Array.from(text.matchAll(IMPORT), ([, from, dynamic, bare]) => from ?? dynamic ?? bare ?? "");
    imports.set(relative(SRC, path), targets.map((target) => relative(SRC, join(dirname(path), target))));
  }
  return imports;
}

/** All files that are loaded with one, itself included. */
function loadedWith(file: string, loaded = new Set<string>()): Set<string> {
  if (loaded.has(file) || !file.endsWith(".ts")) return loaded;
  loaded.add(file);
  for (const [, from, bare] of Deno.readTextFileSync(join(SRC, file)).matchAll(STATIC_IMPORT)) {
    loadedWith(join(dirname(file), from ?? bare ?? ""), loaded);
  }
  return loaded;
}

function roomOf(file: string): string {
  const folders = dirname(file).split("/");
  if (folders[0] === "." || folders[0] === "..") return GROUND;
  return folders[0] === "transports" && folders.length > 1 ? folders.slice(0, 2).join("/") : folders[0]!;
}

/** The row of a room: all transports have one, so that none knows another. */
function rowOf(room: string): string {
  return room.replace(/^transports\/.*/, "transports/*");
}

/** Arrows that the table does not allow, as "from -> to". */
function forbiddenArrows(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const isAllowed = (from: string, to: string) => {
    const here = roomOf(from), there = roomOf(to);
    if (here === there || there === GROUND) return true;
    if (OVER_ITS_PARTS.includes(from) && there.startsWith(`${here}/`)) return true;
    return ALLOWED[rowOf(here)]?.some((allowed) => allowed === rowOf(there) || allowed === to) ?? false;
  };
  return [...imports].flatMap(([from, targets]) =>
    targets.filter((to) => !isAllowed(from, to)).map((to) => `${from} -> ${to}`)
  );
}

/** The first circle found, as its files; empty if there is none. */
function firstCircle(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]): string[] => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
    if (done.has(file)) return [];
    for (const target of imports.get(file) ?? []) {
      const circle = visit(target, [...way, file]);
      if (circle.length > 0) return circle;
    }
    done.add(file);
    return [];
  };
  for (const file of imports.keys()) {
    const circle = visit(file, []);
    if (circle.length > 0) return circle;
  }
  return [];
}

Deno.test("every import in src/ is one that its room may make", async () => {
  const imports = await readImports();
  assertEquals(forbiddenArrows(imports), []);
  assertEquals([...imports.keys()].filter((file) => !(rowOf(roomOf(file)) in ALLOWED)), []);
});

Deno.test("no import in src/ leads back to where it started, types included", async () => {
  assertEquals(firstCircle(await readImports()), []);
});

Deno.test("a start loads no provider of models that has a server, and no queue", () => {
  const start = loadedWith("program/modes.ts");
  assertEquals([start.has("agent/agent.ts"), start.has("mind/models/embedded.ts")], [true, true]);
  // The model built in, and what decides which one is loaded.
  const ofModels = [...start].filter((file) => file.startsWith("mind/models/"));
  assertEquals(
    ofModels.map((file) => file.replace("mind/models/", "")).toSorted(),
    [
      "check.ts",
      "courtesies.ts",
      "embedded.ts",
      "limits.ts",
      "options.ts",
      "providers.ts",
      "settings.ts",
      "unread_settings.ts",
    ],
  );
  assertEquals([...start].filter((file) => /^transports\/(rabbitmq|redis|nats)\/(?!settings)/.test(file)), []);
});

Deno.test("an import against the table, and a circle, are found", async () => {
  const imports = await readImports();
  const journal = imports.get("journal/journal.ts") ?? [];
  const against = new Map([...imports, ["journal/journal.ts", [...journal, "mind/mind.ts"]]]);
  assertEquals(forbiddenArrows(against), ["journal/journal.ts -> mind/mind.ts"]);
  const circular = new Map([...imports, ["wire.ts", ["errors.ts"]], ["errors.ts", ["wire.ts"]]]);
  assertEquals(firstCircle(circular).length, 3);
});
