/** Settings of where answers are written: the file, whether there is one, who can read it, and when a new one begins. @module */

import { type Check, duration, flag, text, word } from "../settings/checks.ts";
import { optional, setting } from "../settings/definition.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const UNIT_BYTES: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};
/** Smaller files would be more work than the answers. */
const LEAST_BYTES = 4_000, LEAST_AGE_MS = DAY_MS / 24, MOST_AGE_MS = 36_500 * DAY_MS;

/** When a new file begins, as EVENT_OUTPUT_ROTATE says it; undefined if the text says nothing of the kind. */
export function rotationOf(given: string): { bytes: number } | { ageMs: number } | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?) *([a-z]*)$/i.exec(given) ?? [];
  const unitBytes = UNIT_BYTES[unit?.toLowerCase() ?? "none"];
  if (unitBytes !== undefined) {
    const bytes = Math.round(Number(number) * unitBytes);
    return bytes >= LEAST_BYTES && Number.isSafeInteger(bytes) ? { bytes } : undefined;
  }
  const ageMs = duration(LEAST_AGE_MS, MOST_AGE_MS)(given.replace(/ *days?$/i, "d"));
  return ageMs === undefined ? undefined : { ageMs };
}

/** What stands for a key that would open the entries: it must not be here, and is not shown. */
const PRIVATE = "private";
/** The start of an X25519 key in DER: RFC 8410, SubjectPublicKeyInfo. */
const PUBLIC_DER = "302a300506032b656e032100";

/** The 32 bytes of a public X25519 key in base64url, from PEM or the base64 within it, or from a JWK. */
export const publicKey: Check<string> = (given) => {
  if (/PRIVATE|"d"\s*:/.test(given)) return PRIVATE;
  try {
    if (given.startsWith("{")) {
      const { kty, crv, x } = JSON.parse(given) as Record<string, unknown>;
      return kty === "OKP" && crv === "X25519" && typeof x === "string" && /^[\w-]{43}$/.test(x) ? x : undefined;
    }
    // In a variable, a line break is often written as two letters.
    const base64 = given.replaceAll("\\n", "\n").replace(/-----(BEGIN|END) PUBLIC KEY-----/g, "");
    const hex = Uint8Array.fromBase64(base64).toHex();
    if (hex.length !== PUBLIC_DER.length + 64 || !hex.startsWith(PUBLIC_DER)) return undefined;
    return Uint8Array.fromHex(hex.slice(PUBLIC_DER.length)).toBase64({ alphabet: "base64url", omitPadding: true });
  } catch {
    // Neither JSON nor base64: the setting says what is expected.
    return undefined;
  }
};

export const OUTPUT_SETTINGS = {
  EVENT_OUTPUT: setting({
    meaning:
      "Whether every outcome is appended to the file `EVENT_OUTPUT_PATH`: as it is, not at all, or sealed so that only the holder of a private key can read it",
    expected: "file, none or sealed",
    check: word(["file", "none", "sealed"]),
    default: (given, { inTee }) => {
      if (given("AGENT_OUTPUT_KEY")) return "sealed";
      const older = flag(given("USE_WEBSOCKET") ?? "false") ? "websocket" : "file";
      const transport = given("EVENT_TRANSPORT")?.toLowerCase() ?? older;
      return inTee && transport !== "file" ? "none" : "file";
    },
    defaultText: "`file`; with an `AGENT_OUTPUT_KEY` `sealed`; in a TEE else `none`, unless events come from a file",
    conflict: (values) => {
      const { EVENT_OUTPUT, EVENT_TRANSPORT } = values;
      // A key that is wrong is told of by itself.
      const hasNoKey = "AGENT_OUTPUT_KEY" in values && values.AGENT_OUTPUT_KEY === undefined;
      if (EVENT_OUTPUT === "sealed" && hasNoKey) {
        return "EVENT_OUTPUT: sealed needs AGENT_OUTPUT_KEY, the public key of whoever reads the answers";
      }
      return EVENT_OUTPUT === "none" && EVENT_TRANSPORT === "file"
        ? "EVENT_OUTPUT: with EVENT_TRANSPORT=file answers go nowhere but into the file: expected file or sealed"
        : undefined;
    },
  }),
  EVENT_OUTPUT_PATH: setting({
    meaning: "The JSON file that every outcome is appended to, whatever the transport; one agent each",
    expected: "a path",
    access: "write",
    check: text,
    default: (given) => `${given("IEXEC_OUT") ?? "iexec_out"}/responses.json`,
    defaultText: "`iexec_out/responses.json`, in `IEXEC_OUT` if set",
  }),
  EVENT_OUTPUT_ROTATE: optional({
    meaning:
      "When the file is kept under a name with the time in it, and a new one begins: once it has this size, or its first entry this age; a task has one file",
    expected: "a size from 4KB such as 100MB, or an age from 1h such as 7d",
    check: (given) => rotationOf(given) && given,
    defaultText: "never",
  }),
  AGENT_OUTPUT_KEY: optional({
    meaning: "Public key that entries are sealed for with `EVENT_OUTPUT=sealed`; `agent open` reads them",
    expected: "an X25519 public key: PEM, the base64 within it, or a JWK",
    check: publicKey,
    // Of a task's result, whoever ordered it is the reader.
    requesterSecret: 5,
    conflict: ({ AGENT_OUTPUT_KEY }) =>
      AGENT_OUTPUT_KEY === PRIVATE
        ? "AGENT_OUTPUT_KEY: this is a private key, which opens what is sealed: keep it, and give the public one"
        : undefined,
  }),
};
