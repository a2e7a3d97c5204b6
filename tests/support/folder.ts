/** A folder with files in it, for one test. @module */

/** A folder of its own, removed at the end of the test. */
export interface Folder extends AsyncDisposable {
  /** Where a file of it is, or would be. */
  path(name: string): string;
}

/** A folder with `files` in it: bytes and texts as they are, everything else as JSON. */
export async function folderWith(files: Record<string, string | object>): Promise<Folder> {
  const root = await Deno.makeTempDir({ prefix: "agent-test-" });
  for (const [name, content] of Object.entries(files)) {
    await Deno.mkdir(`${root}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
    if (content instanceof Uint8Array) await Deno.writeFile(`${root}/${name}`, content);
    else await Deno.writeTextFile(`${root}/${name}`, typeof content === "string" ? content : JSON.stringify(content));
  }
  return {
    path: (name) => `${root}/${name}`,
    [Symbol.asyncDispose]: () => Deno.remove(root, { recursive: true }),
  };
}
