/** The key that signs this process's outcomes: made at the start, never stored, gone with the process. @module */

import { KeyObject, sign as signWith } from "node:crypto";
import type { AgentEvent, Outcome, Signatures } from "../wire.ts";
import { encodeHeader } from "./answer_token.ts";
import { claimsFrom, type Facts, factsOf, textDigest } from "./claims.ts";
import type { ChainSigner } from "./eip712.ts";
import { type PublicJwk, thumbprint } from "./evidence.ts";
import type { SigningThread } from "./signing_thread.ts";
import { keepThread, type ThreadKeeper } from "./thread_keeper.ts";
import { tokenMaker } from "./token_maker.ts";

/** How far a chain of signed outcomes goes. */
export interface ChainEnd {
  /** How many there are. */
  readonly seq: number;
  /** Digest of the last token. */
  readonly last: string;
}

/** Signs outcomes, each token covering the one before. */
interface Signing {
  /** Go on behind this end of the chain; undefined: begin it. */
  follow(end: ChainEnd | undefined): void;
  /**
   * Sign an outcome, the next one of the chain.
   *
   * @param event What the outcome is of; undefined where it could not be taken for an event.
   * @param onSigned Given the signatures: now, or where the thread signs, within {@linkcode advance} or
   * {@linkcode finish}.
   */
  sign(outcome: Outcome, event: AgentEvent | undefined, onSigned: (signatures: Signatures) => void): void;
  /** Everything will soon be needed: the thread, where there is one, gets what it has not got yet. */
  start(): void;
  /** Have at least the first outcome signed that was not signed yet. */
  advance(): void;
  /** Have everything signed that was not signed yet; returns the end of the chain. */
  finish(): ChainEnd | undefined;
  /** The signatures of an outcome that is not kept, and so is no part of the chain. */
  signApart(outcome: Outcome, event: AgentEvent | undefined): Signatures;
}

/** Signs outcomes, and says by which key. Disposing it ends its thread; it goes on signing without. */
export interface Signer extends Signing, Disposable {
  /** Many outcomes may come soon: its thread starts now, and not when they have come. It ends if none do. */
  expectLoad(): void;
  /** The public key. */
  readonly jwk: PublicJwk;
  /** Its thumbprint: `kid` of every token. */
  readonly kid: string;
  /** Address of the key that signs for chains, where there is one. */
  readonly ethAddress?: string;
}

/** Outcomes between two calls of `finish`, some 20 ms, from which on a thread is worth its start. */
const BUSY = 32;
/** Outcomes that are handed to the thread together: a message for each would cost as much as hashing it. */
const TOGETHER = 64;
/** So many outcomes are signed here in the time that the thread takes to wake up, 0.3 ms, unless it is at work anyway. */
const FEW = 16;

/**
 * Make a key, and the signer that has it.
 *
 * WebCrypto makes the key, which it exports to nobody; it signs through `node:crypto`, synchronously: 18 µs of processor
 * time instead of 20 to 45 for `crypto.subtle.sign`, and 30 to 75 for jose's `CompactSign` (Deno 2.7.11 and 2.9.6).
 * Under load a thread of its own signs.
 *
 * @param options `eip712`: sign for chains too, with another key; `onThreadLost`: told once that the thread could not be
 * started or failed, after which this thread signs everything; `busy`: see {@linkcode BUSY}; `loadThread`: for tests.
 */
export async function createSigner(
  options: {
    eip712?: boolean;
    onThreadLost?: () => void;
    busy?: number;
    loadThread?: Parameters<typeof keepThread>[0]["load"];
  } = {},
): Promise<Signer> {
  const { eip712 = false, onThreadLost = () => {}, busy = BUSY, loadThread } = options;
  const pair = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]) as CryptoKeyPair;
  const { x = "" } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const jwk: PublicJwk = { kty: "OKP", crv: "Ed25519", x };
  const kid = thumbprint(jwk), header = encodeHeader(kid);
  // Loaded when it is wanted: the curve is not part of the runtime.
  const chains = eip712 ? (await import("./eip712.ts")).createChainSigner() : undefined;
  const key = KeyObject.from(pair.privateKey);
  const keeper = keepThread({
    key: pair.privateKey,
    header,
    onLost: onThreadLost,
    ...loadThread && { load: loadThread },
  });
  const makeToken = tokenMaker(header, (bytes) => signWith(null, bytes, key));
  return {
    jwk,
    kid,
    ...chains && { ethAddress: chains.address },
    ...createSigning({ makeToken, chains, keeper, busy }),
    expectLoad: keeper.want,
    [Symbol.dispose]: keeper[Symbol.dispose],
  };
}

/** What signs: this thread, or under load another one, for the same chain. */
// deno-lint-ignore house/function-length -- where the chain ends and who signs its next token is one state, which every verb changes
function createSigning({ makeToken, chains, keeper, busy }: {
  makeToken: ReturnType<typeof tokenMaker>;
  chains: ChainSigner | undefined;
  keeper: ThreadKeeper;
  busy: number;
}): Signing {
  let end: ChainEnd | undefined;
  /** What the thread signs, in order, and who waits for it: up to `handed` the thread has it, up to `done` it is signed. */
  let asked: Facts[] = [], waiting: ((signatures: Signatures) => void)[] = [], handed = 0, done = 0;
  /** Outcomes since `finish` was called last. */
  let count = 0;

  const signatures = (facts: Facts, signature: string): Signatures =>
    chains ? { signature, eip712Signature: chains.sign(claimsFrom(facts)) } : { signature };
  const signHere = (facts: Facts): string => {
    const link = { seq: (end?.seq ?? 0) + 1, prev: end?.last };
    const token = makeToken(claimsFrom(facts, link));
    end = { seq: link.seq, last: textDigest(token) };
    return token;
  };
  const handOver = (thread: SigningThread | undefined) => {
    const isAwake = handed > done;
    if (!thread || handed === asked.length || (!isAwake && asked.length - done <= FEW)) return;
    const seq = (end?.seq ?? 0) + handed - done + 1, prev = isAwake ? undefined : end?.last;
    thread.order({ facts: asked.slice(handed), seq, prev });
    handed = asked.length;
  };
  const give = (token: string) => {
    waiting[done]!(signatures(asked[done]!, token));
    done++;
  };
  const advance = () => {
    const thread = keeper.thread();
    handOver(thread);
    const tokens = handed > done ? thread?.tokens() : undefined, last = tokens?.at(-1);
    if (tokens && last !== undefined) {
      end = { seq: (end?.seq ?? 0) + tokens.length, last: textDigest(last) };
      tokens.forEach(give);
      return;
    }
    if (thread && handed > done) keeper.giveUp();
    while (done < asked.length) give(signHere(asked[done]!));
    handed = done;
  };

  return {
    follow: (given) => end = given,
    sign(outcome, event, onSigned) {
      const facts = factsOf(outcome, event);
      if (++count === busy) keeper.want();
      const thread = keeper.thread(), isThreads = thread || keeper.isStarting() || asked.length > 0;
      if (!isThreads) return onSigned(signatures(facts, signHere(facts)));
      waiting.push(onSigned);
      asked.push(facts);
      if (thread && asked.length - handed >= TOGETHER) handOver(thread);
    },
    start: () => handOver(keeper.thread()),
    advance,
    finish() {
      while (done < asked.length) advance();
      [asked, waiting, handed, done, count] = [[], [], 0, 0, 0];
      return end;
    },
    signApart(outcome, event) {
      const facts = factsOf(outcome, event);
      return signatures(facts, makeToken(claimsFrom(facts)));
    },
  };
}
