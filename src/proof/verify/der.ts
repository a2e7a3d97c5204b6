/**
 * Reads DER, as far as lists of revoked certificates need it. Node has no reader for them, and those on npm bring seven
 * packages, one of which `deno bundle` of 2.7.11 can't bundle. @module
 */

/** One value. */
export interface DerValue {
  readonly tag: number;
  /** Its content, and all of it with tag and length. */
  readonly content: Uint8Array;
  readonly whole: Uint8Array;
}

/** Tags that are looked for. @see ITU-T X.680, 8.4 */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  objectId: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  /** `[0]` with a value inside. */
  context0: 0xa0,
} as const;

/** The bytes are not DER, or not of the expected form. */
export class DerError extends Error {
  override name = "DerError";
}

/**
 * The values that stand one after the other in `bytes`.
 *
 * @throws {DerError} If they are not whole, or written in another way than DER's.
 */
export function readValues(bytes: Uint8Array): DerValue[] {
  const values: DerValue[] = [];
  for (let at = 0; at < bytes.length;) {
    const value = readValue(bytes.subarray(at));
    values.push(value);
    at += value.whole.length;
  }
  return values;
}

/**
 * The values in a sequence that is all of `bytes`.
 *
 * @throws {DerError} If it is no sequence, or something follows it.
 */
export function readSequence(bytes: Uint8Array): DerValue[] {
  const [sequence, ...others] = readValues(bytes);
  if (sequence?.tag !== TAG.sequence || others.length > 0) throw new DerError("expected one sequence");
  return readValues(sequence.content);
}

function readValue(bytes: Uint8Array): DerValue {
  const [tag, first] = bytes;
  if (tag === undefined || first === undefined) throw new DerError("a value is cut off");
  if ((tag & 0x1f) === 0x1f) throw new DerError("a tag of several bytes");
  let length = first, start = 2;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 3) throw new DerError("a length of another form than DER's");
    length = 0;
    for (const byte of bytes.subarray(2, 2 + count)) length = length * 256 + byte;
    start += count;
    if (length < 0x80 || length < 256 ** (count - 1)) throw new DerError("a length that is longer than needed");
  }
  if (start + length > bytes.length) throw new DerError("a value is cut off");
  return { tag, content: bytes.subarray(start, start + length), whole: bytes.subarray(0, start + length) };
}

/**
 * A time, in milliseconds since the epoch.
 *
 * @see RFC 5280, 4.1.2.5: always with seconds and in UTC; two digits of a year mean 1950 to 2049.
 * @throws {DerError} If it is none.
 */
export function timeOf({ tag, content }: DerValue): number {
  const text = new TextDecoder().decode(content);
  const [, year, month, day, hours, minutes, seconds] =
    (tag === TAG.utcTime ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/ : /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/)
      .exec(text)?.map(Number) ?? [];
  if ((tag !== TAG.utcTime && tag !== TAG.generalizedTime) || year === undefined) throw new DerError("expected a time");
  const whole = tag === TAG.generalizedTime ? year : year < 50 ? 2000 + year : 1900 + year;
  return Date.UTC(whole, (month ?? 0) - 1, day, hours, minutes, seconds);
}
