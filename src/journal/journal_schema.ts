/** Tables of the journal. `ANY` columns hold a text, or its sealed form. @module */

import type { SealedColumn } from "../store/sealing.ts";

export const JOURNAL_SEALED: readonly SealedColumn[] = [
  { table: "event", column: "body", row: "id", facts: ["seq", "accepted_at"] },
  { table: "outcome", column: "body", row: "id", facts: ["seq", "made_at"] },
  { table: "chain", column: "last", row: "one", facts: ["seq", "outcome_seq"] },
];

/**
 * Tables whose rows the seal does not hold against an older state. An `undelivered` row that is put back has an answer
 * delivered a second time, as it was; without it an answer does not arrive, as if the line was cut. `responses_file` is
 * held against the file itself. `outage` is a time at which the model was down, `remains` a chore.
 */
export const JOURNAL_UNSUMMED = ["undelivered", "responses_file", "outage", "remains"] as const;

export const JOURNAL_SCHEMA = `
  -- Accepted and not answered yet, in the order of acceptance.
  CREATE TABLE event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    body ANY NOT NULL,
    accepted_at INTEGER NOT NULL
  ) STRICT;

  -- What became of events, in the order of the answers: that of responses.json.
  CREATE TABLE outcome (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    body ANY NOT NULL,
    settled INTEGER NOT NULL DEFAULT 0,
    made_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX outcome_unsettled ON outcome (seq) WHERE settled = 0;

  -- Ids of answered events whose outcomes were pruned, so that they are still known when they come again.
  CREATE TABLE answered (
    id TEXT PRIMARY KEY,
    seen_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX answered_seen ON answered (seen_at);
  CREATE INDEX outcome_made ON outcome (made_at);

  -- A known text under the seal that everything is under: it tells the right key from a wrong one.
  CREATE TABLE seal (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    proof ANY NOT NULL
  ) STRICT;

  -- How far responses.json is known to be on disk: it held everything up to outcome \`seq\` in its first \`bytes\` bytes.
  CREATE TABLE responses_file (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    path TEXT NOT NULL,
    seq INTEGER NOT NULL,
    bytes INTEGER NOT NULL
  ) STRICT;
`;

export const UNDELIVERED_SCHEMA = `
  -- Outcomes that are still to be delivered. A mark in the outcome itself would write all of it a second time.
  CREATE TABLE undelivered (
    seq INTEGER PRIMARY KEY
  ) STRICT;
  INSERT INTO undelivered SELECT seq FROM outcome WHERE settled = 0;
  DROP INDEX outcome_unsettled;
  ALTER TABLE outcome DROP COLUMN settled;
`;

/** The seal's mark of an event's query, to notice that its id comes with another one; NULL where it is not known. */
export const ASKED_SCHEMA = `
  ALTER TABLE event ADD COLUMN asked INTEGER;
  ALTER TABLE outcome ADD COLUMN asked INTEGER;
  ALTER TABLE answered ADD COLUMN asked INTEGER;
`;

/** Marks that were made without a key would tell a guesser the queries of a state that is sealed later. */
export const FORGET_ASKED = `
  UPDATE event SET asked = NULL;
  UPDATE outcome SET asked = NULL;
  UPDATE answered SET asked = NULL;
`;

export const OUTAGE_SCHEMA = `
  -- Since when the model is down, while it is, in milliseconds since the epoch.
  CREATE TABLE outage (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    since INTEGER NOT NULL
  ) STRICT;
`;

export const CHAIN_SCHEMA = `
  -- Where the chain of signed outcomes stands: how many there were, the place of the last one, and the digest of its
  -- signature.
  CREATE TABLE chain (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    seq INTEGER NOT NULL,
    outcome_seq INTEGER NOT NULL,
    last ANY NOT NULL
  ) STRICT;
`;

export const ORIGIN_SCHEMA = `
  -- Whose event an outcome is of: names that do not tell the conversation's and the user's own, so that it can be deleted
  -- with what they said. Apart from the outcome, so that a search for them reads little.
  CREATE TABLE origin (
    seq INTEGER PRIMARY KEY,
    conversation TEXT,
    user TEXT
  ) STRICT;

  -- There while texts that were deleted may still stand in unused parts of the file.
  CREATE TABLE remains (
    one INTEGER PRIMARY KEY CHECK (one = 1)
  ) STRICT;
`;
