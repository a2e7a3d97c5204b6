/** Writes `src/program/licenses.json`, from which `--licenses` prints the notices: part of `deno task docs`. @module */

import { deno } from "../compile/deno.ts";
import { gatherNotices, type Notices, noticesOf, splitNotice } from "./notices.ts";
import { bundledPackages } from "./packages.ts";
import { runtimeNotices } from "./runtime.ts";

/**
 * Packages under the MIT licence, as their manifests say, that do not carry its text, and who holds the rights.
 *
 * @see https://github.com/redis/node-redis/blob/master/LICENSE
 */
const MIT_WITHOUT_FILE: ReadonlyMap<string, string> = new Map([
  ["@redis/client", "Copyright (c) 2022-2025, Redis, inc."],
]);

/**
 * The notices of all that the executable of the program in `root` contains: the agent, its packages, the runtime.
 *
 * @param folder An empty one, for a bundle.
 * @throws {FatalError} If the program can't be bundled, or a package in it has no licence.
 */
export async function collectNotices(root: string, folder: string): Promise<Notices> {
  const license = Deno.readTextFileSync(`${root}/LICENSE`);
  return gatherNotices([
    { name: "event agent", ...splitNotice(license) },
    ...(await bundledPackages(root, folder)).flatMap((bundled) => {
      const copyright = MIT_WITHOUT_FILE.get(bundled.name);
      if (copyright === undefined) return noticesOf(bundled);
      // This project's own licence is the MIT licence too.
      const { text } = splitNotice(license);
      return [{ name: `${bundled.name} ${bundled.version}`, copyright: [copyright], text }];
    }),
    ...runtimeNotices(license),
  ]);
}

if (import.meta.main) {
  const root = new URL("../../../", import.meta.url).pathname.slice(0, -1);
  // Downloads the packages, where that was not done yet.
  await deno(["check", "--quiet", "main.ts"], root);
  const folder = Deno.makeTempDirSync({ prefix: "agent-licenses-" });
  try {
    const notices = await collectNotices(root, folder);
    Deno.writeTextFileSync(`${root}/src/program/licenses.json`, `${JSON.stringify(notices, null, 2)}\n`);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
