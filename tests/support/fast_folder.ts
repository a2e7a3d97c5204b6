/** A folder in memory, for tests that write too much for a disk. @module */

import { makeFolder } from "./folder.ts";

/** A folder in memory, where one may be mounted: on a disk it would prove the same and take longer. */
export function makeFastFolder(): AsyncDisposable & { readonly path: string } {
  const folder = makeFolder(), { path } = folder;
  const canMount = Deno.build.os === "linux" && Deno.uid() === 0;
  const isMounted = canMount &&
    new Deno.Command("mount", { args: ["-t", "tmpfs", "tmpfs", path], stderr: "null" }).outputSync().success;
  return {
    path,
    async [Symbol.asyncDispose]() {
      if (isMounted) new Deno.Command("umount", { args: ["--lazy", path] }).outputSync();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Copy the files of a folder into another one, which is made. */
export function copyFiles(from: string, to: string): void {
  Deno.mkdirSync(to, { recursive: true });
  for (const { name } of Deno.readDirSync(from)) Deno.copyFileSync(`${from}/${name}`, `${to}/${name}`);
}
