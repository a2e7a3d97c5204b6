/** A set of ids that costs 32 to 64 bytes each, whatever their length: of a million texts a Set would hold 160 MB. @module */

/** Ids that were added, each with a note of 32 bits. */
export interface IdSet {
  /** Add an id; returns whether it was new. `note`: what {@linkcode noteOf} gives; default 0. */
  add(id: string, note?: number): boolean;
  has(id: string): boolean;
  /** The note of an id, as 32 bits without a sign; undefined if it was not added. */
  noteOf(id: string): number | undefined;
  /** How many were added. */
  size(): number;
}

/** Words of 32 bits for each id: three stand for it, one is its note. Two of a million ids meet with a chance below 10^-16. */
const WORDS = 4, NOTE = 3;
const FIRST_SLOTS = 64;

/** An empty set. */
export function createIdSet(): IdSet {
  let slots = new Uint32Array(FIRST_SLOTS * WORDS);
  let size = 0;
  const digest = new Uint32Array(WORDS);

  /** The slot of `digest` in `table`, or the empty one where it belongs. */
  const find = (table: Uint32Array, digest: Uint32Array): { at: number; isThere: boolean } => {
    const last = table.length / WORDS - 1;
    for (let slot = digest[0]! & last;; slot = (slot + 1) & last) {
      const at = slot * WORDS;
      if (isEmpty(table, at)) return { at, isThere: false };
      const isSame = table[at] === digest[0] && table[at + 1] === digest[1] && table[at + 2] === digest[2];
      if (isSame) return { at, isThere: true };
    }
  };
  const grow = () => {
    const larger = new Uint32Array(slots.length * 2);
    for (let at = 0; at < slots.length; at += WORDS) {
      if (isEmpty(slots, at)) continue;
      const moved = slots.subarray(at, at + WORDS);
      larger.set(moved, find(larger, moved).at);
    }
    slots = larger;
  };

  return {
    size: () => size,
    add(id, note = 0) {
      hash(id, digest);
      digest[NOTE] = note;
      const { at, isThere } = find(slots, digest);
      if (isThere) return false;
      slots.set(digest, at);
      if (++size * 2 > slots.length / WORDS) grow();
      return true;
    },
    has(id) {
      hash(id, digest);
      return find(slots, digest).isThere;
    },
    noteOf(id) {
      hash(id, digest);
      const { at, isThere } = find(slots, digest);
      return isThere ? slots[at + NOTE] : undefined;
    },
  };
}

function isEmpty(table: Uint32Array, at: number): boolean {
  return (table[at]! | table[at + 1]! | table[at + 2]!) === 0;
}

/**
 * 96 bits of a text, never all of them 0. Not against people who look for two ids that meet: they could only hide their
 * own events.
 *
 * @see https://github.com/bryc/code/blob/master/jshash/hashes/cyrb128.js (public domain), whose constants these are.
 */
function hash(text: string, into: Uint32Array): void {
  let h1 = 1779033703, h2 = 3144134277, h3 = 1013904242, h4 = 2773480762;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    h1 = h2 ^ Math.imul(h1 ^ unit, 597399067);
    h2 = h3 ^ Math.imul(h2 ^ unit, 2869860233);
    h3 = h4 ^ Math.imul(h3 ^ unit, 951274213);
    h4 = h1 ^ Math.imul(h4 ^ unit, 2716044179);
  }
  into[0] = Math.imul(h3 ^ (h1 >>> 18), 597399067);
  into[1] = Math.imul(h4 ^ (h2 >>> 22), 2869860233);
  into[2] = Math.imul(into[0]! ^ (h3 >>> 17), 951274213) | 1;
}
