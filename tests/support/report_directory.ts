/** A report directory that behaves as the kernel's configfs-tsm does, where FUSE can be had. @module */

import { startProcess } from "./brokers/process.ts";
import { makeFolder } from "./folder.ts";
import { run, whyNoMount } from "./mount.ts";
import { testUnless } from "./optional.ts";

/** What goes wrong with one report; null: nothing. See report_directory.py. */
export type ReportFault =
  | null
  | "EBUSY"
  | "EINTR"
  | "ETIMEDOUT"
  | "EIO"
  | "ENXIO"
  | "swallow"
  | "foreign"
  | "instead"
  | "stale"
  | "empty"
  | "short"
  | "version";

export interface ReportDirectory extends AsyncDisposable {
  readonly path: string;
  /** Faults that have not happened yet. */
  left(): ReportFault[];
}

const SCRIPT = new URL("report_directory.py", import.meta.url).pathname;
/** Debian's own, which has Debian's packages; another one may come first in PATH. */
const PYTHON = "/usr/bin/python3";

/** Mount one; the first report meets the first fault, and so on. It goes with the test. `path`: an empty directory. */
export async function mountReports(
  { faults = [], path: given }: { faults?: readonly ReportFault[]; path?: string } = {},
): Promise<ReportDirectory> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(makeFolder({ "faults.json": faults }));
  const path = given ?? `${folder.path}/reports`, list = `${folder.path}/faults.json`;
  if (given === undefined) Deno.mkdirSync(path);
  stack.use(
    await startProcess({ path: PYTHON, args: [SCRIPT, path, list], isReady: (line) => line === "mounted" }),
  );
  stack.defer(() => run("umount", path));
  const held = stack.move();
  return {
    path,
    left: () => JSON.parse(Deno.readTextFileSync(list)),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** A test with a report directory, unless this machine can have none. */
export function testWithReports(name: string, fn: () => Promise<void>): void {
  testUnless(whyNoReports, name, fn);
}

const whyNoReports = whyNoMount(() => {
  const code = "import importlib.util as u; assert u.find_spec('fusepy') or u.find_spec('fuse')";
  run("test", "-e", "/dev/fuse");
  run(PYTHON, "-c", code);
});
