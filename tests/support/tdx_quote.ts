/** Bytes in the shape of a quote, which no verifier takes: for what only looks at where things stand. @module */

/** A TDX quote of 5,006 bytes with this report data; `version`: 4 or 5, default 4. */
export function shapedQuote(data: Uint8Array, { version = 4 }: { version?: number } = {}): Uint8Array<ArrayBuffer> {
  const quote = new Uint8Array(5006);
  quote[0] = version;
  quote.set(data, version === 5 ? 574 : 568);
  return quote;
}
