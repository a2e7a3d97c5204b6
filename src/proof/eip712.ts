/** Signatures that a contract can check with `ecrecover`: EIP-712 typed data over what a token says, by a secp256k1 key. @module */

import { secp256k1 } from "@noble/curves/secp256k1.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { Buffer } from "node:buffer";
import type { AnswerClaims } from "./claims.ts";

/**
 * The domain: without a chain and a contract, since an answer is made for none. A contract that must act once on an
 * answer remembers its `queryId`.
 */
export const DOMAIN = { name: "agent-answer", version: "1" } as const;

/** The type of the data, as the words of its encoding. `outcomeSha256` is of the answer, or of the error if `isError`. */
export const ANSWER_TYPE =
  "AgentAnswer(string agentId,string queryId,uint256 timestamp,bytes32 querySha256,bytes32 outcomeSha256,bool isError,string nonce)";

const DOMAIN_TYPE = "EIP712Domain(string name,string version)";

/** Signs for chains. */
export interface ChainSigner {
  /** The key's address, as EIP-55 writes it. */
  readonly address: string;
  /** The signature: `0x` and the 65 bytes r, s, v in lower-case hexadecimal digits. */
  sign(claims: AnswerClaims): string;
}

/** The data that is signed: a text or hash that there is none of is empty, or zero. */
export interface AnswerMessage {
  readonly agentId: string;
  readonly queryId: string;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  /** `0x` and 64 hexadecimal digits, as the other hash. */
  readonly querySha256: string;
  readonly outcomeSha256: string;
  readonly isError: boolean;
  readonly nonce: string;
}

/** The message for the claims of a token. */
export function messageOf(claims: AnswerClaims): AnswerMessage {
  const { iss, queryId, timestamp, query_sha256, response_sha256, error_sha256, nonce = "" } = claims;
  return {
    agentId: iss,
    queryId,
    timestamp,
    querySha256: hexOf(query_sha256),
    outcomeSha256: hexOf(response_sha256 ?? error_sha256),
    isError: error_sha256 !== undefined,
    nonce,
  };
}

/**
 * The 32 bytes that are signed.
 *
 * @throws {RangeError} If the timestamp is no whole number, which no agent's is.
 * @see https://eips.ethereum.org/EIPS/eip-712
 */
export function typedDataHash(claims: AnswerClaims): Uint8Array {
  const { agentId, queryId, timestamp, querySha256, outcomeSha256, isError, nonce } = messageOf(claims);
  const message = keccak_256(Buffer.concat([
    keccak(ANSWER_TYPE),
    keccak(agentId),
    keccak(queryId),
    word(BigInt(timestamp)),
    Buffer.from(querySha256.slice(2), "hex"),
    Buffer.from(outcomeSha256.slice(2), "hex"),
    word(isError ? 1n : 0n),
    keccak(nonce),
  ]));
  return keccak_256(Buffer.concat([Buffer.from([0x19, 0x01]), DOMAIN_HASH, message]));
}

/** Make a key, and the signer that has it. */
export function createChainSigner(): ChainSigner {
  const secretKey = secp256k1.utils.randomSecretKey();
  return {
    address: addressOf(secp256k1.getPublicKey(secretKey, false)),
    sign(claims) {
      const [recovery, ...rest] = secp256k1.sign(typedDataHash(claims), secretKey, {
        prehash: false,
        format: "recovered",
      });
      return `0x${Buffer.from([...rest, 27 + recovery!]).toString("hex")}`;
    },
  };
}

/** The address whose key signed; undefined for what is no signature. @param signature As {@linkcode ChainSigner} makes it. */
export function signerAddress(claims: AnswerClaims, signature: string): string | undefined {
  if (!/^0x[0-9a-f]{130}$/.test(signature) || !Number.isSafeInteger(claims.timestamp)) return undefined;
  const bytes = Buffer.from(signature.slice(2), "hex"), v = bytes[64]!;
  // One signature has one spelling: `ecrecover` takes these two alone, and a low s.
  if (v !== 27 && v !== 28) return undefined;
  try {
    const recovered = Buffer.concat([Buffer.from([v - 27]), bytes.subarray(0, 64)]);
    if (secp256k1.Signature.fromBytes(recovered, "recovered").hasHighS()) return undefined;
    const compressed = secp256k1.recoverPublicKey(recovered, typedDataHash(claims), { prehash: false });
    return addressOf(secp256k1.Point.fromBytes(compressed).toBytes(false));
  } catch {
    // Numbers that are on no curve: the library says which.
    return undefined;
  }
}

/** @param publicKey 65 bytes, uncompressed. @see https://eips.ethereum.org/EIPS/eip-55 */
function addressOf(publicKey: Uint8Array): string {
  const digits = Buffer.from(keccak_256(publicKey.subarray(1)).subarray(12)).toString("hex");
  const marks = Buffer.from(keccak(digits)).toString("hex");
  const cased = Array.from(digits, (digit, index) => marks[index]! >= "8" ? digit.toUpperCase() : digit);
  return `0x${cased.join("")}`;
}

function keccak(text: string): Uint8Array {
  return keccak_256(Buffer.from(text));
}

const DOMAIN_HASH = keccak_256(Buffer.concat([keccak(DOMAIN_TYPE), keccak(DOMAIN.name), keccak(DOMAIN.version)]));

function word(value: bigint): Uint8Array {
  return Buffer.from(value.toString(16).padStart(64, "0"), "hex");
}

function hexOf(digest = ""): string {
  return `0x${Buffer.from(digest, "base64url").toString("hex").padStart(64, "0")}`;
}
