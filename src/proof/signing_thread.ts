/** A thread of its own for signing: started under load, so that answers are made while others are signed. @module */

import { type MessagePort as NodePort, receiveMessageOnPort } from "node:worker_threads";
import { claimsFrom, type Facts, tokenMaker } from "./answer_token.ts";

/** What is signed next, one after the other. */
export interface Order {
  readonly facts: readonly Facts[];
  /** Place of the first one in the chain. */
  readonly seq: number;
  /** Digest of the token before it; absent where the thread made that one, or there is none. */
  readonly prev?: string | undefined;
}

/** The thread. */
export interface SigningThread extends Disposable {
  /** Whether it can take orders yet. */
  isReady(): boolean;
  order(order: Order): void;
  /** The tokens of all orders since the last call. Waits for them; undefined if the thread does not answer. */
  tokens(): string[] | undefined;
}

/** What the two threads share: whether the other one is ready, and how many tokens it has made. */
const READY = 0, MADE = 1;
/** Longest wait for the thread, which signs some 25,000 tokens a second. */
const PATIENCE_MS = 10_000;

/**
 * Start it.
 *
 * @param key The private key, PKCS #8. It is moved: the array is empty afterwards.
 * @param header The first part of every token.
 */
export function startSigningThread(key: Uint8Array<ArrayBuffer>, header: string): SigningThread {
  const shared = new Int32Array(new SharedArrayBuffer(8));
  const { port1: port, port2: other } = new MessageChannel();
  // Its program is a text, since an executable has no files.
  const program = `(${run})({ claimsFrom: ${claimsFrom}, tokenMaker: ${tokenMaker} })`;
  const worker = new Worker(`data:text/javascript,${encodeURIComponent(program)}`, { type: "module" });
  // What it can't do is done here: it is no reason to end the program.
  worker.addEventListener("error", (event) => event.preventDefault());
  worker.postMessage({ key, header, shared: shared.buffer, port: other }, [key.buffer, other]);
  let ordered = 0;
  /** Until `count` tokens are made; false if they don't come. */
  const wait = (count: number): boolean => {
    for (let made; (made = Atomics.load(shared, MADE)) !== count;) {
      if (Atomics.wait(shared, MADE, made, PATIENCE_MS) === "timed-out") return false;
    }
    return true;
  };
  return {
    isReady: () => Atomics.load(shared, READY) === 1,
    order(order) {
      ordered += order.facts.length;
      port.postMessage(order);
    },
    tokens() {
      // Numbers that are shared have 32 bits.
      if (!wait(ordered | 0)) return undefined;
      const tokens: string[] = [];
      for (let received; (received = receiveMessageOnPort(port as unknown as NodePort));) {
        tokens.push(...received.message as string[]);
      }
      return tokens;
    },
    [Symbol.dispose]() {
      port.close();
      worker.terminate();
    },
  };
}

/** What the thread is given. */
interface Start {
  readonly key: Uint8Array<ArrayBuffer>;
  readonly header: string;
  readonly shared: SharedArrayBuffer;
  readonly port: MessagePort;
}

/** What the thread does. Its text alone gets there: it names nothing outside of itself. */
async function run(tools: { claimsFrom: typeof claimsFrom; tokenMaker: typeof tokenMaker }): Promise<void> {
  const { hash, KeyObject, sign } = await import("node:crypto");
  const scope = globalThis as unknown as { onmessage: (message: MessageEvent<Start>) => void };
  scope.onmessage = async ({ data: { key, header, shared, port } }) => {
    const state = new Int32Array(shared);
    const privateKey = KeyObject.from(await crypto.subtle.importKey("pkcs8", key, "Ed25519", false, ["sign"]));
    key.fill(0);
    const digest = (text: string) => hash("sha256", text, "base64url");
    const makeToken = tools.tokenMaker(header, (bytes) => sign(null, bytes, privateKey));
    let last: string | undefined;
    port.onmessage = ({ data: { facts, seq, prev = last } }: MessageEvent<Order>) => {
      const tokens = facts.map((facts, index) => {
        const token = makeToken(tools.claimsFrom(facts, digest, { seq: seq + index, prev }));
        last = prev = digest(token);
        return token;
      });
      port.postMessage(tokens);
      Atomics.add(state, 1, tokens.length);
      Atomics.notify(state, 1);
    };
    Atomics.store(state, 0, 1);
  };
}
