/** Small disks that fill up or turn read-only: a tmpfs, for tests that run where one may be mounted. @module */

import { makeMountPoint, mount, run, whyNoMount } from "./mount.ts";
import { testUnless } from "./optional.ts";

export interface SmallDisk {
  /** Where it is mounted. */
  readonly path: string;
  /** Take all the space that is left. */
  fill(): void;
  /** Give back what {@linkcode fill} took. */
  free(): void;
  /** Refuse all writes. No file may be open for writing. */
  makeReadOnly(): void;
}

/** A test on a disk of its own, of `kibibytes`, unless none can be mounted. */
export function testOnSmallDisk(
  name: string,
  { kibibytes }: { kibibytes: number },
  fn: (disk: SmallDisk) => unknown,
): void {
  testUnless(whyNoMount(() => makeDisk(64)[Symbol.dispose]()), name, async () => {
    using disk = makeDisk(kibibytes);
    await fn(disk);
  });
}

function makeDisk(kibibytes: number): SmallDisk & Disposable {
  using stack = new DisposableStack();
  const path = makeMountPoint(stack);
  mount(stack, path, ["-t", "tmpfs", "-o", `size=${kibibytes}k`, "tmpfs"]);
  const filler = `${path}/filler`;
  const owned = stack.move();
  return {
    path,
    fill() {
      using file = Deno.openSync(filler, { write: true, create: true });
      const page = new Uint8Array(4096);
      try {
        while (file.writeSync(page) > 0);
      } catch (error) {
        if ((error as { code?: string }).code !== "ENOSPC") throw error;
      }
    },
    free: () => Deno.removeSync(filler),
    makeReadOnly: () => run("mount", "-o", "remount,ro", path),
    [Symbol.dispose]: () => owned.dispose(),
  };
}
