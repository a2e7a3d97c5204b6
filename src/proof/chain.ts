/** The chain of an agent's signed outcomes, watched from outside: what is missing, and whether it ever went back. @module */

import type { ParsedToken } from "./token_parsing.ts";
import { textDigest } from "./claims.ts";

/** A token's place in the chain of its agent. */
export interface ChainLink {
  /** The agent's id. */
  readonly iss: string;
  readonly kid: string;
  /** Milliseconds since the epoch, by the agent's clock. */
  readonly timestamp: number;
  readonly seq: number;
  /** Digest of the token before; absent for the first. */
  readonly prev?: string;
  /** Digest of this token. */
  readonly digest: string;
}

/**
 * What a token says of its chain:
 *
 * - "ok": it follows the last one, or is the first that is seen
 * - "copy": it was seen before
 * - "gap": it follows after `missing` others that were not seen
 * - "late": it belongs before the last one, and contradicts nothing that was seen. `isNewKey`: it is the first of its key.
 *   Where tokens come in the order in which they were made, that is an old state with the clock set back, too.
 * - "fork": another token has its place, or it follows another one than the one that was seen there
 * - "rollback": the same, by another key, or a new key's token that goes back in the chain: an old state was put back
 */
export type ChainVerdict =
  | { readonly state: "ok" | "copy" | "fork" | "rollback" }
  | { readonly state: "late"; readonly isNewKey: boolean }
  | { readonly state: "gap"; readonly missing: number };

/** The chain of one agent, as far as its tokens were seen. */
export interface SeenChain {
  /** The token that goes farthest. */
  readonly head: ChainLink | undefined;
  /** The token that was seen first at a place: its digest, and that of the token before it; undefined if none is remembered. */
  at(seq: number): Pick<ChainLink, "digest"> & { readonly prev: string | undefined } | undefined;
  /** Take the next token, in the order of arrival. Its signature must have been checked. */
  add(link: ChainLink): ChainVerdict;
}

/** Tokens of one agent that are remembered at most, the last half of them always: older copies count as late. */
const MAX_REMEMBERED = 10_000;

/** What is remembered of a token. */
type Place = Pick<ChainLink, "kid" | "digest"> & { readonly prev: string | undefined };

/** The place of a token; undefined for one that is not in the chain, since its outcome is not kept. */
export function linkOf(token: string, { header, claims }: ParsedToken): ChainLink | undefined {
  const { iss, timestamp, seq, prev } = claims;
  if (seq === undefined) return undefined;
  return { iss, kid: header.kid, timestamp, seq, ...(prev !== undefined && { prev }), digest: textDigest(token) };
}

/** A chain of which nothing was seen. */
export function watchChain({ remembered = MAX_REMEMBERED }: { remembered?: number } = {}): SeenChain {
  /** The first token seen at each place: the newest half, and the half before it. */
  let newer = new Map<number, Place>(), older: ReadonlyMap<number, Place> = newer;
  const kids = new Set<string>();
  let head: ChainLink | undefined;
  const seenAt = (seq: number) => newer.get(seq) ?? older.get(seq);

  function remember({ seq, kid, prev, digest }: ChainLink) {
    newer.set(seq, { kid, prev, digest });
    if (newer.size >= remembered / 2) [newer, older] = [new Map(), newer];
  }

  /** The token that `link` can't stand beside. */
  function contradicted(link: ChainLink): Place | undefined {
    const { seq, prev, digest } = link;
    const same = seenAt(seq), before = seenAt(seq - 1), after = seenAt(seq + 1);
    if (same) return same;
    if (before && before.digest !== prev) return before;
    return after && after.prev !== digest ? after : undefined;
  }

  return {
    get head() {
      return head;
    },
    at: seenAt,
    add(link) {
      if (seenAt(link.seq)?.digest === link.digest) return { state: "copy" };
      const last = head, isNewKey = !kids.has(link.kid);
      const other = contradicted(link);
      kids.add(link.kid);
      const goesOn = !last || link.seq > last.seq;
      if (goesOn) head = link;
      if (!seenAt(link.seq)) remember(link);
      if (other) return { state: other.kid === link.kid ? "fork" : "rollback" };
      if (!last) return { state: "ok" };
      // A copy from before anything was seen also goes back, with a key that is new here: but it is older than the last.
      // That is the agent's clock, so whoever can set it back can make a rollback look like such a copy.
      const isBack = isNewKey && link.timestamp >= last.timestamp;
      if (!goesOn) return isBack ? { state: "rollback" } : { state: "late", isNewKey };
      const missing = link.seq - last.seq - 1;
      return missing > 0 ? { state: "gap", missing } : { state: "ok" };
    },
  };
}
