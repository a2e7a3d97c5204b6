/** What the main thread and the signing thread say to each other. @module */

import type { Facts } from "./claims.ts";

/** What the thread is started with. */
export interface Start {
  /** The private key. WebCrypto copies it into the thread without showing it to either. */
  readonly key: CryptoKey;
  /** The first part of every token. */
  readonly header: string;
  /** Two counters of 32 bits, {@linkcode STATE} and {@linkcode MADE}. */
  readonly shared: SharedArrayBuffer;
  /** Brings orders, and takes the tokens of each back. */
  readonly port: MessagePort;
}

/** Outcomes to be signed one after the other. */
export interface Order {
  readonly facts: readonly Facts[];
  /** Place of the first one in the chain. */
  readonly seq: number;
  /** Digest of the token before it; absent where the thread made that one, or there is none. */
  readonly prev?: string | undefined;
}

/** Index of the counter that has a number of {@linkcode STATES}. */
export const STATE = 0;
/** Index of the counter of tokens made since the start, modulo 2^32. The thread notifies it of every change of either. */
export const MADE = 1;

/** What the thread is doing: 0 until it can take orders; `failed`: it makes no token any more. */
export const STATES = { ready: 1, failed: 2 } as const;
