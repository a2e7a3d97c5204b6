/** Lists of numbers that grow in few bytes. @module */

type Numbers = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/** Numbers that are added one by one. */
export interface Growing<Type extends Numbers> {
  push(number: number): void;
  size(): number;
  /** Add 1 to a number. */
  increase(index: number): void;
  /** All of them in one array. */
  all(): Type;
}

/** Numbers of one chunk: 2 to the power of this. */
const CHUNK_BITS = 14, CHUNK = 1 << CHUNK_BITS;

/** Grows by chunks: one array that is made anew would at times take two and a half times what is in it. */
export function growing<Type extends Numbers>(type: { new (length: number): Type }): Growing<Type> {
  const chunks: Type[] = [];
  let size = 0;
  return {
    push(number) {
      const within = size & CHUNK - 1;
      if (within === 0) chunks.push(new type(CHUNK));
      chunks.at(-1)![within] = number;
      size++;
    },
    size: () => size,
    increase(index) {
      chunks[index >> CHUNK_BITS]![index & CHUNK - 1]!++;
    },
    all() {
      const all = new type(size);
      for (const [place, chunk] of chunks.entries()) {
        all.set(chunk.subarray(0, size - place * CHUNK), place * CHUNK);
      }
      return all;
    },
  };
}

/**
 * The same text in memory of its own. V8 makes a part of a text in a few bytes and holds all of the text for it: a heading
 * would hold its file, and a word its passage.
 */
export function detached(text: string): string {
  return JSON.parse(JSON.stringify(text));
}

/**
 * Bytes of one part of a {@linkcode numberQueue}: more than what glibc takes from its heap at the start (3 MB), so that a
 * part is given back to the system when it goes.
 */
const PART = 1 << 22;

/** Numbers below 2³² that are read once, in the order in which they were written. */
export interface NumberQueue {
  write(number: number): void;
  /** The next number; what was read takes no memory any more. */
  read(): number;
}

/** An empty queue. */
export function numberQueue(): NumberQueue {
  const parts: Uint8Array[] = [];
  let part = new Uint8Array(), written = 0, reading: Uint8Array = part, read = 0;
  const put = (byte: number) => {
    if (written === part.length) {
      parts.push(part = new Uint8Array(PART));
      written = 0;
    }
    part[written++] = byte;
  };
  const take = () => {
    if (read === reading.length) {
      reading = parts.shift()!;
      read = 0;
    }
    return reading[read++]!;
  };
  return {
    write: (number) => writeNumber(number, put),
    read: () => readNumber(take),
  };
}

/** Write a number below 2³² in as few bytes as it needs, the lowest seven bits first. @see LEB128 */
export function writeNumber(number: number, put: (byte: number) => void): void {
  let left = number;
  for (; left > 0x7f; left >>>= 7) put(left & 0x7f | 0x80);
  put(left);
}

/** The number that {@linkcode writeNumber} wrote, and that begins with the next byte. */
export function readNumber(take: () => number): number {
  let number = 0, shift = 0, byte;
  do {
    byte = take();
    number |= (byte & 0x7f) << shift;
    shift += 7;
  } while (byte > 0x7f);
  return number >>> 0;
}
