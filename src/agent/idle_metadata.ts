/** Metadata that seems to ask for something, and asks for nothing: told of once for each field. @module */

import type { Log } from "../log.ts";
import type { AgentEvent } from "../wire.ts";

/** Each field, the only value that does something, and those that are meant to do nothing. */
const FIELDS: readonly (readonly [name: string, effective: unknown, idle: readonly unknown[]])[] = [
  ["priority", "high", [undefined, null, "", "normal", "low"]],
  ["stream", true, [undefined, null, "", false, "false", 0]],
];

/** Makes the function that looks at new events. The values themselves are the sender's, and not logged. */
export function tellIdleMetadata(log: Log): (event: AgentEvent) => void {
  const told = new Set<string>();
  return ({ id, metadata = {} }) => {
    for (const [name, effective, idle] of FIELDS) {
      const value = metadata[name];
      if (value === effective || idle.includes(value) || told.has(name)) continue;
      told.add(name);
      log.warn("metadata.{field} has no effect unless it is {value} (told once)", {
        field: name,
        value: JSON.stringify(effective),
        event: id,
      });
    }
  };
}
