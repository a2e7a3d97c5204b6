/** Who the agent is for its peers: an id that belongs to its state, not to its character. @module */

import type { Database } from "../store/database.ts";
import type { Seal } from "../store/seal.ts";
import type { SealedColumn } from "../store/sealing.ts";

export const IDENTITY_SEALED: readonly SealedColumn[] = [{ table: "identity", column: "id", row: "one", facts: [] }];

export const IDENTITY_SCHEMA = `
  -- The id that the agent has in auth, responses and entries, unless AGENT_ID sets another.
  CREATE TABLE identity (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id ANY NOT NULL
  ) STRICT;
`;

const READ = `SELECT id FROM identity`;
const KEEP = `INSERT INTO identity (one, id) VALUES (1, ?)`;

/**
 * The id of the agent that a state belongs to: made at random when the state is new, and the same ever after. Two states
 * of one character are two agents.
 *
 * Memories are kept under the character's id all the same, so that those from before there was this one stay reachable.
 */
export function ownId({ sqlite }: Database, seal: Seal): string {
  const place = ["identity.id", 1] as const;
  const kept = sqlite.prepare(READ).get() as { id: string | Uint8Array } | undefined;
  if (kept) return seal.open(kept.id, place);
  const id = crypto.randomUUID();
  sqlite.prepare(KEEP).run(seal.seal(id, place));
  return id;
}
