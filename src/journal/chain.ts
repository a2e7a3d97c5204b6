/** The chain of signed outcomes: each signature covers the digest of the one before, across restarts. @module */

import { createHash } from "node:crypto";
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
  /** Whether its last outcome was forgotten or pruned. */
  readonly isDeleted: boolean;
}

/** The chain. Without a signer outcomes stay as they are, and the chain stays where it is. */
export interface Chain {
  /** Sign an outcome that is kept at the place `outcomeSeq`. */
  sign<Kind extends Outcome>(outcome: Kind, event: AgentEvent | undefined, outcomeSeq: number): Kind;
  /** Sign an outcome that is not kept, and so is no part of the chain. */
  signApart<Kind extends Outcome>(outcome: Kind, event?: AgentEvent): Kind;
  /** Write how far the chain goes, if it has grown: in the transaction of its outcomes. */
  write(): void;
  /** Note it if the last outcome of the chain was deleted: in the transaction that deletes it. */
  noteDeletion(): void;
}

/**
 * The chain as the tables have it.
 *
 * @throws {FatalError} If it does not end at the last outcome that is signed: then somebody put a row of another time in
 * the place of its own, or other outcomes beside it.
 */
export function openChain(
  database: Database,
  parts: { statements: Statements; seal: Seal; signer: OutcomeSigner | undefined },
): Chain {
  const { statements, seal, signer } = parts;
  let head = readHead(database, parts);
  let written = head;
  const write = () => {
    if (head === written || !head) return;
    written = head;
    statements.setChain.run(head.seq, head.outcomeSeq, seal.seal(textOf(head), chainPlace(head)));
  };
  return {
    sign(outcome, event, outcomeSeq) {
      if (!signer) return outcome;
      const link = head ? { seq: head.seq + 1, prev: head.last } : { seq: 1 };
      const signed = signer.sign(outcome, event, link);
      head = { seq: link.seq, outcomeSeq, last: signed.digest, isDeleted: false };
      return signed.outcome;
    },
    signApart: (outcome, event) => signer ? signer.sign(outcome, event, undefined).outcome : outcome,
    write,
    noteDeletion() {
      if (!head || head.isDeleted || statements.outcomeAt.get(head.outcomeSeq)) return;
      head = { ...head, isDeleted: true };
      write();
    },
  };
}

function readHead(database: Database, parts: { statements: Statements; seal: Seal }): Head | undefined {
  const { statements, seal } = parts;
  const row = statements.chain.get() as { seq: number; outcomeSeq: number; last: Sealed } | undefined;
  const head = row && { ...row, ...endFrom(database, seal.open(row.last, chainPlace(row))) };
  if (head) checkEnd(database, head, parts);
  const newest = statements.lastOutcome.get() as Row | undefined;
  const isSigned = (row: Row) => signatureIn(seal.open(row.body, outcomePlace(row))) !== undefined;
  if (newest && newest.seq > (head?.outcomeSeq ?? 0) && isSigned(newest)) {
    throw changedByOthers(database, "its chain of signatures does not reach its last answer");
  }
  return head;
}

/** The chain's last outcome is there, with the signature that the next one covers; or the agent has noted that it is gone. */
function checkEnd(database: Database, head: Head, { statements, seal }: { statements: Statements; seal: Seal }): void {
  // The next one has to be a number too.
  const isNumber = (seq: number) => seq > 0 && seq < Number.MAX_SAFE_INTEGER;
  if (!isNumber(head.seq) || !isNumber(head.outcomeSeq)) {
    throw changedByOthers(database, "the place of its chain of signatures is no number from 1 up");
  }
  const row = statements.outcomeAt.get(head.outcomeSeq) as Row | undefined;
  if (head.isDeleted) {
    if (row) throw changedByOthers(database, "an answer is there again that was deleted");
    return;
  }
  const signature = row && signatureIn(seal.open(row.body, outcomePlace(row)));
  if (typeof signature !== "string" || createHash("sha256").update(signature).digest("base64url") !== head.last) {
    throw changedByOthers(database, "its chain of signatures does not end at its last answer");
  }
}

/** Stands behind the digest once the last outcome was deleted: under its seal, so that nobody else can write it. */
const DELETED = " deleted";

function textOf({ last, isDeleted }: Head): string {
  return isDeleted ? last + DELETED : last;
}

function endFrom(database: Database, text: string): Pick<Head, "last" | "isDeleted"> {
  const isDeleted = text.endsWith(DELETED), last = isDeleted ? text.slice(0, -DELETED.length) : text;
  if (!DIGEST.test(last)) throw changedByOthers(database, "the end of its chain of signatures is no digest");
  return { last, isDeleted };
}

/** SHA-256 in base64url. */
const DIGEST = /^[\w-]{43}$/;

/** What to say of a state in which the agent finds what it can't have written. `what`: the rest of "Cannot use PATH: ". */
export function changedByOthers({ path }: Database, what: string): FatalError {
  return new FatalError(
    `Cannot use ${path}: ${what}. Somebody else changed the file: restore it from a copy, or set AGENT_STATE_DIR to another directory. Nothing was changed.`,
    EXIT.inputOutput,
  );
}

/** The signature in the text of an outcome, if it has one. Text that is no JSON is told of by whoever reads it. */
function signatureIn(text: string): unknown {
  try {
    return (JSON.parse(text) as { signature?: unknown } | null)?.signature;
  } catch {
    return undefined;
  }
}
