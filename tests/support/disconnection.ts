/** What Deno throws at an end of a connection that is gone. @module */

/** Whether an end was closed, by its owner or from here, while it was read from or written to. */
export function isDisconnection(error: unknown): boolean {
  return [
    Deno.errors.BadResource,
    Deno.errors.BrokenPipe,
    Deno.errors.ConnectionAborted,
    Deno.errors.ConnectionReset,
    Deno.errors.Interrupted,
    Deno.errors.NotConnected,
  ].some((kind) => error instanceof kind);
}
