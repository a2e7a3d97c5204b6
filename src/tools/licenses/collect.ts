/** Writes `src/program/licenses.json`, from which `--licenses` prints the notices. @module */

import { LOCK } from "../compile/bundle.ts";
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
  // Their texts stand in their README.md.
  ["brorand", "Copyright Fedor Indutny, 2014."],
  ["elliptic", "Copyright Fedor Indutny, 2014."],
  ["hash.js", "Copyright Fedor Indutny, 2014."],
  ["hmac-drbg", "Copyright Fedor Indutny, 2017."],
  ["minimalistic-crypto-utils", "Copyright Fedor Indutny, 2017."],
]);

/** The same for packages under the Apache License 2.0; its text is taken from {@linkcode APACHE}. */
const APACHE_WITHOUT_FILE: ReadonlyMap<string, string> = new Map([
  ["@phala/dcap-qvl", "Copyright (c) 2024-2026 Phala Network"],
]);
/** A package in the executable that carries the whole text of the Apache License 2.0. */
const APACHE = "@nats-io/nats-core";

/**
 * The notices of all that the executable of the program in `root` contains: the agent, its packages, the runtime.
 *
 * @param folder An empty one, for a bundle.
 * @throws {FatalError} If the program can't be bundled, or a package in it has no licence.
 */
export async function collectNotices(root: string, folder: string): Promise<Notices> {
  const license = Deno.readTextFileSync(`${root}/LICENSE`);
  const packages = await bundledPackages(root, folder);
  const apache = packages.filter(({ name }) => name === APACHE).flatMap(noticesOf)[0];
  return gatherNotices([
    { name: "event agent", ...splitNotice(license) },
    ...packages.flatMap((bundled) => {
      const { name, version } = bundled;
      const copyright = MIT_WITHOUT_FILE.get(name) ?? APACHE_WITHOUT_FILE.get(name);
      if (copyright === undefined) return noticesOf(bundled);
      // This project's own licence is the MIT licence too.
      const { text } = APACHE_WITHOUT_FILE.has(name) && apache ? apache : splitNotice(license);
      return [{ name: `${name} ${version}`, copyright: [copyright], text }];
    }),
    ...runtimeNotices(license),
  ]);
}

/** Write the notices of the program in `root`. */
export async function writeNotices(root: string): Promise<void> {
  // Downloads the packages, where that was not done yet.
  await deno(["check", "--quiet", `--lock=${LOCK}`, "main.ts"], root);
  const folder = Deno.makeTempDirSync({ prefix: "agent-licenses-" });
  try {
    const notices = await collectNotices(root, folder);
    Deno.writeTextFileSync(`${root}/src/program/licenses.json`, `${JSON.stringify(notices, null, 2)}\n`);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
