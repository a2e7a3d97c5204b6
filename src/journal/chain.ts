/** The chain of signed outcomes: each signature covers the digest of the one before, across restarts. @module */

import { createHash } from "node:crypto";
import { EXIT, FatalError } from "../errors.ts";
import { type Database } from "../store/database.ts";
import type { Seal, Sealed } from "../store/seal.ts";
import { type AgentEvent, type Entry, entryOf, type Failure, type Outcome, type Signatures } from "../wire.ts";
import { chainPlace, outcomePlace, type Row, type Statements } from "./statements.ts";

/** How far a chain of signatures goes. */
interface End {
  /** How many outcomes it has. */
  readonly seq: number;
  /** Digest of the last signature. */
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
   * @param onSigned Given the signatures: now, or within {@linkcode advance} or {@linkcode finish}.
   */
  sign(outcome: Outcome, event: AgentEvent | undefined, onSigned: (signatures: Signatures) => void): void;
  /** Everything will soon be needed: another thread, where there is one, gets what it has not got yet. */
  start(): void;
  /** Have at least the first outcome signed that was not signed yet. */
  advance(): void;
  /** Have everything signed that was not signed yet; returns the end of the chain. */
  finish(): End | undefined;
  /** The signatures of an outcome that is no part of the chain, since it is not kept. */
  signApart(outcome: Outcome, event: AgentEvent | undefined): Signatures;
}

/** How far the chain in the tables goes. */
interface Head extends End {
  /** Place of its last outcome. */
  readonly outcomeSeq: number;
  /** Whether its last outcome was forgotten or pruned. */
  readonly isDeleted: boolean;
}

/** The chain. Without a signer outcomes stay as they are, and the chain stays where it is. */
export interface Chain {
  /**
   * Make the entry of an outcome, signed, that is kept at the place `outcomeSeq`. Its text is empty and its signatures are
   * missing until {@linkcode finish}, where many are signed at once.
   */
  enter(outcome: Outcome, event: AgentEvent | undefined, outcomeSeq: number): Entry;
  /** Sign an outcome that is not kept, and so is no part of the chain. */
  signApart(outcome: Failure, event?: AgentEvent): Failure;
  /** Every entry will soon be completed: another thread, where there is one, gets what it has not got yet. */
  start(): void;
  /** Complete at least the first entry that is not complete. */
  advance(): void;
  /** Complete every entry. */
  finish(): void;
  /** Complete every entry, and write how far the chain goes, if it has grown: in the transaction of its outcomes. */
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
  let written = head, lastEntered = 0;
  signer?.follow(head && { seq: head.seq, last: head.last });
  const finish = () => {
    const end = signer?.finish();
    if (end && end.seq !== (head?.seq ?? 0)) head = { ...end, outcomeSeq: lastEntered, isDeleted: false };
  };
  const write = () => {
    finish();
    if (head === written || !head) return;
    written = head;
    statements.setChain.run(head.seq, head.outcomeSeq, seal.seal(textOf(head), chainPlace(head)));
  };
  return {
    enter(outcome, event, outcomeSeq) {
      if (!signer) return entryOf(outcome);
      lastEntered = outcomeSeq;
      const entry: { outcome: Outcome; text: string } = { outcome, text: "" };
      signer.sign(outcome, event, (signatures) => Object.assign(entry, entryOf({ ...outcome, ...signatures })));
      return entry;
    },
    signApart: (outcome, event) => signer ? { ...outcome, ...signer.signApart(outcome, event) } : outcome,
    start: () => signer?.start(),
    advance: () => signer?.advance(),
    finish,
    write,
    noteDeletion() {
      finish();
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
