/** What keeps texts in the database unreadable to whoever holds the file. @module */

import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

/** A text as it stands in the database: as it is, or sealed. */
export type Sealed = string | Uint8Array;

/** Turns texts into what is stored, and back. */
export interface Seal {
  /**
   * @param text Well-formed Unicode, as JSON always is: half a surrogate pair would not come back.
   * @param place Table, column and row the text belongs to: sealed, it opens nowhere else.
   */
  seal(text: string, place: string): Sealed;
  /** @throws {Error} If `stored` was not sealed with this key for this place. */
  open(stored: Sealed, place: string): string;
}

/** Stores texts as they are. */
export const noSeal: Seal = {
  seal: (text) => text,
  open(stored) {
    if (typeof stored === "string") return stored;
    throw new Error("Cannot read a sealed text without its key: set AGENT_STATE_KEY");
  },
};

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Seals with AES-256-GCM, a fresh random nonce for each text: nonce, tag, ciphertext.
 *
 * @param key 32 bytes.
 * @throws {RangeError} If `key` has another length.
 * @see NIST SP 800-38D, 8.2.2 and 8.3: random 96-bit nonces are good for 2^32 texts under one key.
 */
export function aesSeal(key: Uint8Array): Seal {
  if (key.length !== KEY_BYTES) {
    throw new RangeError(`Cannot seal: the key must have ${KEY_BYTES} bytes, got ${key.length}`);
  }
  return {
    seal(text, place) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(place));
      const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), body]);
    },
    open(stored, place) {
      if (typeof stored === "string") throw new Error(`Cannot open ${place}: it is not sealed`);
      const notOurs = `Cannot open ${place}: it was not sealed with this key for this place`;
      // A tag cut short would be easier to guess.
      if (stored.length < NONCE_BYTES + TAG_BYTES) throw new Error(notOurs);
      try {
        const decipher = createDecipheriv("aes-256-gcm", key, stored.subarray(0, NONCE_BYTES))
          .setAAD(Buffer.from(place))
          .setAuthTag(stored.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
        return Buffer.concat([decipher.update(stored.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString();
      } catch (error) {
        throw new Error(notOurs, { cause: error });
      }
    },
  };
}
