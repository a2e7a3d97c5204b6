/** The image of deploy/Dockerfile: built from a local base, and its root file system as a container would see it. @module */

import { testUnless } from "./optional.ts";

/** A directory of this machine where the image has one of its own. */
export interface Volume {
  readonly from: string;
  readonly to: string;
}

export interface Image extends AsyncDisposable {
  /** Every file in it that is no directory. */
  readonly files: readonly string[];
  /** What it says of itself: user, entrypoint, labels, health check. */
  readonly config: ImageConfig;
  /** Its program in it, as its user: nothing can be written but volumes and /tmp. */
  run(
    args: readonly string[],
    options?: { env?: Record<string, string>; volumes?: readonly Volume[] },
  ): Promise<{ code: number; stdout: string; stderr: string }>;
}

interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly [string];
  readonly WorkingDir: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Healthcheck?: { readonly Test: readonly string[] };
}

/** A base with the Deno that compiles: deploy/Dockerfile's own, or one that .ci/base-image made, with its base runtime. */
const BASE = Deno.env.get("AGENT_BASE_IMAGE");
const ROOT = new URL("../../", import.meta.url).pathname;

/** A test with an image of the `target` in deploy/Dockerfile, unless none can be built. */
export function testInImage(
  name: string,
  { target }: { target: string },
  fn: (image: Image, context: Deno.TestContext) => Promise<void>,
): void {
  testUnless(whyNoImage(), name, async (context) => {
    await using image = await buildImage(target);
    await fn(image, context);
  });
}

function whyNoImage(): string | undefined {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "only root on Linux may build it without a daemon";
  if (BASE === undefined) return "AGENT_BASE_IMAGE is not set: .ci/base-image makes one";
  try {
    new Deno.Command("buildah", { args: ["--version"], stdout: "null" }).outputSync();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "buildah is not installed";
    throw error;
  }
  return undefined;
}

async function buildImage(target: string): Promise<Image> {
  const args = [
    "--build-arg",
    `BASE=${BASE}`,
    "--target",
    target,
    `--volume=${await denoFolder()}:/deno-dir`,
  ];
  // Docker's format: OCI's has no word for a health check.
  const id = await buildah("build", "--quiet", "--format=docker", "--file", `${ROOT}deploy/Dockerfile`, ...args, ROOT);
  const container = await buildah("from", id);
  const root = await buildah("mount", container);
  const { Docker: { config } } = JSON.parse(await buildah("inspect", "--type=image", id)) as {
    Docker: { config: ImageConfig };
  };
  return {
    files: listFiles(root),
    config,
    run: (args, options = {}) => runIn(root, config, args, options),
    async [Symbol.asyncDispose]() {
      await buildah("rm", container);
      await buildah("rmi", id);
    },
  };
}

/**
 * As a container engine starts it, in a mount namespace that ends with it: a read-only root, /proc and /dev, volumes, an
 * own /tmp, the image's user and working directory.
 */
const START = `
root=$1 user=$2 group=$3 directory=$4; shift 4
mount --bind "$root" "$root"
mount --bind /proc "$root/proc"
mount --bind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
while [ "$1" != -- ]; do mount --bind "$1" "$root$2"; shift 2; done
shift
mount -o remount,bind,ro "$root"
exec unshare --root="$root" --wd="$directory" --setgid="$group" --setuid="$user" "$@"
`;

async function runIn(
  root: string,
  { User, Env, Entrypoint: [program], WorkingDir }: ImageConfig,
  args: readonly string[],
  { env = {}, volumes = [] }: { env?: Record<string, string>; volumes?: readonly Volume[] },
) {
  const [user = "", group = ""] = User.split(":");
  const mounts = volumes.flatMap(({ from, to }) => [from, to]);
  const own = Object.fromEntries(Env.map((entry) => entry.split(/=(.*)/s, 2)));
  const { code, stdout, stderr } = await new Deno.Command("unshare", {
    args: ["--mount", "sh", "-euc", START, "start", root, user, group, WorkingDir, ...mounts, "--", program, ...args],
    clearEnv: true,
    env: { ...own, ...env },
  }).output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

/** Where Deno keeps what it has downloaded. */
async function denoFolder(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}

function listFiles(root: string, folder = ""): string[] {
  return [...Deno.readDirSync(root + folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? listFiles(root, `${folder}/${name}`) : [`${folder}/${name}`]
  ).toSorted();
}

async function buildah(...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("buildah", {
    args,
    env: { BUILDAH_ISOLATION: "chroot" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  if (!success) throw new Error(`buildah ${args.join(" ")}:\n${text(stdout)}\n${text(stderr)}`);
  return text(stdout);
}
