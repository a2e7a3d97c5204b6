/** The cache: values by key, each agent its own. @module */

import { createHmac, randomBytes } from "node:crypto";
import type { Place, Sealed } from "../store/seal.ts";
import { type Direct, refersToNothing, type Store } from "./store.ts";

const GET = `SELECT value FROM cache WHERE agent_id = :agentId AND key_digest = :digest`;
const SET = `
  INSERT INTO cache (agent_id, key_digest, value) VALUES (:agentId, :digest, :value)
  ON CONFLICT (agent_id, key_digest) DO UPDATE SET value = :value`;
const DELETE = `DELETE FROM cache WHERE agent_id = :agentId AND key_digest = :digest`;
const SECRET = `SELECT secret FROM cache_secret`;
const MAKE_SECRET = `INSERT INTO cache_secret (one, secret) VALUES (1, :secret) ON CONFLICT (one) DO NOTHING`;
const SECRET_BYTES = 32;
const SECRET_PLACE: Place = ["cache_secret.secret", 1];

/**
 * The methods about the cache.
 *
 * A key may contain what a user said, and still has to be found. So the table holds an HMAC of it, under a secret that is
 * made once for each database and sealed like everything else. Without that secret, nobody can guess keys from it.
 */
export function cacheMethods(store: Store): Direct<"getCache" | "setCache" | "deleteCache"> {
  const { agentId } = store;
  const get = store.query<{ value: Sealed }>(GET), secret = store.query<{ secret: Sealed }>(SECRET);
  const set = store.command(SET), remove = store.command(DELETE), makeSecret = store.command(MAKE_SECRET);
  // Read each time: if the caller rolls its transaction back, a secret that was made in it is gone.
  const digestOf = (key: string) => {
    const row = secret.get({});
    if (!row) return undefined;
    return createHmac("sha256", store.open<string>(row.secret, SECRET_PLACE)).update(key).digest("hex");
  };
  const place = (digest: string): Place => ["cache.value", digest, agentId];
  const deleteCache = (key: string) => {
    const digest = digestOf(key);
    return digest !== undefined && remove.run({ agentId, digest }).changes > 0;
  };
  return {
    getCache(key) {
      const digest = digestOf(key);
      const row = digest === undefined ? undefined : get.get({ agentId, digest });
      return digest !== undefined && row ? store.open<unknown>(row.value, place(digest)) : undefined;
    },
    setCache(key, value) {
      if (value === undefined) return deleteCache(key), true; // reads back as undefined
      try {
        return store.atomically(() => {
          makeSecret.run({ secret: store.seal(randomBytes(SECRET_BYTES).toString("base64"), SECRET_PLACE) });
          const digest = digestOf(key) as string;
          return set.run({ agentId, digest, value: store.seal(value, place(digest)) }).changes > 0;
        });
      } catch (error) {
        if (refersToNothing(error)) return false; // the agent is gone
        throw error;
      }
    },
    deleteCache,
  };
}
