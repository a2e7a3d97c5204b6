/** Keeps texts in the database unreadable, and bound to their rows, for whoever holds the file but not the key. @module */

import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";
import { EXIT, FatalError } from "../errors.ts";
import { fingerprintOf } from "../fingerprint.ts";
import { isDeeperThan, MAX_DEPTH } from "../wire.ts";

/** A text as it stands in the database: as it is, or sealed. */
export type Sealed = string | Uint8Array;

/**
 * What a text is bound to: its table and column (`memory.body`), its row's id, and every other value of the row that says
 * whose it is and when. Sealed, it opens only with all of them as they were.
 */
export type Place = readonly [column: string, row: string | number, ...facts: (string | number | null)[]];

/** Turns texts into what is stored, and back. */
export interface Seal {
  /** @param text Well-formed Unicode, as JSON always is: half a surrogate pair would not come back. */
  seal(text: string, place: Place): Sealed;
  /** @throws {FatalError} If `stored` is no text sealed with this key for this place. */
  open(stored: Sealed, place: Place): string;
  /**
   * A name for `id` that nobody can compute or recognise without the key: a UUID for a UUID. Without a key, `id` itself.
   *
   * @param id A UUID in lower case.
   */
  hide<Id extends string>(id: Id): Id;
  /**
   * A number of 32 bits that tells a text of a row from another text of that row. With a key, it says nothing about the
   * text, nor whether two rows have the same.
   */
  mark(text: string, row: string): number;
}

/** Stores texts as they are. */
export const noSeal: Seal = {
  seal: (text) => text,
  open(stored, place) {
    if (typeof stored === "string") return stored;
    throw unreadable(place, "it is sealed, and there is no key: set AGENT_STATE_KEY");
  },
  hide: (id) => id,
  mark: fingerprintOf,
};

const KEY_BYTES = 32;
const SALT_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** What makes the keys of one database differ from those of every other one under the same AGENT_STATE_KEY. */
export function newSalt(): Uint8Array {
  return randomBytes(SALT_BYTES);
}

/**
 * Seals with AES-256-GCM under a key that is derived for one database, with a fresh random nonce for each text: nonce,
 * tag, ciphertext.
 *
 * @param key 32 bytes: AGENT_STATE_KEY.
 * @param salt The database's own: a row copied from another database does not open.
 * @throws {RangeError} If `key` has another length.
 * @see NIST SP 800-38D, 8.2.2 and 8.3: random 96-bit nonces are good for 2^32 texts under one key.
 */
export function aesSeal(key: Uint8Array, salt: Uint8Array): Seal {
  checkKey(key);
  const derived = (use: string) => deriveKey({ key, salt, use });
  const textKey = derived("texts"), idKey = derived("ids"), markKey = derived("marks");
  return {
    seal: (text, place) => encrypt(textKey, text, aad(place)),
    open(stored, place) {
      if (typeof stored === "string") throw unreadable(place, "it is not sealed");
      return decrypt(textKey, stored, aad(place)) ?? refuseForeign(place);
    },
    hide: <Id extends string>(id: Id) => uuidFrom(createHmac("sha256", idKey).update(id).digest("hex")) as Id,
    mark: (text, row) => createHmac("sha256", markKey).update(JSON.stringify([row, text])).digest().readInt32BE(),
  };
}

/** A key of 32 bytes for one use in one database: see {@linkcode aesSeal} for `key` and `salt`. */
export function deriveKey({ key, salt, use }: { key: Uint8Array; salt: Uint8Array; use: string }): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", key, salt, `agent state: ${use}`, KEY_BYTES));
}

/**
 * How texts were sealed before they were bound to more than their row's id: only to be opened once more, when a state of
 * that time is taken over.
 *
 * @param place Table, column and row, as `memory.body/<id>`.
 * @returns The text; undefined if it does not open.
 */
export function openFirstSeal(key: Uint8Array, stored: Uint8Array, place: string): string | undefined {
  checkKey(key);
  return decrypt(key, stored, Buffer.from(place));
}

/**
 * A UUID made of the first bits of a digest.
 *
 * @param hex At least 32 hexadecimal digits.
 * @see RFC 9562, 5.8: version 8 is the maker's own choice of bits.
 */
export function uuidFrom(hex: string): string {
  const variant = (Number.parseInt(hex.charAt(16), 16) & 0x3 | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${
    hex.slice(20, 32)
  }`;
}

function checkKey(key: Uint8Array): void {
  if (key.length !== KEY_BYTES) {
    throw new RangeError(`Cannot seal: the key must have ${KEY_BYTES} bytes, got ${key.length}`);
  }
}

/** JSON, so that no two places look the same. */
function aad(place: Place): Buffer {
  return Buffer.from(JSON.stringify(place));
}

function encrypt(key: Uint8Array, text: string, aad: Buffer): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(aad);
  const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]);
}

function decrypt(key: Uint8Array, stored: Uint8Array, aad: Buffer): string | undefined {
  // A column may hold a number in a file that somebody else wrote, and a tag cut short would be easier to guess.
  if (!(stored instanceof Uint8Array) || stored.length < NONCE_BYTES + TAG_BYTES) return undefined;
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, stored.subarray(0, NONCE_BYTES))
      .setAAD(aad)
      .setAuthTag(stored.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    return Buffer.concat([decipher.update(stored.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString();
  } catch {
    // Authentication failed, and nothing more is to be known about why.
    return undefined;
  }
}

/** Levels of a stored value: an event and a character have {@linkcode MAX_DEPTH} at most, and stand within others. */
const STORED_DEPTH = 2 * MAX_DEPTH;

/**
 * The value whose JSON is stored at a place. `T` is the caller's word for what was sealed there.
 *
 * @param isOne Whether a value is one of these, as far as it can be told: without a seal anything may stand there, from
 * somebody else or from a damaged page. Default: whatever it is.
 * @throws {FatalError} As {@linkcode Seal.open} does, and if it is no JSON, or JSON that this agent never wrote: not one of
 * these, or nested so deep that to write it again could overflow the stack.
 */
export function openJson<T>(
  seal: Seal,
  stored: Sealed,
  place: Place,
  isOne: (value: Partial<Record<keyof T, unknown>>) => boolean = () => true,
): T {
  const text = seal.open(stored, place);
  let value: T;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's message would quote the text.
    throw unreadable(place, "it is no JSON. Somebody else changed the file");
  }
  if (isDeeperThan(STORED_DEPTH, value)) {
    throw unreadable(place, "it is nested too deep. Somebody else changed the file");
  }
  if (!isOne((value ?? {}) as Partial<Record<keyof T, unknown>>)) {
    throw unreadable(place, "it is not what belongs there. The file is damaged, or somebody else changed it");
  }
  return value;
}

function refuseForeign(place: Place): never {
  throw unreadable(place, "it was not sealed with this key for this row as it is now. Somebody else changed the file");
}

function unreadable([column, row]: Place, why: string): FatalError {
  return new FatalError(
    `Cannot read ${column} of ${
      JSON.stringify(row)
    } in the state: ${why}. Restore the state from a copy, or set AGENT_STATE_DIR to another directory; nothing was deleted.`,
    EXIT.inputOutput,
  );
}
