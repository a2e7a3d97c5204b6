/** What `--check` says of Redis: which streams and group are there, and what the user may do. Nothing is taken or added. @module */

import { EXIT, FatalError, messageOf } from "../../errors.ts";
import { lackingPermissions } from "../permissions.ts";
import { isPermissionError, type RedisConnection, type Reply } from "./connection.ts";
import { isGroupMissing } from "./group.ts";

/** Where the agent reads and writes. */
export interface RedisNames {
  readonly streams: readonly string[];
  readonly outcomeStream: string;
  readonly deadStream: string;
  readonly groupName: string;
}

/** The id of no entry: none is added with it, and none is found. */
const NO_ENTRY = "0-0";

/**
 * Look what is there.
 *
 * @param peer The server, without secrets.
 * @returns It as a phrase.
 * @throws {FatalError} If the user lacks permissions, or the server takes nothing for now.
 */
export async function lookAtRedis({ command }: RedisConnection, peer: string, names: RedisNames): Promise<string> {
  const { streams, outcomeStream, deadStream, groupName } = names;
  const missing: string[] = [], used = [...streams, outcomeStream, deadStream];
  /**
   * A command that the server refuses for its arguments, after it has looked whether the user may call it. `what`: for
   * the list of what is missing; undefined for a command that the agent's work does not take.
   */
  const lacks = async (what: string | undefined, ...args: readonly string[]) => {
    try {
      await command(...args);
    } catch (error) {
      if (isPermissionError(error)) {
        if (what !== undefined) missing.push(what);
      } else if (!isExpected(error)) throw notNow(peer, error, args.find((argument) => used.includes(argument)));
    }
  };
  // No group has such a name, so that none is made and nothing is read.
  const none = `check-${crypto.randomUUID()}`;
  for (const stream of streams) {
    const ask = (...[first, ...rest]: string[]) => lacks(`call ${first} on ${stream}`, ...first!.split(" "), ...rest);
    await ask("XREADGROUP", "GROUP", none, none, "COUNT", "1", "STREAMS", stream, ">");
    await ask("XGROUP CREATE", stream, groupName, "no id");
    await ask("XGROUP DELCONSUMER", stream, none, none);
    await ask("XINFO GROUPS", stream);
    await ask("XINFO CONSUMERS", stream, none);
    await ask("XPENDING", stream, none, "-", "+", "1");
    await ask("XCLAIM", stream, none, none, "0", NO_ENTRY, "JUSTID");
    await ask("XACK", stream, none, NO_ENTRY);
    await ask("XDEL", stream, NO_ENTRY);
    await ask("XLEN", stream);
    await ask("XRANGE", stream, NO_ENTRY, NO_ENTRY);
  }
  for (const stream of [outcomeStream, deadStream]) {
    await lacks(`call XADD on ${stream}`, "XADD", stream, NO_ENTRY, "check", "");
    // The one before is refused before the server looks what the key holds.
    await lacks(undefined, "XLEN", stream);
  }
  for (const stream of streams) {
    const keys = ["3", stream, outcomeStream, deadStream];
    await lacks("call EVAL on these streams", "EVAL", "return 0", ...keys);
    await lacks("call EVALSHA on these streams", "EVALSHA", "0".repeat(40), ...keys);
  }
  if (missing.length > 0) throw lackingPermissions(peer, { missing: [...new Set(missing)], remedy: remedyFor(names) });
  const pieces: string[] = [];
  const channel = `${outcomeStream}:${none}`;
  await command("PUBLISH", channel, "").catch((error) => {
    if (!isPermissionError(error)) throw notNow(peer, error);
    pieces.push(`but no pieces of answers: for those it has to call PUBLISH on &${outcomeStream}:*`);
  });
  const found: string[] = [];
  for (const stream of streams) found.push(await describeStream(command, stream, groupName));
  return [...found, "this user may read events and add outcomes and dead letters", ...pieces].join(", ");
}

function remedyFor({ streams, outcomeStream, deadStream }: RedisNames): string {
  const keys = [...streams, outcomeStream, deadStream].map((stream) => `~${stream}`).join(" ");
  return `\`ACL SETUSER USER ${keys} &${outcomeStream}:* +@stream +eval +evalsha +select +publish\` grants all that an ` +
    "agent needs.";
}

/** Whether an error is the one that a command was made for. */
function isExpected(error: unknown): boolean {
  return isGroupMissing(error) ||
    /^NOSCRIPT|invalid stream id|must be greater than 0-0|requires the key to exist/i.test(messageOf(error));
}

function notNow(peer: string, error: unknown, key = "a key"): FatalError {
  const message = messageOf(error);
  if (message.startsWith("WRONGTYPE")) {
    const problem = `${key} holds something that is no stream. Remove it, or name another key in the settings.`;
    return new FatalError(`Cannot use ${peer}: ${problem}`, EXIT.unavailable, { cause: error });
  }
  const why = message.startsWith("OOM")
    ? "it has no memory left (`maxmemory`), and takes no outcomes until there is some. Agents wait, and lose nothing."
    : message;
  return new FatalError(`Cannot use ${peer}: ${why}`, EXIT.unavailable, { cause: error });
}

async function describeStream(command: RedisConnection["command"], stream: string, group: string): Promise<string> {
  try {
    const groups = (await command("XINFO", "GROUPS", stream)) as readonly (readonly Reply[])[];
    const own = groups.find((fields) => fields[1] === group);
    const length = await command("XLEN", stream);
    return own
      ? `${stream} has ${length} entries, of which agents hold ${own[5]}`
      : `${stream} has ${length} entries, and the group ${group} is made at the start`;
  } catch (error) {
    if (!isGroupMissing(error)) throw error;
    return `${stream} is made at the start`;
  }
}
