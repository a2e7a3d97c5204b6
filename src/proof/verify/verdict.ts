/** What a check of evidence ends in: reasons, each with a name that programs can compare. @module */

/** Names of reasons, each for one kind of fault. They are part of the `--json` output and don't change. */
export type ReasonCode =
  /** The evidence has not the form that it should have. */
  | "evidence-malformed"
  /** It says itself that it was made outside of a TEE. */
  | "no-tee"
  /** A quote can't be checked without Intel's collateral, and none was given. */
  | "collateral-missing"
  /** The collateral is not readable, not yet or no longer valid, or not signed by Intel. */
  | "collateral"
  /** A list of revoked certificates is missing, unreadable, forged or out of date. */
  | "crl"
  /** A certificate was revoked. */
  | "revoked"
  /** A certificate does not lead to the root, or is not valid at the time. */
  | "certificate"
  /** The quote is not readable, not signed by its enclave, or of a debug enclave. */
  | "quote"
  /** The platform is genuine, but Intel knows weaknesses of its state. */
  | "tcb-status"
  /** The quote was made over other claims. */
  | "report-data"
  /** The log of events does not lead to the quote's registers. */
  | "event-log"
  /** Nobody said which program is expected. */
  | "measurement-unnamed"
  /** Another program than the expected one. */
  | "measurement"
  | "compose-hash"
  /** The evidence does not answer the challenge. */
  | "nonce";

/** Why something is not proved. */
export interface Reason {
  readonly code: ReasonCode;
  /** A sentence for people, without the full stop. */
  readonly text: string;
}

/** Ends a check from inside. It does not leave `proof/verify/`: whoever checks gets a verdict. */
export class Refusal extends Error {
  override name = "Refusal";
  readonly code: ReasonCode;

  constructor(code: ReasonCode, text: string, options?: ErrorOptions) {
    super(text, options);
    this.code = code;
  }
}

/** Longest reason, in UTF-16 code units: evidence can bring texts of a megabyte that a reason quotes. */
const MOST_CHARACTERS = 500;

/** A reason, cut where it is too long. */
function cutReason(text: string): string {
  return text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS).toWellFormed()}…`;
}

/** Collects why something is not proved; a step that throws a {@linkcode Refusal} adds its reason. */
export function collectReasons(): {
  readonly reasons: readonly Reason[];
  add(code: ReasonCode, text: string): void;
  /** Returns what the step returns; undefined if it refused. */
  attempt<T>(step: () => T): T | undefined;
} {
  const reasons: Reason[] = [];
  const add = (code: ReasonCode, text: string) => void reasons.push({ code, text: cutReason(text) });
  return {
    reasons,
    add,
    attempt(step) {
      try {
        return step();
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        add(error.code, error.message);
        return undefined;
      }
    },
  };
}
