/** A short number for a text, to notice that it changed. @module */

/** UTF-16 code units that count, besides the length. */
const MAX_COUNTED = 1_000;

/** A number of 32 bits for the beginning and the length of a text, by FNV-1a: equal for equal texts, and cheap. */
export function fingerprintOf(text: string): number {
  let hash = 0x811c9dc5 ^ text.length;
  const end = Math.min(text.length, MAX_COUNTED);
  for (let index = 0; index < end; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash;
}
