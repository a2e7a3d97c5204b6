/** Small file systems that fill up or turn read-only, for tests that run where one may be mounted. @module */

export interface Disk {
  /** Where it is mounted. */
  readonly path: string;
  /** Take all the space that is left. */
  fill(): void;
  /** Give back what {@linkcode fill} took. */
  free(): void;
  /** Refuse all writes. No file may be open for writing. */
  makeReadOnly(): void;
}

/**
 * A test on a disk of its own, of `kibibytes`. Where none can be mounted it is ignored, with the reason in its name; in CI
 * nothing is.
 */
export function testOnDisk(name: string, { kibibytes }: { kibibytes: number }, fn: (disk: Disk) => unknown): void {
  const reason = whyNoDisk();
  if (reason !== undefined && Deno.env.get("CI")) throw new Error(`Cannot skip "${name}" in CI: ${reason}`);
  Deno.test({
    name: reason === undefined ? name : `${name} (ignored: ${reason})`,
    ignore: reason !== undefined,
    async fn() {
      using disk = mountDisk(kibibytes);
      await fn(disk);
    },
  });
}

function whyNoDisk(): string | undefined {
  if (Deno.build.os !== "linux") return "a tmpfs can only be mounted on Linux";
  if (Deno.uid() !== 0) return "only root may mount a tmpfs";
  try {
    mountDisk(64)[Symbol.dispose]();
    return undefined;
  } catch (error) {
    if (error instanceof MountError) return "this container may not mount a tmpfs";
    throw error;
  }
}

function mountDisk(kibibytes: number): Disk & Disposable {
  // An executable under test may write there.
  const dir = "/tmp/agent-state";
  Deno.mkdirSync(dir, { recursive: true });
  const path = Deno.makeTempDirSync({ dir, prefix: "test-disk-" });
  const filler = `${path}/filler`;
  try {
    run("mount", "-t", "tmpfs", "-o", `size=${kibibytes}k`, "tmpfs", path);
  } catch (error) {
    Deno.removeSync(path);
    throw error;
  }
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
    [Symbol.dispose]() {
      run("umount", path);
      Deno.removeSync(path);
    },
  };
}

class MountError extends Error {
  override name = "MountError";
}

function run(command: string, ...args: string[]): void {
  const { success, stderr } = new Deno.Command(command, { args, stdout: "null" }).outputSync();
  if (!success) throw new MountError(`${command} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}
