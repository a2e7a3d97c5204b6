/** What Redis does in one step: scripts in Lua, run by the server with nothing between their commands. @module */

import { createHash } from "node:crypto";
import { messageOf } from "../../errors.ts";
import type { RedisConnection, Reply } from "./connection.ts";

/** A script, and how it is called. */
export interface Script {
  readonly text: string;
  /** How many of its arguments are names of keys. */
  readonly keys: number;
}

/**
 * Settle entries, each unless it is settled already: add its outcome, or a dead letter, or both, and take it out of the
 * stream. Each entry is looked for first and acknowledged last: a server without memory refuses an addition, and then
 * nothing is lost. The dead letter comes first: if the outcome is refused after it, the letter is there twice in the end,
 * and the outcome once. It repeats the fields of its entry byte for byte: 1,000 of them, since a command in a script has
 * some 4,000 at most, and the entry has to be taken away.
 *
 * Arguments: the group, then for each entry its id, 1 if it is not to be looked for, how many arguments its outcome and
 * what its dead letter has besides those fields, and these.
 * Returns for each entry 1, or 0 where it was settled before, or the text of an error.
 */
export const SETTLE: Script = {
  keys: 3,
  text: `
local stream, outcomes, dead, group = KEYS[1], KEYS[2], KEYS[3], ARGV[1]
local function add(to, from, count, fields)
  if count == 0 then return nil end
  for at = from, from + count - 1 do fields[#fields + 1] = ARGV[at] end
  local reply = redis.pcall('XADD', to, '*', unpack(fields))
  return type(reply) == 'table' and reply.err or nil
end
local function copied(entry)
  local found, fields = redis.call('XRANGE', stream, entry, entry)[1], {}
  for at = 1, math.min(found and #found[2] or 0, 2000) do fields[at] = found[2][at] end
  return fields
end
local results, at = {}, 2
while at <= #ARGV do
  local entry, outcome, letter = ARGV[at], tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local result = 0
  if ARGV[at + 1] == '1' or #redis.call('XPENDING', stream, group, entry, entry, 1) > 0 then
    result = letter > 0 and add(dead, at + 4 + outcome, letter, copied(entry)) or add(outcomes, at + 4, outcome, {}) or 1
    if result == 1 then
      redis.call('XACK', stream, group, entry)
      redis.call('XDEL', stream, entry)
    end
  end
  results[#results + 1] = result
  at = at + 4 + outcome + letter
end
return results`,
};

/**
 * A sign of life for entries that are still this consumer's: their idle time starts again, their deliveries stay as they are.
 * To claim one that is gone from the stream would take it away from this consumer too.
 *
 * Returns those that are gone.
 */
export const KEEP: Script = {
  keys: 1,
  text: `
local gone = {}
for at = 3, #ARGV do
  local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[at], ARGV[at], 1)
  if pending[1] and pending[1][2] == ARGV[2] then
    if #redis.call('XRANGE', KEYS[1], ARGV[at], ARGV[at]) == 0 then
      gone[#gone + 1] = ARGV[at]
    else
      redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[at], 'JUSTID')
    end
  end
end
return gone`,
};

/** Remove consumers that have nothing pending: this one, and those that have been silent for the given milliseconds. */
export const FORGET: Script = {
  keys: 1,
  text: `
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local name, pending, idle = consumer[2], consumer[4], consumer[6]
  if pending == 0 and (name == ARGV[2] or idle > tonumber(ARGV[3])) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], name)
  end
end
return 0`,
};

/** Runs scripts on one connection; each is sent whole once, and then named by its hash. */
export function createScripts(connection: Pick<RedisConnection, "command">) {
  const hashes = new Map<Script, string>();
  // What is called first must be sent first: nothing is awaited before the command.
  return async function run(script: Script, ...parameters: readonly string[]): Promise<Reply> {
    const known = hashes.get(script);
    const all = [String(script.keys), ...parameters];
    try {
      if (known !== undefined) return await connection.command("EVALSHA", known, ...all);
      hashes.set(script, createHash("sha1").update(script.text).digest("hex"));
    } catch (error) {
      // The server was told to forget its scripts.
      if (!messageOf(error).startsWith("NOSCRIPT")) throw error;
    }
    return await connection.command("EVAL", script.text, ...all);
  };
}
