import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { hashTypedData, type Hex, parseSignature, recoverTypedDataAddress } from "viem";
import { type AnswerClaims, textDigest } from "../../src/proof/claims.ts";
import {
  ANSWER_TYPE,
  createChainSigner,
  DOMAIN,
  messageOf,
  signerAddress,
  typedDataHash,
} from "../../src/proof/eip712.ts";

const TYPES = {
  AgentAnswer: [...ANSWER_TYPE.matchAll(/(\w+) (\w+)/g)].map(([, type = "", name = ""]) => ({ type, name })),
};
const aText = fc.string({ unit: "grapheme", minLength: 1 });
const someClaims: fc.Arbitrary<AnswerClaims> = fc.record({
  iss: aText,
  queryId: aText,
  timestamp: fc.nat(Number.MAX_SAFE_INTEGER),
  query_sha256: aText.map(textDigest),
  nonce: aText,
  outcome: fc.constantFrom("response_sha256", "error_sha256"),
  digest: aText.map(textDigest),
}, { requiredKeys: ["iss", "queryId", "timestamp", "outcome", "digest"] })
  .map(({ outcome, digest, ...claims }) => ({ ...claims, [outcome]: digest }));

const signer = createChainSigner();

/** The data as another library takes it. */
function typedData(claims: AnswerClaims) {
  const { timestamp, ...message } = messageOf(claims);
  return {
    domain: DOMAIN,
    types: TYPES,
    primaryType: "AgentAnswer",
    message: { ...message, timestamp: BigInt(timestamp) },
  } as const;
}

Deno.test("viem recovers the signer's address from the typed data, and so does this checker", async () => {
  await fc.assert(
    fc.asyncProperty(someClaims, async (claims) => {
      const signature = signer.sign(claims), data = typedData(claims);
      assertEquals(hashTypedData(data), `0x${typedDataHash(claims).toHex()}`);
      assertEquals(await recoverTypedDataAddress({ ...data, signature: signature as Hex }), signer.address as Hex);
      assertEquals(signerAddress(claims, signature), signer.address);
    }),
    { numRuns: 50 },
  );
});

Deno.test("what a contract would refuse is no signature here either, and other data has another signer", () => {
  const claims = { iss: "agent", queryId: "q", timestamp: 1, response_sha256: textDigest("yes") };
  const signature = signer.sign(claims);
  assertMatch(signature, /^0x[0-9a-f]{128}1[bc]$/);
  const { r, s, v } = parseSignature(signature as Hex);
  // The same point with the other s: ecrecover takes it, and whoever keeps used signatures is fooled.
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const high = `0x${r.slice(2)}${(order - BigInt(s)).toString(16).padStart(64, "0")}${v === 27n ? "1c" : "1b"}`;
  const wrong = ["", "0x", signature.slice(0, -2), signature.toUpperCase(), `${signature.slice(0, -2)}00`, high];
  for (const text of [...wrong, `0x${"0".repeat(128)}1b`, `0x${"f".repeat(128)}1b`]) {
    assertEquals(signerAddress(claims, text), undefined, text);
  }
  for (
    const other of [{ timestamp: 2 }, { queryId: "r" }, { iss: "other" }, { nonce: "n" }, {
      query_sha256: textDigest("?"),
    }]
  ) {
    assert(signerAddress({ ...claims, ...other }, signature) !== signer.address);
  }
  const { response_sha256, ...about } = claims;
  assert(signerAddress({ ...about, error_sha256: response_sha256 }, signature) !== signer.address);
});
