/** The key that signs this process's outcomes: made at the start, never stored, gone with the process. @module */

import { KeyObject, sign as signWith } from "node:crypto";
import type { AgentEvent, Outcome, Signatures } from "../wire.ts";
import { claimsFrom, encodeHeader, type Facts, factsOf, textDigest, tokenMaker } from "./answer_token.ts";
import type { ChainSigner } from "./eip712.ts";
import { type PublicJwk, thumbprint } from "./evidence.ts";
import { type SigningThread, startSigningThread } from "./signing_thread.ts";

/** How far a chain of signed outcomes goes. */
export interface ChainEnd {
  /** How many there are. */
  readonly seq: number;
  /** Digest of the last token. */
  readonly last: string;
}

/** Signs outcomes, and says by which key. */
export interface Signer extends Disposable {
  /** The public key. */
  readonly jwk: PublicJwk;
  /** Its thumbprint: `kid` of every token. */
  readonly kid: string;
  /** Address of the key that signs for chains, where there is one. */
  readonly ethAddress?: string;
  /** Go on behind this end of the chain; undefined: begin it. */
  follow(end: ChainEnd | undefined): void;
  /**
   * Sign an outcome, the next one of the chain.
   *
   * @param event What the outcome is of; undefined where it could not be taken for an event.
   * @param onSigned Given the signatures: now, or within {@linkcode finish} where many are signed at once.
   */
  sign(outcome: Outcome, event: AgentEvent | undefined, onSigned: (signatures: Signatures) => void): void;
  /** Sign what was not signed yet; returns the end of the chain. */
  finish(): ChainEnd | undefined;
  /** The signatures of an outcome that is not kept, and so is no part of the chain. */
  signApart(outcome: Outcome, event: AgentEvent): Signatures;
}

/** Outcomes between two calls of `finish` from which a thread is worth its start, some 20 ms and 20 MB. */
const BUSY = 32;
/** Outcomes that are handed to the thread together: a message for each would cost as much as hashing it. */
const TOGETHER = 32;
/** Milliseconds without any such number after which the thread ends. */
const REST_MS = 10_000;

/**
 * Make a key, and the signer that has it.
 *
 * WebCrypto makes the key, which it exports to nobody; it signs through `node:crypto`, synchronously: 18 µs of processor
 * time instead of 20 to 45 for `crypto.subtle.sign`, and 30 to 75 for jose's `CompactSign` (Deno 2.7.11 and 2.9.6).
 * Signatures made one after the other are what lets each cover the one before. Under load a thread of its own makes them,
 * so that 2 to 4 µs of each are left here.
 *
 * @param options `eip712`: sign for chains too, with another key; `busy`: see {@linkcode BUSY}.
 */
export async function createSigner(
  { eip712 = false, busy = BUSY }: { eip712?: boolean; busy?: number } = {},
): Promise<Signer> {
  const pair = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]) as CryptoKeyPair;
  const { x = "" } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const jwk: PublicJwk = { kty: "OKP", crv: "Ed25519", x };
  const kid = thumbprint(jwk), header = encodeHeader(kid);
  // Loaded when it is wanted: the curve is not part of the runtime.
  const chains = eip712 ? (await import("./eip712.ts")).createChainSigner() : undefined;
  const key = KeyObject.from(pair.privateKey);
  return { jwk, kid, ...chains && { ethAddress: chains.address }, ...createSigning(key, { header, chains, busy }) };
}

/** What signs: this thread, or under load another one, for the same chain. */
// deno-lint-ignore house/function-length -- where the chain ends and who signs its next token is one state, which every verb changes
function createSigning(
  key: KeyObject,
  { header, chains, busy }: { header: string; chains: ChainSigner | undefined; busy: number },
): Pick<Signer, "follow" | "sign" | "finish" | "signApart" | typeof Symbol.dispose> {
  const makeToken = tokenMaker(header, (bytes) => signWith(null, bytes, key));
  let end: ChainEnd | undefined;
  let thread: SigningThread | undefined;
  /** What the thread signs, in order, and who waits for it; the last ones are not handed to it yet. */
  let asked: Facts[] = [], waiting: ((signatures: Signatures) => void)[] = [], handed = 0;
  /** Outcomes since `finish` was called last, and when they were many. */
  let count = 0, busyMs = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const signatures = (facts: Facts, signature: string): Signatures =>
    chains ? { signature, eip712Signature: chains.sign(claimsFrom(facts, textDigest)) } : { signature };
  const signHere = (facts: Facts): string => {
    const link = { seq: (end?.seq ?? 0) + 1, prev: end?.last };
    const token = makeToken(claimsFrom(facts, textDigest, link));
    end = { seq: link.seq, last: textDigest(token) };
    return token;
  };
  const handOver = () => {
    const seq = (end?.seq ?? 0) + handed + 1, prev = handed === 0 ? end?.last : undefined;
    thread?.order({ facts: asked.slice(handed), seq, prev });
    handed = asked.length;
  };
  /** The tokens of all that was asked for: the thread's, or this one's if that one does not answer. */
  const tokens = (): readonly string[] => {
    if (handed < asked.length) handOver();
    const made = thread?.tokens(), last = made?.at(-1);
    if (made?.length !== asked.length || last === undefined) {
      stopThread();
      return asked.map(signHere);
    }
    end = { seq: (end?.seq ?? 0) + made.length, last: textDigest(last) };
    return made;
  };
  const stopThread = () => {
    clearTimeout(timer);
    thread?.[Symbol.dispose]();
    [thread, timer] = [undefined, undefined];
  };
  const stopWhenIdle = () => {
    const leftMs = busyMs + REST_MS - performance.now();
    if (leftMs <= 0 && asked.length === 0) return stopThread();
    timer = setTimeout(stopWhenIdle, Math.max(leftMs, 1));
    Deno.unrefTimer(timer);
  };

  return {
    follow: (given) => end = given,
    sign(outcome, event, onSigned) {
      const facts = factsOf(outcome, event);
      if (++count === busy) {
        busyMs = performance.now();
        thread ??= startSigningThread(Uint8Array.from(key.export({ format: "der", type: "pkcs8" })), header);
        if (timer === undefined) stopWhenIdle();
      }
      if (!thread?.isReady()) return onSigned(signatures(facts, signHere(facts)));
      waiting.push(onSigned);
      if (asked.push(facts) - handed >= TOGETHER) handOver();
    },
    finish() {
      count = 0;
      if (asked.length === 0) return end;
      const made = tokens(), facts = asked, done = waiting;
      [asked, waiting, handed] = [[], [], 0];
      for (const [index, onSigned] of done.entries()) onSigned(signatures(facts[index]!, made[index]!));
      return end;
    },
    signApart(outcome, event) {
      const facts = factsOf(outcome, event);
      return signatures(facts, makeToken(claimsFrom(facts, textDigest)));
    },
    [Symbol.dispose]: stopThread,
  };
}
