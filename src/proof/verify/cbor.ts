/**
 * Reads CBOR, as far as documents of Nitro enclaves need it: they have maps of indefinite length, which the smaller readers
 * on npm refuse. @see RFC 8949
 * @module
 */

/** A value that was read; a tag is left out, its content stands for it. */
export type Cbor =
  | number
  | string
  | boolean
  | null
  | Uint8Array
  | readonly Cbor[]
  | ReadonlyMap<number | string, Cbor>;

/** The bytes are not CBOR, or of a kind that is not read here. */
export class CborError extends Error {
  override name = "CborError";
}

/** Documents have four levels. */
const MAX_DEPTH = 16;
const BREAK = 0xff, INDEFINITE = 31;

/**
 * The one value in `bytes`.
 *
 * @throws {CborError} If it is not whole, is followed by more, or of a kind that is not read here.
 */
export function decodeCbor(bytes: Uint8Array): Cbor {
  const reader = new Reader(bytes);
  const value = reader.value(0);
  if (!reader.isAtEnd) throw new CborError("something follows the value");
  return value;
}

/** A byte string or a text of CBOR, by its major type: 2 or 3. */
export function encodeString(major: 2 | 3, bytes: Uint8Array): Uint8Array {
  const { length } = bytes, kind = major << 5;
  const head = length < 24
    ? [kind | length]
    : length < 256
    ? [kind | 24, length]
    : [kind | 26, length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255];
  // The shortest form, as whoever signs makes it.
  const short = length >= 256 && length < 65_536 ? [kind | 25, length >> 8, length & 255] : head;
  return Uint8Array.of(...short, ...bytes);
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  value(depth: number): Cbor {
    if (depth > MAX_DEPTH) throw new CborError("nested too deep");
    const head = this.#take(1)[0]!, major = head >> 5, info = head & 31;
    if (major === 7) return simple(info);
    if (info === INDEFINITE) return this.#indefinite(major, depth);
    const argument = this.#argument(info);
    switch (major) {
      case 0:
        return argument;
      case 1:
        return -1 - argument;
      case 2:
        return this.#take(argument);
      case 3:
        return textOf(this.#take(argument));
      case 4:
        return Array.from({ length: this.#counted(argument) }, () => this.value(depth + 1));
      case 5:
        return mapOf(Array.from({ length: this.#counted(argument) }, () => this.#entry(depth)));
      default:
        return this.value(depth + 1);
    }
  }

  #indefinite(major: number, depth: number): Cbor {
    if (major !== 4 && major !== 5) throw new CborError("a string in pieces");
    const values: Cbor[] = [], entries: [Cbor, Cbor][] = [];
    while (this.#bytes[this.#at] !== BREAK) {
      if (major === 4) values.push(this.value(depth + 1));
      else entries.push(this.#entry(depth));
    }
    this.#at++;
    return major === 4 ? values : mapOf(entries);
  }

  #entry(depth: number): [Cbor, Cbor] {
    return [this.value(depth + 1), this.value(depth + 1)];
  }

  #argument(info: number): number {
    if (info < 24) return info;
    if (info > 27) throw new CborError("a length that is not known");
    let value = 0;
    for (const byte of this.#take(1 << (info - 24))) value = value * 256 + byte;
    if (!Number.isSafeInteger(value)) throw new CborError("a number that is too large");
    return value;
  }

  /** A count of values, each of which takes a byte at least. */
  #counted(count: number): number {
    if (count > this.#bytes.length - this.#at) throw new CborError("it is cut off");
    return count;
  }

  #take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at) throw new CborError("it is cut off");
    return this.#bytes.slice(this.#at, this.#at += length);
  }
}

function simple(info: number): boolean | null {
  if (info === 20 || info === 21) return info === 21;
  if (info === 22 || info === 23) return null;
  throw new CborError("a value of another kind");
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new CborError("a text that is not UTF-8");
  }
}

function mapOf(entries: readonly (readonly [Cbor, Cbor])[]): ReadonlyMap<number | string, Cbor> {
  const map = new Map<number | string, Cbor>();
  for (const [key, value] of entries) {
    if (typeof key !== "number" && typeof key !== "string") throw new CborError("a key of another kind");
    if (map.has(key)) throw new CborError("a key twice");
    map.set(key, value);
  }
  return map;
}
