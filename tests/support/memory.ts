/** Memory of other processes. @module */

/** Bytes of memory that a process has; Deno lets nobody read /proc without all permissions. */
export function memoryOf(pid: number): number {
  const { stdout } = new Deno.Command("ps", { args: ["-o", "rss=", "-p", String(pid)] }).outputSync();
  return Number(new TextDecoder().decode(stdout)) * 1024;
}
