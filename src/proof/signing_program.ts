/**
 * What the signing thread runs: it signs outcomes in order, each token covering the one before. Started by
 * `signing_worker.ts`; the executable contains it as one constant text.
 *
 * @module
 */

import { KeyObject, sign } from "node:crypto";
import { claimsFrom, textDigest } from "./claims.ts";
import { MADE, type Order, type Start, STATE, STATES } from "./signing_orders.ts";
import { tokenMaker } from "./token_maker.ts";

/** The scope of a worker, which the types of a main thread lack. */
interface Scope {
  Worker?: unknown;
  onmessage: ((message: MessageEvent<Start>) => void) | null;
  /** Collects all garbage; there with V8's flag `--expose-gc`. */
  gc?: () => void;
}

/**
 * Tokens between two collections of garbage. Each digest leaves an object of Deno's outside V8's heap, which only a full
 * collection frees, and V8 sees no reason for one before its own heap has 64 MB: 240,000 tokens held 200 MB, and 600,000
 * held 430 (measured). A collection takes this thread some 5 ms.
 */
const COLLECTED_AFTER = 16_384;

const scope = globalThis as unknown as Scope;

// The thread starts no other. It revokes no permission: revoking one takes it from the main thread too (Deno 2.7.11, 2.9.6).
delete scope.Worker;
scope.onmessage = ({ data }) => begin(data);

function begin({ key, header, shared, port }: Start): void {
  const counters = new Int32Array(shared);
  const enter = (state: keyof typeof STATES) => {
    Atomics.store(counters, STATE, STATES[state]);
    // Whoever waits for a token has to look at the state.
    Atomics.notify(counters, MADE);
  };
  // An error that left this thread would be printed by Deno, with whatever it quotes.
  const failing = (work: () => void) => {
    try {
      work();
    } catch {
      enter("failed");
    }
  };
  failing(() => {
    const privateKey = KeyObject.from(key);
    const makeToken = tokenMaker(header, (bytes) => sign(null, bytes, privateKey));
    let last: string | undefined, uncollected = 0;
    port.onmessage = ({ data: { facts, seq, prev = last } }: MessageEvent<Order>) =>
      failing(() => {
        const tokens = facts.map((facts, index) => {
          const token = makeToken(claimsFrom(facts, { seq: seq + index, prev }));
          last = prev = textDigest(token);
          return token;
        });
        port.postMessage(tokens);
        Atomics.add(counters, MADE, tokens.length);
        Atomics.notify(counters, MADE);
        uncollected += tokens.length;
        if (uncollected < COLLECTED_AFTER) return;
        uncollected = 0;
        scope.gc?.();
      });
    enter("ready");
  });
}
