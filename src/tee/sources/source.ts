/** Where quotes come from: the contract that every source keeps, and what is checked of every TDX quote. @module */

import type { Quoted } from "../../proof/evidence.ts";

/** A quote as its source gave it. */
export type Quote = Omit<Quoted, "claims">;

/** What a quote is asked for. */
export interface QuoteRequest {
  /** The 64 bytes that the quote must carry. */
  readonly data: Uint8Array;
  /** The nonce of a challenge, for a source that has a field of its own for it. */
  readonly nonce?: string;
}

/** One way to get quotes of the enclave that this process runs in. */
export interface QuoteSource {
  /** What it is and where, such as `dstack at /var/run/dstack.sock`. */
  readonly name: string;
  /**
   * Ask for one quote; at most one request is under way at a time.
   *
   * @throws {QuoteError} If there is none; it never returns a quote with other report data.
   */
  quote(request: QuoteRequest, signal: AbortSignal): Promise<Quote>;
}

/** A source gave no quote, or a wrong one. */
export class QuoteError extends Error {
  override name = "QuoteError";
  /** Whether asking again may help: the source was busy or not there yet. */
  readonly isPassing: boolean;

  constructor(message: string, { isPassing = false, ...options }: { isPassing?: boolean; cause?: unknown } = {}) {
    super(message, options);
    this.isPassing = isPassing;
  }
}

/** Bytes of report data. */
export const REPORT_DATA_BYTES = 64;
/** A header of 48 bytes and a TD report body of 584, then the length of the signature: anything shorter holds none. */
const LEAST_QUOTE_BYTES = 637;
/** Where the report data stands in a TDX quote, by its version: version 5 has 6 bytes more before the body. */
const REPORT_DATA_AT: Readonly<Record<number, number>> = { 4: 568, 5: 574 };

/**
 * Check that bytes are a TDX quote with exactly this report data. Only whoever verifies the quote knows whether it is
 * genuine; this finds a failed request, a stale buffer and somebody else's quote before they are sent on.
 *
 * @throws {QuoteError} If they are not.
 * @see Intel TDX DCAP Quoting Library API, A.3: the layout of quotes of versions 4 and 5.
 */
export function checkTdxQuote(quote: Uint8Array, data: Uint8Array): void {
  if (quote.length < LEAST_QUOTE_BYTES) {
    throw new QuoteError(`expected a TDX quote of at least ${LEAST_QUOTE_BYTES} bytes, got ${quote.length}`);
  }
  const version = new DataView(quote.buffer, quote.byteOffset).getUint16(0, true);
  const at = REPORT_DATA_AT[version];
  if (at === undefined) throw new QuoteError(`expected a TDX quote of version 4 or 5, got version ${version}`);
  if (!isSame(quote.subarray(at, at + REPORT_DATA_BYTES), data)) {
    throw new QuoteError("the quote has other report data than was asked for", { isPassing: true });
  }
}

/** Whether two byte sequences are equal; nothing secret is compared here. */
export function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

/** At most 200 characters of what a source said, on one line, for an error message. */
export function excerptOf(said: string): string {
  const line = said.replace(/\s+/g, " ").trim();
  return line.length > 200 ? `${line.slice(0, 200)}…` : line;
}
