/** Tests that need what a machine may lack: ignored there, with the reason in the name; in CI nothing is. @module */

/**
 * A test that can't run for `reason`, if there is one.
 *
 * @throws {Error} In CI, if there is one: there a missing piece is a failure.
 */
export function testUnless(
  reason: string | undefined,
  name: string,
  fn: (context: Deno.TestContext) => unknown,
  options: Pick<Deno.TestDefinition, "sanitizeOps" | "sanitizeResources"> = {},
): void {
  if (reason !== undefined && Deno.env.get("CI")) throw new Error(`Cannot skip "${name}" in CI: ${reason}`);
  Deno.test({
    ...options,
    name: reason === undefined ? name : `${name} (ignored: ${reason})`,
    ignore: reason !== undefined,
    async fn(context) {
      await fn(context);
    },
  });
}
