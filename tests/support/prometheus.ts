/** Prometheus and its tool, as Debian's package `prometheus` has them. @module */

/** Why there is none here; undefined where there is. */
export function whyNoPrometheus(): string | undefined {
  try {
    const { success } = new Deno.Command("promtool", { args: ["--version"], stdout: "null", stderr: "null" })
      .outputSync();
    return success ? undefined : "promtool does not run";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "Prometheus is not installed";
    throw error;
  }
}

/**
 * Run promtool; returns what it complained of.
 *
 * @throws {Error} If it ended with another code than 0, with all that it said.
 */
export function promtool(args: readonly string[], { input }: { input?: string } = {}): string {
  const path = Deno.makeTempFileSync({ prefix: "agent-test-promtool-" });
  try {
    Deno.writeTextFileSync(path, input ?? "");
    const { code, stdout, stderr } = new Deno.Command("sh", {
      args: ["-c", 'exec promtool "$@" <"$0"', path, ...args],
    }).outputSync();
    const said = new TextDecoder().decode(stderr);
    if (code !== 0) {
      throw new Error(`promtool ${args.join(" ")} ended with ${code}:\n${said}${new TextDecoder().decode(stdout)}`);
    }
    return said;
  } finally {
    Deno.removeSync(path);
  }
}
