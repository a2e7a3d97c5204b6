/** The chain of signed outcomes: each signature covers the digest of the one before, across restarts. @module */

import { EXIT, FatalError } from "../errors.ts";
import { type Database } from "../store/database.ts";
import type { Seal, Sealed } from "../store/seal.ts";
import { type AgentEvent, type Entry, entryOf, type Failure, type Outcome, type Signatures } from "../wire.ts";
import { chainPlace, outcomePlace, type Row, type Statements } from "./statements.ts";

/** How far the chain goes. */
interface End {
  /** How many outcomes it has. */
  readonly seq: number;
  /** Digest of its last signature. */
  readonly last: string;
}

/** Signs outcomes. */
export interface OutcomeSigner {
  /** Go on behind this end; undefined: begin. */
  follow(end: End | undefined): void;
  /**
   * Sign the next outcome of the chain.
   *
   * @param event What the outcome is of; undefined where it could not be taken for an event.
   * @param onSigned Given the signatures: now, or within {@linkcode finish}.
   */
  sign(outcome: Outcome, event: AgentEvent | undefined, onSigned: (signatures: Signatures) => void): void;
  /** Sign what was not signed yet; returns the end of the chain. */
  finish(): End | undefined;
  /** The signatures of an outcome that is no part of the chain, since it is not kept. */
  signApart(outcome: Outcome, event: AgentEvent): Signatures;
}

/** The end of the chain, with the place of its last outcome. */
interface StoredEnd extends End {
  readonly outcomeSeq: number;
}

/** The chain. Without a signer outcomes stay as they are, and the chain stays where it is. */
export interface Chain {
  /**
   * Make the entry of an outcome, signed, that is kept at the place `seq`. Its text and its signatures may be missing until
   * {@linkcode finish}.
   */
  enter(outcome: Outcome, event: AgentEvent | undefined, seq: number): Entry;
  /** Sign an outcome that is not kept. */
  signApart(outcome: Failure, event: AgentEvent): Failure;
  /** Complete every entry, and write how far the chain goes: in the transaction of its outcomes. */
  finish(): void;
}

/**
 * The chain as the tables have it.
 *
 * @throws {FatalError} If it does not reach the last outcome that is signed: then somebody put an older row in its place.
 */
export function openChain(
  database: Database,
  parts: { statements: Statements; seal: Seal; signer: OutcomeSigner | undefined },
): Chain {
  const { statements, seal, signer } = parts;
  const stored = readEnd(database, parts);
  signer?.follow(stored);
  let writtenSeq = stored?.seq ?? 0, outcomeSeq = 0;
  return {
    enter(outcome, event, seq) {
      if (!signer) return entryOf(outcome);
      outcomeSeq = seq;
      const entry: { outcome: Outcome; text: string } = { outcome, text: "" };
      signer.sign(outcome, event, (signatures) => Object.assign(entry, entryOf({ ...outcome, ...signatures })));
      return entry;
    },
    signApart: (outcome, event) => signer ? { ...outcome, ...signer.signApart(outcome, event) } : outcome,
    finish() {
      const end = signer?.finish();
      if (!end || end.seq === writtenSeq) return;
      writtenSeq = end.seq;
      statements.setChain.run(end.seq, outcomeSeq, seal.seal(end.last, chainPlace({ seq: end.seq, outcomeSeq })));
    },
  };
}

function readEnd(
  database: Database,
  { statements, seal }: { statements: Statements; seal: Seal },
): StoredEnd | undefined {
  const row = statements.chain.get() as (Omit<StoredEnd, "last"> & { readonly last: Sealed }) | undefined;
  const end = row && { ...row, last: seal.open(row.last, chainPlace(row)) };
  if (end && !DIGEST.test(end.last)) throw changed(database, "the end of its chain of signatures is no digest");
  const newest = statements.lastOutcome.get() as Row | undefined;
  // Its last outcomes may have been forgotten since.
  if (newest && newest.seq > (end?.outcomeSeq ?? 0) && isSigned(seal.open(newest.body, outcomePlace(newest)))) {
    throw changed(database, "its chain of signatures does not reach its last answer");
  }
  return end;
}

/** SHA-256 in base64url. */
const DIGEST = /^[\w-]{43}$/;

function changed({ path }: Database, what: string): FatalError {
  return new FatalError(
    `Cannot use ${path}: ${what}. Somebody else changed the file: restore it from a copy, or set AGENT_STATE_DIR to another directory. Nothing was changed.`,
    EXIT.inputOutput,
  );
}

/** Whether the text of an outcome carries a signature. Text that is no JSON is told of by whoever reads it. */
function isSigned(text: string): boolean {
  try {
    return (JSON.parse(text) as { signature?: unknown } | null)?.signature !== undefined;
  } catch {
    return false;
  }
}
