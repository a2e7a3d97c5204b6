/** `deno task lock`: which packages stay in `deno.lock`. @module */

import { assertEquals, assertThrows } from "@std/assert";
import { leanLock } from "../../src/tools/lean_lock.ts";

const LOCK = {
  version: "5",
  specifiers: { "npm:@elizaos/core@1.7.2": "1.7.2_openai@7.57.0", "npm:ws@8.23.0": "8.23.0" },
  npm: {
    "@elizaos/core@1.7.2_openai@7.57.0": { integrity: "i", dependencies: ["pdfjs-dist", "zod"] },
    "adze@2.3.0": { integrity: "i", dependencies: ["picocolors"] },
    "canvas@1.0.0": { integrity: "i" },
    "fast-redact@3.5.0": { integrity: "i" },
    "pdfjs-dist@5.0.0": { integrity: "i", optionalDependencies: ["canvas"] },
    "picocolors@1.1.1": { integrity: "i" },
    "uuid@13.0.2": { integrity: "i" },
    "ws@8.23.0": { integrity: "i", dependencies: ["zod"] },
    "zod@4.6.7": { integrity: "i" },
  },
  workspace: { dependencies: [] },
};

Deno.test("of the core's dependencies a few stay, what nothing reaches goes, and the rest stays as it is", () => {
  const lean = JSON.parse(leanLock(JSON.stringify(LOCK)));
  assertEquals(lean.specifiers, { "npm:@elizaos/core@1.7.2": "1.7.2", "npm:ws@8.23.0": "8.23.0" });
  assertEquals(
    Object.keys(lean.npm).map((name) => name.replace(/(?<=.)@.*/, "")),
    ["@elizaos/core", "adze", "fast-redact", "picocolors", "uuid", "ws", "zod"],
  );
  assertEquals(lean.npm["@elizaos/core@1.7.2"].dependencies, ["adze", "fast-redact", "uuid", "zod"]);
  assertEquals(lean.workspace, LOCK.workspace);
});

Deno.test("a second round changes nothing", () => {
  const once = leanLock(JSON.stringify(LOCK));
  assertEquals(leanLock(once), once);
});

Deno.test("a dependency that the lock file lacks is an error", () => {
  const broken = { ...LOCK, npm: { ...LOCK.npm, "ws@8.23.0": { dependencies: ["gone"] } } };
  assertThrows(() => leanLock(JSON.stringify(broken)), TypeError, "gone is not in it");
});

Deno.test("the core's published file imports no package but zod", async () => {
  const source = await Deno.readTextFile(new URL(import.meta.resolve("@elizaos/core")));
  const imported = Array.from(source.matchAll(/^import .* from "([^"]+)";$/gm), ([, name]) => name!);
  const packages = imported.filter((name) => !/^(node:|async_hooks$)/.test(name)).map((name) => name.split("/")[0]);
  assertEquals([...new Set(packages)], ["zod"]);
});
