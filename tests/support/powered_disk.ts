/** A disk whose power can be cut: an ext4 in a file, which then loses all that was not brought to it. @module */

import { makeMountPoint, mount, run, whyNoMount } from "./mount.ts";
import { testUnless } from "./optional.ts";

export interface PoweredDisk {
  /** Where it is mounted. */
  readonly path: string;
  /**
   * Cut the power: what was written and not synchronised is gone, and every access fails until {@linkcode restart}.
   *
   * @param pid A process that stands still from just before on, for the caller to kill: without power it says nothing
   * more. An fsync that this cut overtakes may be told that it worked, since the kernel waits for no transaction that an
   * aborted journal has dropped (`jbd2_complete_transaction`, seen with Linux 6.18 under load).
   */
  cutPower(pid?: number): void;
  /** Power again, and the file system as its log brings it back. No file of it may be open. */
  restart(): void;
}

/** EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH. @see fs/ext4/ext4.h in Linux */
const CUT =
  `open(my $d, "<", $ARGV[0]) or die $!; my $how = pack("L", 2); kill("STOP", $ARGV[1]) if $ARGV[1]; ioctl($d, 0x8004587d, $how) or die "ioctl: $!"`;

/** A test on a disk of its own, of 64 MiB, unless none can be made. */
export function testOnPoweredDisk(name: string, fn: (disk: PoweredDisk) => unknown): void {
  const reason = whyNoMount(() => {
    using disk = makeDisk();
    disk.cutPower();
    disk.restart();
  });
  testUnless(reason, name, async () => {
    using disk = makeDisk();
    await fn(disk);
  });
}

function makeDisk(): PoweredDisk & Disposable {
  using stack = new DisposableStack();
  const path = makeMountPoint(stack);
  const image = stack.adopt(`${path}.ext4`, (image) => Deno.removeSync(image));
  Deno.createSync(image).close();
  Deno.truncateSync(image, 64 * 1024 * 1024);
  run("mkfs.ext4", "-q", image);
  mount(stack, path, ["-o", "loop", image]);
  const owned = stack.move();
  return {
    path,
    cutPower: (pid) => run("perl", "-e", CUT, path, ...pid === undefined ? [] : [`${pid}`]),
    restart() {
      run("umount", path);
      run("mount", "-o", "loop", image, path);
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}
