/** The project's documents, as tests look at them. @module */

const ROOT = new URL("../../", import.meta.url);

/** Every Markdown file that people read, by its path from the root. */
export const DOCUMENTS: readonly string[] = [
  ...markdownIn("."),
  ...markdownIn("docs"),
  ...markdownIn("deploy"),
  ...markdownIn("deploy/iexec"),
].toSorted();

/** A file of the project, by its path from the root. */
export function fileUrl(path: string): URL {
  return new URL(path, ROOT);
}

/** The text of a file of the project. */
export function readFile(path: string): string {
  return Deno.readTextFileSync(fileUrl(path));
}

/** The blocks of code in a document, without the indentation of a list around them. */
export function codeBlocks(document: string, language: string): string[] {
  const blocks = readFile(document).matchAll(/^( *)```(\w*)\n([^]*?)^\1```$/gm);
  return Array.from(blocks).filter(([, , named]) => named === language)
    .map(([, indent = "", , text = ""]) => text.replaceAll(new RegExp(`^${indent}`, "gm"), "").trimEnd());
}

/** The anchors of a document's headings, as GitHub makes them. */
export function anchorsOf(file: URL): string[] {
  const prose = Deno.readTextFileSync(file).replaceAll(/^( *)```[^]*?^\1```$/gm, "");
  return Array.from(prose.matchAll(/^#+ (.+)$/gm), ([, heading = ""]) => anchorOf(heading));
}

/** The anchor of a heading, as GitHub makes it. */
export function anchorOf(heading: string): string {
  return heading.toLowerCase().replaceAll(/[^\w\- ]/g, "").replaceAll(" ", "-");
}

function markdownIn(folder: string): string[] {
  const names = Array.from(Deno.readDirSync(new URL(`${folder}/`, ROOT)), ({ name }) => name);
  return names.filter((name) => name.endsWith(".md")).map((name) => folder === "." ? name : `${folder}/${name}`);
}
