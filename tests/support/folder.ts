/** A folder for one test, with files in it. @module */

/** A folder of its own, removed at the end of the test. */
export interface Folder extends AsyncDisposable {
  readonly path: string;
}

/** A folder with `files` in it, by their paths: bytes and texts as they are, everything else as JSON. */
export function makeFolder(files: Readonly<Record<string, string | object>> = {}): Folder {
  const path = Deno.makeTempDirSync({ prefix: "agent-test-" });
  for (const [name, content] of Object.entries(files)) {
    Deno.mkdirSync(`${path}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
    if (content instanceof Uint8Array) Deno.writeFileSync(`${path}/${name}`, content);
    else Deno.writeTextFileSync(`${path}/${name}`, typeof content === "string" ? content : JSON.stringify(content));
  }
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}
