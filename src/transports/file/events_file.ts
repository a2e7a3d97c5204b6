/** A file of events: a JSON array, read as a whole and checked entry by entry. @module */

import { messageOf } from "../../errors.ts";
import { type AgentEvent, checkEvent } from "../../wire.ts";

/** An entry of the file: an event, or what is wrong with it. */
export type Entry =
  | { readonly index: number; readonly event: AgentEvent }
  | { readonly index: number; readonly reason: string; readonly id?: string };

/** @throws {Error} If the text is no JSON array: says where, without quoting it. */
export function parseEntries(text: string): unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\ufeff/, ""));
  } catch (error) {
    const [place] = /line \d+ column \d+/.exec(messageOf(error)) ?? [];
    const endsEarly = messageOf(error).includes("end of JSON input");
    throw new Error(`not valid JSON${place ? ` at ${place}` : endsEarly ? ": it ends too early" : ""}`);
  }
  if (!Array.isArray(value)) throw new Error("expected a JSON array of events");
  return value;
}

/** Check each entry. Of several with one id the first counts. */
export function* checkEntries(entries: readonly unknown[], { maxBytes }: { maxBytes: number }): Iterable<Entry> {
  const ids = new Set<string>();
  const encoder = new TextEncoder();
  for (const [index, entry] of entries.entries()) {
    const checked = checkEvent(entry);
    if (!checked.ok) {
      const { reason, id } = checked;
      yield { index, reason, ...(id !== undefined && { id }) };
      continue;
    }
    const { id } = checked.value;
    const bytes = encoder.encode(JSON.stringify(entry)).length;
    if (bytes > maxBytes) {
      yield { index, id, reason: `${bytes} bytes, which is more than EVENT_MAX_BYTES=${maxBytes}` };
    } else if (ids.has(id)) {
      yield { index, id, reason: "an earlier event of the file has its id" };
    } else {
      ids.add(id);
      yield { index, event: checked.value };
    }
  }
}
