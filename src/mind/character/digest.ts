/** The hash of a character with all that it knows: whoever has its files can compute it. @module */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { FileText, type KnowledgeText } from "../knowledge/texts.ts";

/** SHA-256 of bytes, or of the UTF-8 of a text, in lower-case hexadecimal digits. */
export function sha256(content: Uint8Array | string): string {
  return createHash("sha256").update(content).digest("hex");
}

/**
 * SHA-256 of a list as `sha256sum` prints it: a line for the character's file, under the name `character`, then one for
 * each file of its knowledge, under its path beside the character, in the order of these names' bytes. An archive is one
 * file.
 *
 * @param character `file`: hash of the character's file; `texts`: the files that it names, besides its own lines.
 */
export function characterDigest({ file, texts }: { file: string; texts: readonly KnowledgeText[] }): string {
  const names = new Map(texts.map((text) => [text.source, text]));
  const sorted = [...names].map(([source, text]) => ({ source, text, bytes: Buffer.from(source) }))
    .sort((one, other) => Buffer.compare(one.bytes, other.bytes));
  const lines = [
    `${file}  character`,
    ...sorted.map(({ source, text }) => `${text instanceof FileText ? text.sha256 : sha256(text.text)}  ${source}`),
  ];
  return sha256(lines.map((line) => `${line}\n`).join(""));
}
