/** The chain of signed outcomes: each signature covers the digest of the one before, across restarts. @module */

import { EXIT, FatalError } from "../errors.ts";
import { type Database } from "../store/database.ts";
import type { Seal, Sealed } from "../store/seal.ts";
import type { AgentEvent, Outcome } from "../wire.ts";
import { chainPlace, outcomePlace, type Row, type Statements } from "./statements.ts";

/** Where a signature stands in the chain. */
export interface Link {
  /** 1 for the first. */
  readonly seq: number;
  /** Digest of the signature before; absent for the first. */
  readonly prev?: string;
}

/** Signs outcomes. */
export interface OutcomeSigner {
  /**
   * The outcome with its signatures, and the digest that the next one covers.
   *
   * @param event What the outcome is of; undefined where it could not be taken for an event.
   * @param link Undefined for an outcome that is not kept.
   */
  sign<Kind extends Outcome>(
    outcome: Kind,
    event: AgentEvent | undefined,
    link: Link | undefined,
  ): { readonly outcome: Kind; readonly digest: string };
}

/** How far the chain goes. */
interface Head {
  readonly seq: number;
  /** Place of its last outcome. */
  readonly outcomeSeq: number;
  /** Digest of its last signature. */
  readonly last: string;
}

/** The chain. Without a signer outcomes stay as they are, and the chain stays where it is. */
export interface Chain {
  /** Sign an outcome that is kept at the place `outcomeSeq`. */
  sign<Kind extends Outcome>(outcome: Kind, event: AgentEvent | undefined, outcomeSeq: number): Kind;
  /** Sign an outcome that is not kept, and so is no part of the chain. */
  signApart<Kind extends Outcome>(outcome: Kind, event: AgentEvent): Kind;
  /** Write how far the chain goes, if it has grown: in the transaction of its outcomes. */
  write(): void;
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
  let head = readHead(database, parts);
  let written = head;
  return {
    sign(outcome, event, outcomeSeq) {
      if (!signer) return outcome;
      const link = head ? { seq: head.seq + 1, prev: head.last } : { seq: 1 };
      const signed = signer.sign(outcome, event, link);
      head = { seq: link.seq, outcomeSeq, last: signed.digest };
      return signed.outcome;
    },
    signApart: (outcome, event) => signer ? signer.sign(outcome, event, undefined).outcome : outcome,
    write() {
      if (head === written || !head) return;
      written = head;
      statements.setChain.run(head.seq, head.outcomeSeq, seal.seal(head.last, chainPlace(head)));
    },
  };
}

function readHead(
  database: Database,
  { statements, seal }: { statements: Statements; seal: Seal },
): Head | undefined {
  const row = statements.chain.get() as (Omit<Head, "last"> & { readonly last: Sealed }) | undefined;
  const head = row && { ...row, last: seal.open(row.last, chainPlace(row)) };
  if (head && !DIGEST.test(head.last)) throw changed(database, "the end of its chain of signatures is no digest");
  const newest = statements.lastOutcome.get() as Row | undefined;
  // Its last outcomes may have been forgotten since.
  if (newest && newest.seq > (head?.outcomeSeq ?? 0) && isSigned(seal.open(newest.body, outcomePlace(newest)))) {
    throw changed(database, "its chain of signatures does not reach its last answer");
  }
  return head;
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
