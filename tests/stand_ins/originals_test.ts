/** The stand-ins' own tests, run on the originals where they can be had. @module */

import { assertEquals } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { ROOT } from "../support/agent.ts";
import { makeFolder } from "../support/folder.ts";

/** `jsr` where JSR can be reached, else the folder of a checkout of github.com/denoland/std at the versions of `deno.json`. */
const ORIGINALS = Deno.env.get("AGENT_STD_ORIGINALS");
const PACKAGES = ["assert", "dotenv", "fs", "internal", "path"];

Deno.test({
  name: "what is relied on in @std holds for the originals too (where AGENT_STD_ORIGINALS says where they are)",
  ignore: !ORIGINALS,
  async fn() {
    const workspace = { workspace: PACKAGES.map((name) => `./${name}`), imports: jsr(["internal", "path"]) };
    await using folder = makeFolder({
      "deno.json": {
        imports: { ...config.imports, ...jsr(["internal", "path"]) },
        ...(ORIGINALS !== "jsr" && { links: ["./std"] }),
      },
      "std/deno.json": workspace,
    });
    if (ORIGINALS !== "jsr") {
      for (const name of PACKAGES) copy(`${ORIGINALS}/${name}`, `${folder.path}/std/${name}`);
    }
    const suites = ["assert", "dotenv", "fs"].map((name) => `${ROOT}tests/stand_ins/${name}_test.ts`);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "--quiet", "--no-lock", "-A", `--config=${folder.path}/deno.json`, ...suites],
    }).output();
    const printed = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assertEquals(code, 0, printed);
  },
});

function jsr(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [`@std/${name}`, `jsr:@std/${name}@^1`]));
}

/** The sources of a package; what its own tests read stays behind. */
function copy(from: string, to: string): void {
  Deno.mkdirSync(to);
  for (const { name, isFile, isDirectory } of Deno.readDirSync(from)) {
    if (isDirectory && name !== "testdata") copy(`${from}/${name}`, `${to}/${name}`);
    if (isFile) Deno.copyFileSync(`${from}/${name}`, `${to}/${name}`);
  }
}
