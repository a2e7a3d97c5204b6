/** What is kept of the knowledge between two starts: its index, and its passages' embeddings. @module */

import type { DatabaseSync } from "node:sqlite";
import type { Place, Seal, Sealed } from "../../store/seal.ts";
import type { SealedColumn } from "../../store/sealing.ts";
import builtIn from "./built_in_index.json" with { type: "json" };

/** An embedding, and the passage and model it is of. */
export interface KeptVector {
  /** Digest of the model's name and the passage. */
  readonly of: string;
  readonly vector: Float32Array;
}

/** Keeps them. */
export interface KnowledgeStore {
  /**
   * The pieces of the packed index of the knowledge with this digest, if that is the one that was kept, or the built-in
   * one. Each is read when it is asked for.
   */
  index(digest: string): Iterable<string> | undefined;
  /** Begin to keep an index, in place of what was kept: piece by piece, and none of them counts before the end. */
  keepIndex(digest: string): { add(piece: string): void; end(): void };
  /** Every embedding that was kept, those that nothing needs any more too. */
  vectors(): Iterable<KeptVector & { readonly seq: number }>;
  keepVector(vector: KeptVector): void;
  forgetVector(seq: number): void;
  /** Resolves once what was written is on disk. */
  committed(): Promise<void>;
}

/**
 * Tables of the knowledge. `ANY` columns hold a text, or its sealed form; a digest in the clear would tell whether a
 * text is known here.
 */
export const KNOWLEDGE_SCHEMA = `
  CREATE TABLE knowledge_index (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    digest ANY NOT NULL,
    packed ANY NOT NULL
  ) STRICT;

  CREATE TABLE knowledge_vector (
    seq INTEGER PRIMARY KEY,
    body ANY NOT NULL
  ) STRICT;
`;

/** What a later version of the schema adds: an index that was one text took several times its size to be written. */
export const KNOWLEDGE_PIECE_SCHEMA = `
  -- The pieces of the index; knowledge_index.packed says how many there are.
  CREATE TABLE knowledge_piece (
    seq INTEGER PRIMARY KEY,
    body ANY NOT NULL
  ) STRICT;
`;

export const KNOWLEDGE_SEALED: readonly SealedColumn[] = [
  // First, while the digest is in the clear: a packed index is bound to the digest of the knowledge that it is of.
  { table: "knowledge_piece", column: "body", row: "seq", facts: ["(SELECT digest FROM knowledge_index)"] },
  { table: "knowledge_index", column: "packed", row: "one", facts: ["digest"] },
  { table: "knowledge_index", column: "digest", row: "one", facts: [] },
  { table: "knowledge_vector", column: "body", row: "seq", facts: [] },
];

const DIGEST = `SELECT digest FROM knowledge_index`;
const INDEX = `SELECT packed FROM knowledge_index`;
const PIECE = `SELECT body FROM knowledge_piece WHERE seq = :seq`;
const FORGET_INDEX = `DELETE FROM knowledge_index`, FORGET_PIECES = `DELETE FROM knowledge_piece`;
const KEEP_INDEX = `INSERT INTO knowledge_index (one, digest, packed) VALUES (1, :digest, :packed)`;
const KEEP_PIECE = `INSERT INTO knowledge_piece (seq, body) VALUES (:seq, :body)`;
const VECTORS = `SELECT seq, body FROM knowledge_vector ORDER BY seq`;
const LAST_VECTOR = `SELECT coalesce(max(seq), 0) AS seq FROM knowledge_vector`;
const KEEP_VECTOR = `INSERT INTO knowledge_vector (seq, body) VALUES (:seq, :body)`;
const FORGET_VECTOR = `DELETE FROM knowledge_vector WHERE seq = :seq`;

const DIGEST_PLACE: Place = ["knowledge_index.digest", 1];
const packedPlace = (digest: string): Place => ["knowledge_index.packed", 1, digest];
const piecePlace = (digest: string, seq: number): Place => ["knowledge_piece.body", seq, digest];

/**
 * The store in a database that has the tables of {@linkcode KNOWLEDGE_SCHEMA}.
 *
 * @param options `committed`: see {@linkcode KnowledgeStore.committed}.
 */
export function openKnowledgeStore(
  sqlite: DatabaseSync,
  { seal, committed }: { seal: Seal; committed: () => Promise<void> },
): KnowledgeStore {
  const keepVector = sqlite.prepare(KEEP_VECTOR), forgetVector = sqlite.prepare(FORGET_VECTOR);
  let lastVector = (sqlite.prepare(LAST_VECTOR).get() as { seq: number }).seq;
  return {
    index(digest) {
      // That of the built-in knowledge comes with the program: to make it takes 20 ms, to read it 3.
      if (digest === builtIn.digest) return builtIn.packed;
      const row = sqlite.prepare(DIGEST).get() as { digest: Sealed } | undefined;
      if (!row || seal.open(row.digest, DIGEST_PLACE) !== digest) return undefined;
      const { packed } = sqlite.prepare(INDEX).get() as { packed: Sealed };
      return piecesIn({ sqlite, seal }, digest, Number(seal.open(packed, packedPlace(digest))));
    },
    keepIndex(digest) {
      sqlite.exec(`${FORGET_INDEX}; ${FORGET_PIECES}`);
      const keep = sqlite.prepare(KEEP_PIECE);
      let seq = 0;
      return {
        add(piece) {
          keep.run({ seq: ++seq, body: seal.seal(piece, piecePlace(digest, seq)) });
        },
        end() {
          sqlite.prepare(KEEP_INDEX).run({
            digest: seal.seal(digest, DIGEST_PLACE),
            packed: seal.seal(`${seq}`, packedPlace(digest)),
          });
        },
      };
    },
    *vectors() {
      for (const row of sqlite.prepare(VECTORS).iterate()) {
        const { seq, body } = row as { seq: number; body: Sealed };
        const { of, vector }: Record<string, string> = JSON.parse(seal.open(body, ["knowledge_vector.body", seq]));
        // A copy, since floats must begin at a multiple of four.
        yield { seq, of: of ?? "", vector: new Float32Array(Uint8Array.fromBase64(vector ?? "").buffer) };
      }
    },
    keepVector({ of, vector }) {
      const seq = ++lastVector;
      const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
      const body = JSON.stringify({ of, vector: bytes.toBase64() });
      keepVector.run({ seq, body: seal.seal(body, ["knowledge_vector.body", seq]) });
    },
    forgetVector(seq) {
      forgetVector.run({ seq });
    },
    committed,
  };
}

/** The pieces of an index, in their order, up to one that is missing. */
function* piecesIn(
  { sqlite, seal }: { sqlite: DatabaseSync; seal: Seal },
  digest: string,
  count: number,
): Generator<string> {
  const find = sqlite.prepare(PIECE);
  for (let seq = 1; seq <= count; seq++) {
    const row = find.get({ seq }) as { body: Sealed } | undefined;
    if (!row) return;
    yield seal.open(row.body, piecePlace(digest, seq));
  }
}
