/** The commit that an executable is made from. @module */

/** The files that an executable depends on, as git pathspecs. */
const IN_THE_EXECUTABLE = [
  "deno.json",
  "tests/deno.lock",
  "main.ts",
  "src",
  ":!src/test_server",
  ":!src/stand_ins/assert",
];

/**
 * The commit that is checked out in `root`, with `-dirty` appended if files that go into the executable were changed; notes,
 * tests and input events do not count. `unknown` if git or the repository's history is missing.
 */
export async function commitOf(root: string): Promise<string> {
  const commit = await git(["rev-parse", "HEAD"], root);
  if (commit?.code !== 0) return "unknown";
  const changes = await git(["diff", "--quiet", "HEAD", "--", ...IN_THE_EXECUTABLE], root);
  return `${commit.text}${changes?.code === 0 ? "" : "-dirty"}`;
}

/** The exit code and output of git; undefined if git is not installed. */
async function git(args: readonly string[], cwd: string): Promise<{ code: number; text: string } | undefined> {
  try {
    const { code, stdout } = await new Deno.Command("git", { args: [...args], cwd, stderr: "null" }).output();
    return { code, text: new TextDecoder().decode(stdout).trim() };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
