import { assert, assertEquals } from "@std/assert";
import { createHash, generateKeyPairSync, sign, verify } from "node:crypto";
import fc from "fast-check";
import { encodeHeader } from "../../src/proof/answer_token.ts";
import { parseToken } from "../../src/proof/token_parsing.ts";
import {
  type AnswerClaims,
  claimsFrom,
  factsOf,
  MAX_NONCE_LENGTH,
  nonceOf,
  textDigest,
} from "../../src/proof/claims.ts";
import { MAX_ID_LENGTH } from "../../src/wire.ts";
import { tokenMaker } from "../../src/proof/token_maker.ts";

const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const KID = textDigest("a key");
const aDigest = fc.string().map(textDigest);
const aText = fc.string({ minLength: 1, maxLength: 40, unit: "binary" }).filter((text) => text.isWellFormed());
const someClaims: fc.Arbitrary<AnswerClaims> = fc.record({
  iss: aText,
  queryId: aText,
  timestamp: fc.nat(),
  query_sha256: aDigest,
  response_sha256: aDigest,
  metadata_sha256: aDigest,
  model: aText,
  nonce: aText,
  place: fc.option(fc.record({ seq: fc.integer({ min: 2 }), prev: aDigest }), { nil: { seq: 1 } }),
}, { requiredKeys: ["iss", "queryId", "timestamp", "response_sha256"] })
  .map(({ place, ...claims }) => ({ ...claims, ...place }));

/** Claims as they stand in a token. */
function json(claims: AnswerClaims): object {
  return JSON.parse(JSON.stringify(claims));
}

function tokenOf(claims: object): string {
  return tokenMaker(encodeHeader(KID), (bytes) => sign(null, bytes, privateKey))(claims as AnswerClaims);
}

Deno.test("a token that was made is taken apart into what went in, and its signature holds", () => {
  fc.assert(fc.property(someClaims, (claims) => {
    const parsed = parseToken(tokenOf(claims));
    if (!parsed.ok) throw new Error(parsed.reason);
    const { header, signed, signature } = parsed.value;
    assertEquals(header, { alg: "Ed25519", typ: "agent-answer+jwt", kid: KID });
    assertEquals(parsed.value.claims, claims);
    assertEquals(verify(null, signed, publicKey, signature), true);
  }));
});

Deno.test("a token with any letter changed is refused, or its signature does not hold", () => {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ ";
  fc.assert(fc.property(someClaims, fc.nat(), fc.nat(letters.length - 1), (claims, at, letter) => {
    const token = tokenOf(claims), place = at % token.length;
    const changed = token.slice(0, place) + letters[letter] + token.slice(place + 1);
    fc.pre(changed !== token);
    const parsed = parseToken(changed);
    assertEquals(parsed.ok && verify(null, parsed.value.signed, publicKey, parsed.value.signature), false);
  }));
});

Deno.test("a token of another form is refused, and the reason named", () => {
  const claims = { iss: "agent", queryId: "q", timestamp: 1, error_sha256: textDigest("no") };
  const withHeader = (header: object) => {
    const [, body, tail] = tokenOf(claims).split(".");
    return [btoa(JSON.stringify(header)).replace(/=+$/, ""), body, tail].join(".");
  };
  const refused = {
    "": "three parts",
    "a.b.c": "three parts",
    [`${tokenOf(claims)}.`]: "three parts",
    [tokenOf(claims).slice(0, -2)]: "64 bytes",
    [withHeader({ alg: "none", typ: "agent-answer+jwt", kid: KID })]: "alg",
    [withHeader({ alg: "Ed25519", typ: "JWT", kid: KID })]: "typ",
    [withHeader({ alg: "Ed25519", typ: "agent-answer+jwt", kid: KID, crit: ["exp"] })]: "crit",
    [tokenOf({ ...claims, response_sha256: textDigest("yes") })]: "response_sha256 or error_sha256",
    [tokenOf({ ...claims, error_sha256: undefined })]: "response_sha256 or error_sha256",
    [tokenOf({ ...claims, seq: 2 })]: "prev",
    [tokenOf({ ...claims, seq: 1, prev: textDigest("before") })]: "prev",
    [tokenOf({ ...claims, prev: textDigest("before") })]: "prev",
    [tokenOf({ ...claims, seq: 1.5, prev: textDigest("before") })]: "seq",
    [tokenOf({ ...claims, nonce: "n".repeat(MAX_NONCE_LENGTH + 1) })]: "nonce",
    [tokenOf({ ...claims, model: "m".repeat(40_000) })]: "longer than",
  };
  for (const [token, reason] of Object.entries(refused)) {
    const parsed = parseToken(token);
    assertEquals(parsed.ok || !parsed.reason.includes(reason), false, `${reason}: ${JSON.stringify(parsed)}`);
  }
});

Deno.test("the claims of an answer hash its texts as they stand in the event and in the entry", () => {
  const metadata = { sources: ["a.md"], model: "llama3.2" };
  const answer = { queryId: "q", response: "Grüße 🚀", timestamp: 7, agentId: "agent", metadata };
  assertEquals(json(claimsFrom(factsOf(answer, { query: "Bonjour ?", metadata: { nonce: "n-1" } }))), {
    iss: "agent",
    queryId: "q",
    timestamp: 7,
    // Computed with `printf %s TEXT | openssl dgst -sha256 -binary | basenc --base64url`.
    query_sha256: "N1Dl4w32ImwZVnSS-prTToixLjiZCl8gqXOK54GG01Y",
    response_sha256: "amPsVru5TPQVoxMepOWiTvxoab_Wl6aJeMCFzuLBcA4",
    metadata_sha256: "g16nybwWLw-zDhUbLzWRjq2LlNwdenjIRTg0mV0spIU",
    model: "llama3.2",
    nonce: "n-1",
  });
});

Deno.test("metadata are covered by their own digest, whatever those of the outcome before were", () => {
  const short = { sources: ["knowledge"] }, other = { model: "m" }, long = { sources: ["a".repeat(2_000)] };
  for (const metadata of [short, short, other, short, long, long, short, undefined, short]) {
    const outcome = { queryId: "q", response: "r", timestamp: 1, agentId: "agent", ...metadata && { metadata } };
    const expected = metadata && createHash("sha256").update(JSON.stringify(metadata)).digest("base64url");
    assertEquals(claimsFrom(factsOf(outcome, undefined)).metadata_sha256, expected);
  }
});

Deno.test("what could not be taken for an event has an error and no query", () => {
  const failure = { queryId: "q", error: "no time", timestamp: 7, agentId: "agent" };
  assertEquals(Object.keys(json(claimsFrom(factsOf(failure, undefined)))), [
    "iss",
    "queryId",
    "timestamp",
    "error_sha256",
  ]);
});

Deno.test("a nonce is a text or a whole number, and anything else there is none", () => {
  const nonces = [
    ["n", "n"],
    [7, "7"],
    ["n".repeat(MAX_NONCE_LENGTH), "n".repeat(MAX_NONCE_LENGTH)],
    ["n".repeat(MAX_NONCE_LENGTH + 1), undefined],
    ["", undefined],
    ["\ud800", undefined],
    [1.5, undefined],
    [2 ** 53, undefined],
    [{ nonce: "n" }, undefined],
    [null, undefined],
  ];
  for (const [given, nonce] of nonces) assertEquals(nonceOf({ metadata: { nonce: given } }), nonce);
  assertEquals(nonceOf({}), undefined);
});

Deno.test("the longest id and nonce, in the widest letters, make a token of 14,000 characters at most, which is read", () => {
  for (const letter of ["\u0001", "\u20ac", '"']) {
    const claims = {
      iss: crypto.randomUUID(),
      queryId: letter.repeat(MAX_ID_LENGTH),
      timestamp: Number.MAX_SAFE_INTEGER,
      query_sha256: KID,
      response_sha256: KID,
      metadata_sha256: KID,
      nonce: letter.repeat(MAX_NONCE_LENGTH),
      seq: Number.MAX_SAFE_INTEGER,
      prev: KID,
    };
    const token = tokenOf(claims), parsed = parseToken(token);
    assertEquals(parsed.ok && parsed.value.claims, claims);
    assert(token.length <= 14_000, String(token.length));
  }
});
