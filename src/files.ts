/** Writes that are not done by halves. @module */

/** Write all of `bytes`: one call may take only a part of them. */
export function writeAllSync(to: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) written += to.writeSync(bytes.subarray(written));
}
