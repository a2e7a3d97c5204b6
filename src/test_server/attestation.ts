/** How one agent proves where it runs: evidence in its auth, then evidence with a nonce of this server. @module */

import { messageOf } from "../errors.ts";
import type { FeedProof } from "./feed.ts";
import type { Challenge, Proofs } from "./proofs.ts";
import { printable } from "./shown_text.ts";

/** What is done with an agent, and told of it. */
export interface AttestationOptions {
  readonly agentId: string;
  readonly proofs: Proofs;
  /** Whether only agents with fresh proof are let in. */
  readonly isRequired: boolean;
  readonly challenge: (nonce: string) => void;
  readonly told: (proof: FeedProof) => void;
  /** The agent may have events. */
  readonly admit: () => void;
  readonly refuse: (reason: string) => void;
  /** Something of the above has thrown. */
  readonly failed: (error: unknown) => void;
}

/** The proof of one agent. */
export interface Attestation {
  /** The evidence of its auth; undefined if it brought none. */
  show(evidence: unknown): void;
  /** Evidence for the challenge. Returns whether one was sent that has no answer yet. */
  answer(evidence: unknown): boolean;
  /** The agent has gone: nothing more is told. */
  end(): void;
}

/** Nothing was shown yet. */
export function createAttestation(options: AttestationOptions): Attestation {
  const { agentId, proofs, isRequired, challenge, told, admit, refuse, failed } = options;
  let open: Challenge | undefined, latest: FeedProof | undefined, isOver = false;

  function tell(proof: FeedProof): void {
    latest = proof;
    told(proof);
  }

  /** What was told before it was let in is told again: there was nobody to show it of. */
  function letIn(): void {
    admit();
    if (latest) told(latest);
  }

  /** It says that it can't answer the challenge. */
  function excused(reason: string): void {
    const text = `it does not answer the challenge: ${reason}`;
    if (latest) tell({ ...latest, reasons: [...latest.reasons ?? [], text] });
    if (isRequired) refuse(`attestation refused: ${text}`);
  }

  async function check(evidence: unknown, answered?: Challenge): Promise<void> {
    const proof = await proofs.check(evidence, { agentId, challenge: answered }).catch(unreadable);
    if (isOver) return;
    tell(proof);
    if (isRequired && proof.state !== "proved") {
      const why = proof.state === "outside" ? "the agent runs outside of a TEE" : proof.reasons?.join("; ") ?? "";
      return refuse(`attestation refused: ${why}`);
    }
    if (answered !== undefined && isRequired) letIn();
    if (answered !== undefined) return;
    if (proof.state === "outside" || proof.kid === undefined) return;
    open = proofs.challenge();
    challenge(open.nonce);
  }

  return {
    show(evidence) {
      if (!isRequired) letIn();
      if (evidence !== undefined) {
        tell({ state: "checking", isFresh: false });
        check(evidence).catch(failed);
      } else if (isRequired) refuse("attestation required: the auth brings no evidence");
    },
    answer(evidence) {
      const answered = open;
      if (answered === undefined) return false;
      open = undefined;
      const { error } = (evidence ?? {}) as { error?: unknown };
      if (typeof error === "string") excused(error);
      else check(evidence, answered).catch(failed);
      return true;
    },
    end() {
      isOver = true;
    },
  };
}

/** A check that throws refuses the evidence. */
function unreadable(error: unknown): FeedProof {
  return { state: "refused", isFresh: false, reasons: [`the evidence can't be checked: ${messageOf(error)}`] };
}

/** What is printed of an agent's proof; undefined while it is being checked. */
export function proofLine(
  { state, isFresh, platform, kid, reasons = [], notCompared = [] }: FeedProof,
): string | undefined {
  switch (state) {
    case "checking":
      return undefined;
    case "proved":
      if (!isFresh) return undefined;
      return `🛡️ Proved: the key ${kid} is in a genuine enclave (${platform})${
        notCompared.length > 0 ? `; not compared: ${notCompared.join(", ")}` : ""
      }`;
    case "outside":
      return "🛡️ Not in a TEE: nothing vouches for the agent's key";
    case "unchecked":
      return `⚠️ Evidence not checked: ${printable(reasons.join("; "))}. Name collateral with --collateral`;
    case "refused":
      return `⚠️ Evidence refused: ${printable(reasons.join("; "))}`;
  }
}

/** A reason that fits into a close frame: 123 bytes. @see RFC 6455, 5.5.1 */
export function closeReason(reason: string): string {
  const ascii = reason.replace(/[^ -~]/g, "?");
  return ascii.length <= 123 ? ascii : `${ascii.slice(0, 120)}...`;
}
