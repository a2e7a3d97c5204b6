/** A disk whose power can be cut: a file system in a file, which then loses all that was not brought to it. @module */

export interface Disk extends Disposable {
  /** Where it is mounted. */
  readonly path: string;
  /** Cut the power: what was written and not synchronised is gone, and every access fails until {@linkcode restart}. */
  cutPower(): void;
  /** Power again, and the file system as its log brings it back. No file of it may be open. */
  restart(): void;
}

/** EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH. @see fs/ext4/ext4.h in Linux */
const CUT =
  `open(my $d, "<", $ARGV[0]) or die $!; my $how = pack("L", 2); ioctl($d, 0x8004587d, $how) or die "ioctl: $!"`;

/** Why there can be no such disk on this machine, if so. */
export function whyNoDisk(): string | undefined {
  if (Deno.build.os !== "linux") return "the power of an ext4 file system can only be cut on Linux";
  if (Deno.uid() !== 0) return "only root may mount a file system";
  try {
    using disk = makeDisk();
    disk.cutPower();
    disk.restart();
    return undefined;
  } catch (error) {
    if (error instanceof DiskError || error instanceof Deno.errors.NotFound) {
      return "this machine lacks loop devices, mkfs.ext4, perl or the right to mount";
    }
    throw error;
  }
}

/** Make one, of 64 MiB. */
export function makeDisk(): Disk {
  using stack = new DisposableStack();
  // An executable under test may write there.
  const dir = "/tmp/agent-state";
  Deno.mkdirSync(dir, { recursive: true });
  const image = stack.adopt(Deno.makeTempFileSync({ dir, suffix: ".ext4" }), (path) => Deno.removeSync(path));
  const path = stack.adopt(Deno.makeTempDirSync({ dir, prefix: "power-" }), (path) => Deno.removeSync(path));
  Deno.truncateSync(image, 64 * 1024 * 1024);
  run("mkfs.ext4", "-q", image);
  const mount = () => run("mount", "-o", "loop", image, path);
  const unmount = () => run("umount", path);
  mount();
  stack.defer(unmount);
  const owned = stack.move();
  return {
    path,
    cutPower: () => run("perl", "-e", CUT, path),
    restart() {
      unmount();
      mount();
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}

class DiskError extends Error {
  override name = "DiskError";
}

function run(command: string, ...args: string[]): void {
  const { success, stderr } = new Deno.Command(command, { args, stdout: "null" }).outputSync();
  if (!success) throw new DiskError(`${command} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}
