/** Texts that the agent knows: a line of the character, or a file, which is held as UTF-8. @module */

import { Buffer, isUtf8 } from "node:buffer";
import { createHash, type Hash } from "node:crypto";

/** A piece of knowledge that can be read on its own. */
export interface KnowledgeText {
  readonly text: string;
  /** Where it comes from: `knowledge`, or the path of a file. */
  readonly source: string;
}

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
const CARRIAGE_RETURN = 0x0d, LINE_FEED = 0x0a;

/**
 * A file of knowledge. V8 takes two bytes for each character of a text that holds a single one beyond Latin-1, such as a
 * dash or a curly quote, so the file stays UTF-8: `text` is made of it each time.
 */
export class FileText implements KnowledgeText {
  readonly source: string;
  /** Its bytes, without a byte order mark; a line feed ends each line. */
  readonly utf8: Uint8Array;
  /** SHA-256 of its bytes before line ends were changed, without a byte order mark, in hexadecimal digits. */
  readonly sha256: string;

  private constructor({ source, utf8, sha256 }: Pick<FileText, "source" | "utf8" | "sha256">) {
    this.source = source;
    this.utf8 = utf8;
    this.sha256 = sha256;
  }

  /**
   * The text that `bytes` hold, which then belong to it; undefined if they are not UTF-8: half of it is no text.
   *
   * @param options `known`: is returned in place of an equal text, so that nothing is held twice.
   */
  static from(
    bytes: Uint8Array,
    { source, known }: { source: string; known?: KnowledgeText | undefined },
  ): FileText | undefined {
    if (!isUtf8(bytes)) return undefined;
    const content = BYTE_ORDER_MARK.every((byte, at) => bytes[at] === byte) ? bytes.subarray(3) : bytes;
    const sha256 = createHash("sha256").update(content).digest("hex");
    if (known instanceof FileText && known.sha256 === sha256 && known.source === source) return known;
    return new FileText({ source, utf8: withLineFeeds(content), sha256 });
  }

  get text(): string {
    return decode(this.utf8);
  }

  /** The part of the text that stands in some of its bytes. */
  part(start: number, length: number): string {
    return decode(this.utf8.subarray(start, start + length));
  }
}

/** The character's own U+FEFF, behind the first, is one of its text. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

function decode(utf8: Uint8Array): string {
  return decoder.decode(utf8);
}

/**
 * Make `\n` of each `\r\n`, in place: passages end their lines so, and a passage that stands in the text as it is takes no
 * memory of its own.
 */
function withLineFeeds(bytes: Uint8Array): Uint8Array {
  let from = bytes.indexOf(CARRIAGE_RETURN);
  if (from < 0) return bytes;
  let to = from;
  while (from < bytes.length) {
    const next = bytes.indexOf(CARRIAGE_RETURN, from + 1), end = next < 0 ? bytes.length : next;
    const start = bytes[from] === CARRIAGE_RETURN && bytes[from + 1] === LINE_FEED ? from + 1 : from;
    bytes.copyWithin(to, start, end);
    to += end - start;
    from = end;
  }
  return bytes.subarray(0, to);
}

/** Feed texts to a hash, so that no two lists give the same. */
export function hashTexts(hash: Hash, texts: readonly KnowledgeText[]): Hash {
  for (const text of texts) {
    hash.update(`\n${text.source.length} ${text instanceof FileText ? "" : text.text.length}\n${text.source}`);
    hash.update(text instanceof FileText ? text.sha256 : text.text);
  }
  return hash;
}

/** Where in the UTF-8 of a text its passages stand, asked for in their order. */
export function createByteCounter({ text, utf8 }: { text: string; utf8: Uint8Array }): (at: number) => number {
  // All of it is ASCII.
  if (text.length === utf8.length) return (at) => at;
  let counted = 0, bytes = 0;
  return (at) => {
    bytes += Buffer.byteLength(text.slice(counted, at));
    counted = at;
    return bytes;
  };
}
